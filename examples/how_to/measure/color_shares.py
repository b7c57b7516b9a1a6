"""
How much of the image is each color?
====================================

Cluster the image into a few colors; the table of the palette has the pixels and the
share of each.
"""

# %%

from skimage.data import coffee

from napari_kmeans import quantize

palette = quantize(coffee(), k=5).palette.reorder("share")
table = palette.table()
table[["label", "color", "pixels", "share"]]

# %%
# Shares are of the pixels that were clustered, and sum up to 1: pixels that are
# masked, transparent or without data do not count.

import matplotlib.pyplot as plt

_, ax = plt.subplots(figsize=(6, 2.5), layout="constrained")
bars = ax.barh(table["color"], table["share"] * 100, color=table["color"])
ax.bar_label(bars, fmt="%.1f %%", padding=3)
ax.invert_yaxis()
ax.set(xlabel="% of the image", xlim=(0, 35))
plt.show()

# %%
# Read on: `Palette.table` has more columns. How large that is:
# :doc:`/how_to/measure/in_micrometers`. Without the background:
# :doc:`/how_to/pixels/inside_a_mask`.
