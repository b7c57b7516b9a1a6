"""
PCA first, for images of many channels
======================================

Let scikit-learn reduce the channels to a few components, and cluster those: most of
the noise is left behind, and there is less to compute.
"""

# %%
# Each pixel has a spectrum of 100 channels, with noise: one of three substances.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import immunohistochemistry
from sklearn.decomposition import PCA

from napari_kmeans import quantize

random = np.random.default_rng(0)
substance = quantize(immunohistochemistry()[::4, ::4], k=3).labels
peaks = np.array([[0.3], [0.45], [0.6]])
spectra = np.exp(-((np.linspace(0, 1, 100) - peaks) ** 2) / 0.01)
image = spectra[substance - 1] + random.normal(0, 0.4, (128, 128, 100))

pixels = image.reshape(-1, 100)
components = PCA(n_components=3).fit_transform(pixels).reshape(128, 128, 3)
result = quantize(components, k=3, rgb=False, channel_axis=-1)
means = [image[result.labels == label].mean(axis=0) for label in (1, 2, 3)]

# %%
# The spectrum of a cluster is the mean of its pixels.

_, axes = plt.subplots(2, 2, figsize=(7, 6), layout="constrained")
axes = axes.ravel()
axes[0].imshow(image[..., 45], cmap="gray")
axes[1].imshow(components[..., 0], cmap="gray")
axes[2].imshow(result.labels, cmap="viridis", interpolation="none")
for label, spectrum in enumerate(means, 1):
    axes[3].plot(spectrum, color=plt.cm.viridis((label - 1) / 2), label=f"{label}")
axes[3].legend(title="label", fontsize="small")
titles = ["channel 45", "component 1", "3 clusters", "their spectra"]
for ax, title in zip(axes, titles):
    ax.set_title(title)
for ax in axes[:3]:
    ax.axis("off")

# %%
# It is done outside, by scikit-learn; NMF and others go the same way. Clusters are
# numbered by the mean of what was clustered, and so here not by brightness.
#
# To go on in the window, add each component as a layer, and select these together.
#
# Read on: channels as they are: :doc:`/how_to/distances/channels_of_different_units`.
