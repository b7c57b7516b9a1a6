"""
How large is each color in µm²?
===============================

Tell the table what area a pixel has. Where a TIFF says how large its pixels are,
`read` knows it.
"""

# %%
# A TIFF whose pixels are 0.5 µm wide and high, as ImageJ writes it:

import tempfile

import tifffile
from skimage.data import immunohistochemistry

path = tempfile.mkdtemp() + "/tissue.tif"
size = {"resolution": (2, 2), "metadata": {"unit": "um"}}  # 2 pixels a micrometer
tifffile.imwrite(path, immunohistochemistry(), imagej=True, **size)

# %%
# It is read, clustered and measured. The scale is the height and the width of a
# pixel. Of tissue, distances in CIELAB with channels of equal variance tell hues apart.

from napari_kmeans import quantize, read

image, attributes, _ = read(path)
height, width = attributes["scale"]
print(height, width, attributes["units"][0])
result = quantize(image, k=4, color_space="cielab", scaling="variance")
table = result.palette.table(height * width, "µm²")
table[["label", "color", "pixels", "area (µm²)"]]

# %%

import matplotlib.pyplot as plt

_, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
rows, columns = result.labels.shape
axes[0].imshow(result.quantized, extent=(0, columns * width, rows * height, 0))
axes[0].set(xlabel="µm", ylabel="µm")
axes[1].bar(table["label"], table["area (µm²)"], color=table["color"])
axes[1].set(xlabel="label", ylabel="area (µm²)", xticks=table["label"])
plt.show()

# %%
# Of a volume, give the volume of a voxel, and say "µm³". A PNG or JPEG does not say
# how large a pixel is: write the number yourself, ``palette.table(0.25, "µm²")``.
# napari opens ImageJ's TIFF without its scale: :doc:`/tutorials/stain_area` says what
# to do in the window.
#
# Read on: `Palette.table`, `read`. Part by part: :doc:`/how_to/measure/per_region`.
