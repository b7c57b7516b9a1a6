"""
Texture and position as well as brightness
==========================================

Make channels of them: responses of Gabor filters, and the row and column of each
pixel. `scaling` then gives all of them the same variance.
"""

# %%
# Two surfaces of about the same brightness, side by side:

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve
from skimage.data import brick, grass
from skimage.filters import gabor_kernel

from napari_kmeans import quantize

image = np.hstack([brick()[:128, :128], grass()[:128, :128]]) / 255.0

features = [*np.indices(image.shape)]
for wavelength in [4, 8]:
    for angle in np.radians([0, 45, 90, 135]):
        kernel = gabor_kernel(1 / wavelength, theta=angle)
        response = np.abs(fftconvolve(image - image.mean(), kernel, mode="same"))
        features.append(gaussian_filter(response, wavelength))
features = np.stack(features)

by_value = quantize(image, k=2)
by_texture = quantize(features, k=2, channel_axis=0, scaling="variance")
for name, result in [("brightness", by_value), ("texture", by_texture)]:
    right = np.mean(result.labels == np.repeat([1, 2], 128))
    print(f"{name:10} {max(right, 1 - right):.0%} of the pixels on the right side")

# %%

_, axes = plt.subplots(3, 1, figsize=(4, 6), layout="constrained")
axes[0].imshow(image, cmap="gray")
axes[1].imshow(by_value.labels, cmap="viridis", interpolation="none")
axes[2].imshow(by_texture.labels, cmap="viridis", interpolation="none")
for ax, title in zip(axes, ["image", "by brightness", "by texture and position"]):
    ax.set_title(title)
    ax.axis("off")

# %%
# It is the recipe of MATLAB's ``imsegkmeans``. Filters are scikit-image's; how wide
# they are, and how much is smoothed, depends on your texture. Less say for the
# position: a factor of your own for each channel in `scaling`.
#
# To go on in the window, add each of ``features`` as a layer, select these together,
# and choose **scaling**.
#
# Read on: :doc:`/how_to/distances/channels_of_different_units`.
