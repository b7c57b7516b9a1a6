"""
The best thresholds of a gray image
===================================

Of a single channel, k-means can be solved, not only searched: with ``init="optimal"``
no clustering has a smaller compactness. Otsu's thresholds lie between its centers.
"""

# %%

import matplotlib.pyplot as plt
from skimage.data import coins
from skimage.filters import threshold_multiotsu

from napari_kmeans import quantize

image = coins()
result = quantize(image, k=3, init="optimal")
centers = result.centers.ravel()
thresholds = (centers[1:] + centers[:-1]) / 2
print("halfway between centers:", thresholds.round(2))
print("scikit-image, Otsu:     ", threshold_multiotsu(image, classes=3))

# %%

_, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
axes[0].imshow(result.labels, cmap="viridis", interpolation="none")
axes[0].axis("off")
axes[1].hist(image.ravel(), bins=256, color="gray")
for threshold in thresholds:
    axes[1].axvline(threshold, color="tab:red")
axes[1].set(xlabel="gray value", ylabel="pixels")
plt.show()

# %%
# Both minimize the variance within the classes. Here that goes for any K, for 16 bits
# and floats, and with masks and weights.
#
# In the window, choose the **start** optimal under **Criteria and start**; on the
# command line, ``napari-kmeans quantize coins.png -k 3 --init optimal``.
#
# Read on: `quantize`, under `init`. Which K: :doc:`/how_to/choose_k`.
