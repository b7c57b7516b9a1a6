"""
Few colors, but no bands: dither
================================

`dither` mixes neighboring pixels of the palette's colors so that from afar they look
like colors between them.
"""

# %%

import matplotlib.pyplot as plt
from skimage.data import astronaut

from napari_kmeans import dither, quantize

image = astronaut()[20:220, 120:320]
palette = quantize(image, k=6).palette
mixed = dither(image, palette)  # labels, 1 to 6
softer = dither(image, palette, strength=0.5)

# %%

pictures = {
    "photo": image,
    "6 colors": palette.paint(image),
    "strength=0.5": palette.colors[softer - 1],
    "dithered": palette.colors[mixed - 1],
}
_, axes = plt.subplots(2, 2, figsize=(7, 7.4), layout="constrained")
for ax, (title, picture) in zip(axes.flat, pictures.items()):
    ax.imshow(picture, interpolation="none")
    ax.set_title(title)
    ax.axis("off")

# %%
# With ``method="ordered"`` what stays the same in a film stays still. For
# measurements take the labels of `Palette.label`: dithered ones are not the nearest.
#
# Read on: `dither`; write it with :doc:`/how_to/files/indexed_png`.
