"""
Split a cluster that holds two things
=====================================

`Palette.split` runs k-means on the pixels of one cluster, and leaves the other
centers where they are.
"""

# %%

import matplotlib.pyplot as plt
from skimage.data import rocket

from napari_kmeans import fit, paint_samples, read_samples

image = rocket()
samples = read_samples(image)
palette = fit(samples, k=3)
split = palette.split(1, samples)  # label 1, the darkest, becomes 1 and 2
print(palette)
print(split)

# %%

_, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
for ax, each in zip(axes, [palette, split]):
    ax.imshow(paint_samples(samples, each).quantized)
    ax.set_title(f"{each.k} clusters")
    ax.axis("off")

# %%
# Samples are the image as it was read: edits that move centers take them, and read
# nothing again. ``split(1, samples, k=3)`` makes three of one.
#
# Read on: `Palette.split`; `Palette.add` makes a cluster of a color that you name,
# and `Palette.delete` gives one to its neighbors.
