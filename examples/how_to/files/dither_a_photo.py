"""
Few colors, but no bands: dither
================================

`dither` mixes neighboring pixels of the palette's colors so that from afar they look
like colors between them.
"""

# %%
# The six colors are found by k-means in RGB; ``color_space="cielab"`` finds others.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import astronaut

from napari_kmeans import dither, quantize, write_indexed

image = astronaut()[20:220, 120:320]
palette = quantize(image, k=6).palette
mixed = dither(image, palette)  # labels, 1 to 6
softer = dither(image, palette, strength=0.5)

folder = Path(tempfile.mkdtemp())
write_indexed(folder / "mixed.png", mixed, palette)

# %%

# Label 0, of pixels that are left out, is row 0: white.
colors = np.vstack([[1, 1, 1], palette.colors])
pictures = {
    "photo": image,
    "6 colors": palette.paint(image),
    "strength=0.5": colors[softer],
    "dithered": colors[mixed],
}
_, axes = plt.subplots(2, 2, figsize=(7, 7.4), layout="constrained")
for ax, (title, picture) in zip(axes.flat, pictures.items()):
    ax.imshow(picture, interpolation="none")
    ax.set_title(title)
    ax.axis("off")

# %%
# With ``method="ordered"`` what stays the same in a movie stays still. Transparent
# pixels are left out: they have label 0. For measurements take the labels of
# `Palette.label`: dithered ones are not the nearest.
#
# Read on: `dither`; of the file that was written, :doc:`/how_to/files/indexed_png`.
