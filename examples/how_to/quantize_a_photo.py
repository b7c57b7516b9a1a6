"""
Reduce a photo to a few colors
==============================

`quantize` returns the image in K colors, and much more.
"""

# %%
# A photo that comes with scikit-image becomes one of five colors.

import matplotlib.pyplot as plt
from skimage.data import coffee

from napari_kmeans import quantize

image = coffee()
result = quantize(image, k=5)

_, axes = plt.subplots(1, 2, figsize=(8, 3))
for ax, picture, title in zip(axes, [image, result.quantized], ["photo", "5 colors"]):
    ax.imshow(picture)
    ax.set(title=title)
    ax.axis("off")
plt.tight_layout()

# %%
# Its palette says what the colors are, and how much of the image each one takes.

result.palette
