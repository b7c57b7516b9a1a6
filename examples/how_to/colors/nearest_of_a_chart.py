"""
Which colors of my chart are nearest?
=====================================

For threads, beads, bricks or paints: find a few colors of the photo first, and then
the nearest of the chart for each, by the color difference CIEDE2000.
"""

# %%
# The chart is here the named colors of CSS. Yours is a file:
# ``Palette.load("chart.csv")`` reads the columns code, name, and hex or red, green
# and blue.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import CSS4_COLORS
from skimage.data import coffee

from napari_kmeans import Palette, quantize

names, values = list(CSS4_COLORS), list(CSS4_COLORS.values())
chart = Palette.of_colors(values, names)
image = coffee()
few = quantize(image, k=8)

# As an image of one row:
colors = few.centers.round().astype(np.uint8)[None]
looks = {"fixed": True, "color_space": "ciede2000"}
found = quantize(colors, init=chart, rgb=True, **looks)
palette = few.palette
for label, entry in enumerate(found.labels[0], 1):
    palette = palette.recolor(label, chart.colors[entry - 1])
    palette = palette.rename(label, chart.names[entry - 1])
palette

# %%

_, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
pictures = {
    "8 colors": few.quantized,
    "nearest of the chart": palette.paint(image),
}
for ax, (title, picture) in zip(axes, pictures.items()):
    ax.imshow(picture)
    ax.set_title(title)
    ax.axis("off")

# %%
# Where the whole chart may be used, one call does it: ``quantize(image, init=chart,
# fixed=True, color_space="ciede2000")``. Two colors may have the same nearest entry:
# merge them (`Palette.merge`).
#
# Read on: `Palette.load` for the formats of charts;
# :doc:`/how_to/distances/as_the_eye_sees` for CIEDE2000.
