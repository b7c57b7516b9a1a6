"""
How much of each color is in each region?
=========================================

Regions are labels of their own: 1, 2, 3 ... and 0 outside of all. `tabulate` counts
each cluster in each region.
"""

# %%
# Here the regions are four disks, as cores of tissue are. Yours may come from a
# Labels layer, or from ``skimage.measure.label``. Only pixels inside the regions make
# the clusters. Of tissue, distances in CIELAB with channels of equal variance tell hues
# apart.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import immunohistochemistry
from skimage.draw import disk

from napari_kmeans import quantize, tabulate

image = immunohistochemistry()
regions = np.zeros(image.shape[:2], int)
for number, center in enumerate([(140, 140), (140, 370), (370, 140), (370, 370)], 1):
    regions[disk(center, 105)] = number

result = quantize(
    image, k=4, mask=regions > 0, color_space="cielab", scaling="variance"
)
palette = result.palette
table = tabulate(image, palette, regions, pixel_area=0.25, unit="µm²")
shares = table.pivot(index="region", columns="label", values="share")
(shares * 100).round(1)

# %%

_, axes = plt.subplots(1, 2, figsize=(8, 3.5), layout="constrained")
axes[0].imshow(image)
axes[0].contour(regions > 0, colors="black", linewidths=1)
axes[0].axis("off")
bottom = np.zeros(len(shares))
for label, color in enumerate(palette.colors, 1):
    axes[1].bar(shares.index, shares[label] * 100, bottom=bottom, color=color)
    bottom += shares[label] * 100
axes[1].set(xlabel="region", ylabel="% of the region", xticks=shares.index)
plt.show()

# %%
# Areas are there, too: ``table["area (µm²)"]``. On the command line, regions are files,
# and ``masks/a.png`` belongs to ``slides/a.png``:
#
# .. code-block:: sh
#
#    napari-kmeans batch slides --model palette.json --regions masks \
#        --pixel-size 0.5 --unit µm
#
# Read on: `tabulate`. Many images: :doc:`/how_to/measure/table_for_a_folder`. In the
# window: **Export**, in the panel Clusters.
