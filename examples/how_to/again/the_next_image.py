"""
The same clusters and numbers in the next image
===============================================

Keep the palette. It labels other images by the same centers; or it lends its numbers
to clusters that are found anew.
"""

# %%
# The next image is of the same cup in the evening: darker, and more yellow.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import coffee

from napari_kmeans import quantize

image = coffee()
evening = (image * [0.75, 0.68, 0.55]).astype(np.uint8)

palette = quantize(image, k=4).palette.rename(4, "foam")
same_centers = palette.label(evening)  # what is nearest to the centers of the first
own_centers = quantize(evening, like=palette)  # clustered anew, and numbered alike

for name, labels in [("same", same_centers), ("own", own_centers.labels)]:
    print(f"{name} centers: {np.mean(labels == 4):.1%} are {palette.names[3]}")

# %%

pictures = {
    "first image": palette.label(image),
    "the next": evening,
    "same centers": same_centers,
    "own centers": own_centers.labels,
}
_, axes = plt.subplots(2, 2, figsize=(7, 5.2), layout="constrained")
for ax, (title, picture) in zip(axes.flat, pictures.items()):
    ax.imshow(picture, interpolation="none")
    ax.set_title(title)
    ax.axis("off")

# %%
# To compare areas: one palette and the same light (:doc:`/tutorials/stain_area`).
# `quantize_many` where no slide is the reference
# (:doc:`/how_to/measure/table_for_a_folder`). ``like=`` only where the same things are
# in every image, as here, where the light is another and the cup is the same: clusters
# depend on what else is in the image.
#
# ``own_centers.unmatched`` tells which numbers found no partner, and
# ``palette.differences(evening)`` whether dtype, channels or range differ. For
# tomorrow, ``palette.save("cup.json")``.
#
# Read on: `Palette.matched` says how partners are found. For the frames of a movie,
# `quantize_planes`.
