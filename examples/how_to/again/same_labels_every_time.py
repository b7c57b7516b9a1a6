"""
The same label every time
=========================

There is nothing to set: the search is seeded, and clusters are numbered from dark to
bright, so that label 1 is always the darkest.
"""

# %%

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from skimage.data import coffee

from napari_kmeans import quantize

image = coffee()
first = quantize(image, k=5)
second = quantize(image, k=5)
print("again:         ", np.array_equal(first.labels, second.labels))

blocks = quantize(da.from_array(image, chunks=(150, 200, 3)), k=5)
print("block by block:", np.array_equal(first.labels, blocks.labels.compute()))

other = quantize(image, k=5, seed=1)
print("another seed:  ", f"{np.mean(first.labels == other.labels):.1%} the same")

# %%

_, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for ax, result, title in zip(axes, [first, other], ["seed=0", "seed=1"]):
    ax.imshow(result.labels, cmap="viridis", interpolation="none")
    ax.set_title(title)
    ax.axis("off")

# %%
# Guaranteed: the same arguments give the same labels and centers, to the bit, on
# every run, with any number of threads, in any chunks, on the same versions of
# OpenCV, NumPy and Numba. Another seed is another search, and may end in a slightly
# different answer; where two centers are about equally bright, their numbers may
# change places.
#
# Read on: another order is `Palette.reorder`. Another image needs more than a seed:
# :doc:`/how_to/again/the_next_image`.
