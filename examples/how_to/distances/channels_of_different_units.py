"""
Cluster channels of different units
===================================

A channel of large numbers outweighs one of small numbers. `scaling` makes them
comparable.
"""

# %%
# Two channels: the brightness, from 0 to 255, and the entropy around each pixel, in
# bits.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import camera
from skimage.filters.rank import entropy

from napari_kmeans import quantize

gray = camera()[::3, ::3]
image = np.stack([gray, entropy(gray, np.ones((5, 5)))])
names = ["brightness", "entropy"]

results = {
    scaling: quantize(image, k=4, channel_axis=0, channel_names=names, scaling=scaling)
    for scaling in ["none", "variance", (1, 100)]
}
results["variance"].features.round(2)

# %%

_, axes = plt.subplots(2, 2, figsize=(6, 6.4), layout="constrained")
axes[0, 0].imshow(gray, cmap="gray")
axes[0, 0].set_title("brightness")
for ax, (scaling, result) in zip(axes.flat[1:], results.items()):
    ax.imshow(result.labels, cmap="viridis", interpolation="none")
    ax.set_title(f"scaling={scaling!r}")
for ax in axes.flat:
    ax.axis("off")

# %%
# Without scaling, the entropy has hardly a say. "variance" gives all channels the
# same standard deviation, "range" the same range; numbers are factors, one a channel,
# for when you know what a unit is worth. Centers are in the units of the image all
# the same; spreads, and distances at which clusters are merged, are in scaled units.
#
# In the window, select several Image layers (Shift-click), and choose **scaling** under
# **Colors and channels**. On the command line, ``napari-kmeans quantize stack.tif
# --channel-axis 0 --scaling variance``, or factors: ``--scaling 1,100``.
#
# Read on: `quantize`; maps of elements: :doc:`/tutorials/element_maps`.
