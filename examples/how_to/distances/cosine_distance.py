"""
Cosine distance: colors without light and shade
===============================================

Distances here are Euclidean. For the cosine distance, bring each pixel to length 1
first: then the squared distance of two pixels is twice their cosine distance.
"""

# %%
# A shadow falls on the photo. What has the same mixture of red, green and blue should
# be in one cluster, in the light or not.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import astronaut

from napari_kmeans import quantize

image = astronaut()[::2, ::2] / 255
image[:, :128] *= 0.4
length = np.linalg.norm(image, axis=-1, keepdims=True)
directions = image / np.maximum(length, 1e-6)
dark = length[..., 0] < 0.05  # near black no color can be told

euclidean = quantize(image, k=5)
cosine = quantize(directions, k=5, rgb=False, channel_axis=-1, mask=~dark)

# %%

_, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
axes[0].imshow(image)
axes[1].imshow(euclidean.labels, cmap="viridis", interpolation="none")
axes[2].imshow(
    np.ma.masked_equal(cosine.labels, 0), cmap="viridis", interpolation="none"
)
for ax, title in zip(axes, ["image", "Euclidean", "cosine"]):
    ax.set_title(title)
    ax.axis("off")

# %%
# It is done outside, by NumPy. Centers are means of directions, a little shorter than
# 1; the name for the variant that brings those to length 1, too, is spherical
# k-means, which this is not. Neither is there k-medians, for city-block (L1)
# distances.
#
# To go on in the window, add each channel of ``directions`` as a layer, and select
# these together.
#
# Read on: rows of a table, with scikit-learn's ``Normalizer`` before
# `KMeansQuantizer`: :doc:`/how_to/others/scikit_learn_pipeline`. Perceived colors:
# :doc:`/how_to/distances/as_the_eye_sees`.
