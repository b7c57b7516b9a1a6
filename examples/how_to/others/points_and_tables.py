"""
Cluster points, or a table
==========================

`kmeans` takes rows of numbers of any dimension: an array, a list, or columns of a
pandas table.
"""

# %%

import matplotlib.pyplot as plt
import pandas as pd

from napari_kmeans import kmeans
from napari_kmeans.sample_data import blobs

table = pd.DataFrame(blobs()[0][0], columns=["x", "y"])
found = kmeans(table[["x", "y"]], k=5)
table["cluster"] = found.labels  # 0 to 4, the rows of the centers
print(table.groupby("cluster").mean().round(2))
found

# %%

_, ax = plt.subplots(figsize=(5, 4), layout="constrained")
ax.scatter(table["x"], table["y"], c=table["cluster"], cmap="viridis", s=15)
ax.scatter(*found.centers.T, c="red", marker="x")
ax.set(xlabel="x", ylabel="y")
plt.show()

# %%
# Rows with NaN get the label -1. Columns of different units are to be scaled first:
# :doc:`/how_to/others/scikit_learn_pipeline`.
#
# Read on: `kmeans`, `read_points` to try several K. In the window, choose a Points
# layer. The command line takes images only.
