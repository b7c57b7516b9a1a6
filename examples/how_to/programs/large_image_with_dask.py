"""
An image larger than memory
===========================

Give a dask array, a Zarr or an HDF5 data set: it is read block by block, and labels
are made when they are asked for. The answer is the same, to the bit, as that of
NumPy.
"""

# %%

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from skimage.data import immunohistochemistry

from napari_kmeans import quantize

tissue = immunohistochemistry()
scene = da.tile(da.from_array(tissue, chunks=(256, 256, 3)), (4, 4, 1))
result = quantize(scene, k=4)
result.labels

# %%
# Only what is looked at is labeled:

part = result.labels[700:900, 300:600].compute()
_, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
ax.imshow(part, cmap="viridis", interpolation="none")
ax.axis("off")

whole = quantize(scene.compute(), k=4)
print("as of NumPy:", np.array_equal(whole.labels[700:900, 300:600], part))

# %%
# To write all of it, ``result.labels.to_zarr("labels.zarr")``. `memory` is how many
# bytes an image may take whose colors cannot be counted; a larger one is read again
# for each step. On the command line, ``napari-kmeans quantize in.zarr -o out.zarr``
# streams an OME-Zarr into another.
#
# Read on: `quantize`; to label other scenes, `Palette.label` takes dask, too.
