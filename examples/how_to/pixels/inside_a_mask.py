"""
Only inside a mask, without the background
==========================================

What is outside of `mask` is left out: it has no part in the clusters, gets the label
0, and keeps its own value.
"""

# %%

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import retina

from napari_kmeans import quantize

image = np.ascontiguousarray(retina()[::3, ::3])
mask = image.sum(axis=-1) > 60  # any array of bool: here what is not black
all_of_it = quantize(image, k=3)
inside = quantize(image, k=3, mask=mask)
print(inside.excluded)
print(f"{all_of_it.shares[0]:.0%} of all pixels are in the darkest cluster,")
print(f"{inside.shares[0]:.0%} of those inside the mask")

# %%

_, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
pictures = [image, all_of_it.quantized, inside.quantized]
for ax, picture, title in zip(
    axes, pictures, ["image", "all of it", "inside the mask"]
):
    ax.imshow(picture)
    ax.set_title(title)
    ax.axis("off")

# %%
# Without the mask, the background is a cluster of its own. In the window, **mask** is
# a Labels or a Shapes layer, however it is scaled or rotated.
#
# Read on: the background has another value, and no mask?
# :doc:`/how_to/pixels/nan_no_data_transparent`. Numbers for several masks at once:
# :doc:`/how_to/measure/per_region`.
