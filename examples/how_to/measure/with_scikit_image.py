"""
One cluster as a mask for scikit-image
======================================

A mask is where the labels have a number. ``skimage.measure`` then counts and measures
the objects in it.
"""

# %%

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from skimage.data import hubble_deep_field
from skimage.measure import label, regionprops_table

from napari_kmeans import quantize

image = hubble_deep_field()[:400, :500]
result = quantize(image, k=3)
brightest = result.labels == result.k  # labels go from dark to bright
objects = label(brightest)
table = pd.DataFrame(
    regionprops_table(objects, properties=["label", "area", "centroid"])
)
print(f"{len(table)} objects")
table.nlargest(5, "area").round(1)

# %%

_, axes = plt.subplots(1, 2, figsize=(8, 3.3), layout="constrained")
axes[0].imshow(image)
axes[1].imshow(np.where(brightest, objects, np.nan), cmap="prism", interpolation="none")
axes[1].set_facecolor("black")
for ax, title in zip(axes, ["image", f"{len(table)} objects in cluster {result.k}"]):
    ax.set(title=title, xticks=[], yticks=[])

# %%
# Labels are 1 to K, and 0 where a pixel was left out, so ``regionprops`` takes them
# as they are, too: ``regionprops(result.labels)`` measures each cluster as one
# region.
#
# Read on: specks go first with :doc:`/how_to/clusters/remove_salt_and_pepper`.
# Without objects, `tabulate` counts by region: :doc:`/how_to/measure/per_region`.
