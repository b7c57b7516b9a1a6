"""
Remove salt and pepper
======================

`despeckle` gives each component of the labels that is smaller than `size` to the
label that it shares the longest border with.
"""

# %%

import matplotlib.pyplot as plt
from skimage.data import immunohistochemistry

from napari_kmeans import despeckle, quantize

image = immunohistochemistry()[100:340, 100:340]
result = quantize(image, k=3, color_space="cielab", scaling="variance")
cleaned = despeckle(result.labels, size=40)
result_cleaned = result.relabeled(cleaned.labels)
cleaned.features

# %%

_, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
pictures = [image, result.quantized, result_cleaned.quantized]
for ax, picture, title in zip(axes, pictures, ["image", "3 colors", "cleaned"]):
    ax.imshow(picture)
    ax.set_title(title)
    ax.axis("off")

# %%
# With ``spacing=0.5``, the size is an area in the unit of the spacing, squared.
# Despeckling again changes nothing, and pixels that were left out stay so. A folder
# takes a loop: :doc:`/tutorials/stain_area`.
#
# Read on: `despeckle`. Holes and specks of one cluster only are a matter of
# ``skimage.morphology``: :doc:`/how_to/measure/with_scikit_image`.
