"""
I want exactly what cv2.kmeans returns
======================================

``refine=False, max_samples=None`` is plain OpenCV: its labels, centers and
compactness, to the bit, but for the order of the clusters.
"""

# %%

import cv2
import numpy as np
from skimage.data import chelsea

from napari_kmeans import quantize

image = chelsea()[::2, ::2]
criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)

cv2.setRNGSeed(0)
rows = np.float32(image.reshape(-1, 3))
compactness, labels, centers = cv2.kmeans(
    rows, 4, None, criteria, 10, cv2.KMEANS_RANDOM_CENTERS
)
plain = quantize(image, k=4, criteria=criteria, seed=0, refine=False, max_samples=None)
painted = centers[labels.ravel()].reshape(image.shape)

print("compactness:", compactness == plain.compactness)
print("centers:    ", {*map(tuple, centers)} == {*map(tuple, plain.centers)})
print("each pixel: ", np.array_equal(plain.centers[plain.labels - 1], painted))

# %%
# By default, what OpenCV finds is refined over all pixels, which is better and
# faster:

refined = quantize(image, k=4, criteria=criteria)
print(f"OpenCV {plain.compactness:,.0f}, refined {refined.compactness:,.0f}")

# %%

import matplotlib.pyplot as plt

_, axes = plt.subplots(1, 3, figsize=(9, 2.4), layout="constrained")
pictures = [painted.astype(int), plain.quantized, refined.quantized]
for ax, picture, title in zip(axes, pictures, ["cv2.kmeans", "plain", "refined"]):
    ax.imshow(picture)
    ax.set_title(title)
    ax.axis("off")

# %%
# `criteria` takes OpenCV's tuple, as above, or a `Criteria`. Clusters are in the
# order of brightness, and labels are 1 to K.
#
# On the command line, ``--no-refine --max-samples none``. The window always refines.
#
# Read on: `quantize`; :doc:`/compared`.
