"""
How many clusters should I take?
================================

`sweep` clusters the image with each K, reading it once, and suggests one with its
reason.
"""

# %%

import matplotlib.pyplot as plt
from skimage.data import immunohistochemistry

from napari_kmeans import sweep

image = immunohistochemistry()
found = sweep(image, k=range(2, 9))
print(found.suggestion.reason)

# %%
# The curve "explained" is the part of the variance that K colors keep: look for where
# it levels off. The silhouette, from -1 to 1, tells how well the clusters stand
# apart.

axes = found.plot()

# %%
# A suggestion is no more than that. Look at the image at each K, too.

_, axes = plt.subplots(1, 7, figsize=(10, 1.8), layout="constrained")
for ax, k, small in zip(axes, found.ks, found.thumbnails(image)):
    ax.imshow(small)
    ax.set_title(f"K={k}")
    ax.axis("off")

# %%
# ``found[3]`` is the palette of K=3, fitted already, and ``found.table`` has all
# figures.
#
# Read on: `sweep` lists the rules behind the suggestion. To start with too many
# clusters and to merge what belongs together is often easier:
# :doc:`/how_to/clusters/merge_clusters`. In the window, **K?** does the same.
