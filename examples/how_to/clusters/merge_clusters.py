"""
Merge clusters that belong together
===================================

Start with more clusters than you need, and merge them: by hand, or all that are
closer than a distance.
"""

# %%

import matplotlib.pyplot as plt
from scipy.cluster.hierarchy import dendrogram
from skimage.data import immunohistochemistry

from napari_kmeans import quantize

image = immunohistochemistry()
palette = quantize(image, k=8, color_space="cielab", scaling="variance").palette

by_hand = palette.merge([1, 2, 3], name="stain")
by_distance = palette.merge_closer(20)
print(by_hand)
print(by_distance)

# %%
# 1, 2 and 3 are the darkest browns of this slide: look at the colors of yours. Numbers
# above move down: what was 4 is now 2.
#
# The dendrogram tells in which order clusters would be merged, and how far apart they
# are: in CIELAB, as the colors look. The line is the distance taken above.

_, axes = plt.subplots(2, 2, figsize=(7, 7), layout="constrained")
for ax, each in zip(axes.flat, [palette, by_hand, by_distance]):
    ax.imshow(each.paint(image))
    ax.axis("off")
dendrogram(palette.dendrogram, labels=range(1, 9), ax=axes[1, 1], color_threshold=20)
axes[1, 1].axhline(20, color="gray", linestyle=":")
for ax, title in zip(axes.flat, ["8 clusters", "by hand", "by distance", "dendrogram"]):
    ax.set_title(title)

# %%
# A merged cluster keeps the centers of all of its parts: its pixels are still those
# nearest to any of them. ``palette`` itself is as it was.
#
# Read on: `Palette.merge`, `Palette.merge_closer`. Undo:
# :doc:`/how_to/clusters/name_recolor_undo`.
