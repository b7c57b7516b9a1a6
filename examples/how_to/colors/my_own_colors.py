"""
Use my own colors
=================

You can fix all colors, fix some, or only start the search from yours.
"""

# %%

import matplotlib.pyplot as plt
from skimage.data import coffee

from napari_kmeans import Palette, quantize

image = coffee()
names = ["coffee", "wood", "foam"]
mine = Palette.of_colors(["#2b1a12", "#9d3214", "#e8c9a0"], names)

# These colors, and no others:
nearest = quantize(image, init=mine, fixed=True)
# These, and two more:
with_others = quantize(image, k=5, init=mine, fixed=True)
# From these on; all of them move:
started = quantize(image, init=mine)

# %%

pictures = {
    "photo": image,
    "my colors": nearest.quantized,
    "mine, and two more": with_others.quantized,
    "started from mine": started.quantized,
}
_, axes = plt.subplots(2, 2, figsize=(7, 5.2), layout="constrained")
for ax, (title, picture) in zip(axes.flat, pictures.items()):
    ax.imshow(picture)
    ax.set_title(title)
    ax.axis("off")

# %%
# Fixed colors come first, in your order, and to the bit; the others follow from dark
# to bright. Names stay.

with_others.palette

# %%
# Which color is nearest is told by distances in RGB; ``color_space="cielab"`` or
# ``"oklab"``, in each call, tells it about as the eye does.
#
# ``fixed=[1, 3]`` fixes only the first and the third. Instead of a palette, `init`
# takes rows of numbers, in the units of the image: ``init=[[43, 26, 18], [255, 255,
# 255]]``.
#
# Read on: `Palette.of_colors`; a palette from a file is `Palette.load`:
# :doc:`/how_to/files/palettes_for_gimp_and_adobe`. Of a long chart, the nearest
# colors: :doc:`/how_to/colors/nearest_of_a_chart`.
