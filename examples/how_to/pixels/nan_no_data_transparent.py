"""
My image has NaN, no-data values, or transparent pixels
=======================================================

NaN, infinite and fully transparent pixels are left out without being asked. A value
that stands for "none" is to be named: `no_data`.
"""

# %%
# Three images with a hole: temperatures that are NaN there, heights where -9999 says
# that there is none, and a photo whose fourth channel, alpha, is 0.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import coffee, moon
from skimage.draw import disk

from napari_kmeans import quantize

hole = disk((130, 120), 90)
temperature = moon()[::2, ::2] / 10
temperature[hole] = np.nan
height = moon()[::2, ::2].astype(np.int16)
height[hole] = -9999
photo = np.dstack([coffee(), np.full((400, 600), 255, np.uint8)])
photo[disk((200, 300), 150)] = 0

results = [
    quantize(temperature, k=4),
    quantize(height, k=4, no_data=-9999),
    quantize(photo, k=4),
]
for result in results:
    print(result.excluded, "centers:", result.centers[:, 0].round(1))

# %%
# What was left out has the label 0, here white, and `excluded` counts it by its
# reason.

_, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for ax, result, title in zip(axes, results, ["NaN", "no data", "transparent"]):
    labels = np.ma.masked_equal(result.labels, 0)
    ax.imshow(labels, cmap="viridis", interpolation="none")
    ax.set_title(title)
    ax.axis("off")

# %%
# Read on: `quantize`. Files say some of this themselves, and `read` tells:
# ``attributes["metadata"]["no_data"]``. Any other reason is a mask:
# :doc:`/how_to/pixels/inside_a_mask`.
