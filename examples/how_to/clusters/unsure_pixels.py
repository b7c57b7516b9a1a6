"""
Leave out pixels that are unsure
================================

`margin_map` tells how sure each label is: 0 where two clusters are equally near, 1 on
a center. What is below a least margin gets the label 0.
"""

# %%

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import immunohistochemistry

from napari_kmeans import margin_map, quantize

image = immunohistochemistry()
result = quantize(image, k=4, color_space="cielab", scaling="variance")
margins = margin_map(image, result.palette)
sure = result.rejected(image, 0.25)
print(sure.excluded)
print("shares of all: ", result.shares.round(3))
print("shares of sure:", sure.shares.round(3))

# %%

_, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
axes[0].imshow(result.quantized)
axes[1].imshow(margins, vmin=0, vmax=1)
axes[2].imshow(np.where((sure.labels == 0)[..., None], 255, result.quantized))
for ax, title in zip(axes, ["4 colors", "margin: bright is sure", "sure pixels only"]):
    ax.set_title(title)
    ax.axis("off")

# %%
# How much do the shares depend on the unsure pixels? Give both numbers in the paper.
# (Distances are measured in CIELAB, with channels of equal variance, as hues of tissue
# are told apart by that.)
#
# Read on: `margin_map`; `reject` does the same with arrays. Pixels that are far from
# every center, however sure, are left out by ``quantize(image, reject=60)``.
