"""
A scene larger than memory
==========================

*For those with a satellite scene, a mosaic of a drone, or the scan of a slide that does
not fit into memory.*

You have an image in `OME-Zarr <https://ngff.openmicroscopy.org>`_, or anything else
that dask reads in chunks: here a scene of four bands, with a border that holds no data,
and a mask of clouds. At the end you have a map of land cover with the area of each
class in square kilometers, on disk in the same format. Only some blocks of the scene
are in memory at a time.

The scene of this page is small, so that the page is made in seconds. The fit and the
written result do not depend on that: of a larger scene, they only take longer. The
overviews and the two checks do: they hold whole arrays. For a large scene take a larger
stride than 4 for overviews, and leave the checks out. (What a gigapixel takes is
measured in ``benchmarks/large.md``, in the repository.) Beside the package with ``pip
install "napari-kmeans[plots,zarr]"``, the page uses xarray.
"""

# %%
# The scene
# ---------
#
# This part stands for the file that you have. Five kinds of land reflect four bands of
# light, each in its way; where the land is what, a seeded random generator says. Clouds
# lie on it, and what the satellite did not see has the value 0.

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
import zarr
from matplotlib.colors import ListedColormap

from napari_kmeans import Palette, quantize, read

SIZE = 1280  # pixels of 10 m x 10 m
BANDS = ["blue", "green", "red", "near infrared"]
SPECTRA = {  # reflectance in each band, times 10,000
    "water": [600, 500, 300, 150],
    "forest": [300, 500, 350, 2800],
    "meadow": [500, 900, 700, 4200],
    "soil": [900, 1300, 2100, 3000],
    "town": [1900, 2100, 2400, 2800],
}

random = np.random.default_rng(0)


def landscape():
    """Return random hills: large ones, and smaller ones on them."""
    hills = np.zeros((5, 5))
    while len(hills) < SIZE:
        hills += random.normal(0, 1 / len(hills), hills.shape)
        hills = cv2.resize(hills, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return hills


land = np.argmax([landscape() for _ in SPECTRA], axis=0)
scene = np.array([*SPECTRA.values()])[land].transpose(2, 0, 1)
scene = scene * (1 + 0.4 * landscape())  # light and shadow
scene = scene * random.normal(1, 0.06, scene.shape)

sky = landscape()
clouds = sky > np.quantile(sky, 0.92)
scene[:, clouds] = random.normal(6000, 400, clouds.sum())
scene = np.maximum(scene, 1).astype(np.uint16)

y, x = np.ogrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
outside = np.maximum(abs(x - 0.2 * y), abs(y + 0.2 * x)) > 0.92
scene[:, outside] = 0

# %%
# Scene and mask are written as OME-Zarr, in chunks of 512 x 512 pixels, with the size
# of a pixel and the names of the bands. In the mask, 1 is clear sky.

folder = tempfile.TemporaryDirectory()
place = Path(folder.name)
meters = {"type": "space", "unit": "meter"}
axes = [{"name": "c", "type": "channel"}]
axes += [{"name": "y", **meters}, {"name": "x", **meters}]

clear = (~clouds).astype(np.uint8)
for name, data in {"scene.zarr": scene, "clear.zarr": clear}.items():
    n = data.ndim  # a mask has no channels
    group = zarr.open_group(place / name, mode="w")
    group.create_array("0", data=data, chunks=(1, 512, 512)[-n:])
    pixel = {"type": "scale", "scale": [1, 10, 10][-n:]}
    level = {"path": "0", "coordinateTransformations": [pixel]}
    ome = {
        "version": "0.5",
        "multiscales": [{"axes": axes[-n:], "datasets": [level]}],
    }
    if n == 3:
        ome["omero"] = {"channels": [{"label": band} for band in BANDS]}
    group.attrs["ome"] = ome

# %%
# Read it
# -------
#
# `read` opens the file and reads no pixel: what it returns is an array of dask, in
# blocks.

image, attributes, _ = read(place / "scene.zarr")
image

# %%
# It also says what the file does: which axis the bands are on, what they are called,
# and how large a pixel is.

print("channels along axis", attributes["channel_axis"])
print(attributes["metadata"])
print(attributes["scale"], attributes["units"])

# %%
# For an overview, every fourth pixel is kept. Near infrared, red and green are shown as
# red, green and blue, as is usual: plants are red.

overview = np.asarray(image[[3, 2, 1], ::4, ::4]).transpose(1, 2, 0)
extent = (0, SIZE / 100, SIZE / 100, 0)  # in km

plt.figure(figsize=(5, 5))
plt.imshow(np.clip(overview / 4500, 0, 1), extent=extent)
plt.title("near infrared, red, green")
plt.xlabel("km")
plt.ylabel("km")
plt.tight_layout()

# %%
# Find the classes
# ----------------
#
# `quantize` finds five clusters. It leaves out what the mask says, and what has the
# value `no_data` in all bands. `memory` says how many bytes it may take to hold the
# pixels, and nothing of what else the process needs: this scene needs more, so it is
# read again, block by block, for each step of k-means (of which there may be one only,
# as the search ends close by). By default, half of the memory that is free may be
# taken.

mask, _, _ = read(place / "clear.zarr")
options = {
    "k": 5,
    "channel_axis": attributes["channel_axis"],
    "channel_names": attributes["metadata"]["channel_names"],
    "no_data": 0,
}
result = quantize(image, mask=mask > 0, memory=10_000_000, **options)
print(f"{image.nbytes:,} bytes")
print("pixels left out:", result.excluded)

# %%
# (An image of 8 bits in RGB, such as the scan of a slide, or one in gray of 8 or 16
# bits, is read once only: its distinct colors are counted, and these are few, however
# large the image is.)
#
# Labels and quantized image are arrays of dask, too. They are made where they are
# looked at, and nowhere else.

result.labels

# %%
# Name them
# ---------
#
# The labels go from dark to bright, the same on each run. What they are is seen in
# their centers, the mean of each class in each band: water is dark in near infrared,
# plants are bright in it and dark in red.

plt.figure(figsize=(6, 3.5))
for label, center in enumerate(result.centers, 1):
    plt.plot(BANDS, center / 10_000, "o-", label=f"label {label}")
plt.ylabel("reflectance")
plt.ylim(0, None)
plt.grid(alpha=0.3)
plt.legend()
plt.tight_layout()

# %%
# So the labels get names, and colors that a map would have. Each edit of a palette
# returns a new palette.

classes = {
    "water": "#3f7fbf",
    "forest": "#1f6b3a",
    "meadow": "#a5c954",
    "soil": "#c49a6c",
    "town": "#7d7d7d",
}
palette = result.palette
for label, (name, color) in enumerate(classes.items(), 1):
    palette = palette.rename(label, name).recolor(label, color)
palette

# %%
# The table has their areas: a pixel is 10 m x 10 m, a ten-thousandth of a square
# kilometer. What was left out is no part of it.

table = palette.table(pixel_area=1e-4, unit="km²")
table[["label", "name", "pixels", "share", "area (km²)"]].round(3)

# %%
# The map shows what was left out, label 0, in white.

colors = np.vstack([[1, 1, 1], palette.colors])  # a row a label
overview = np.asarray(result.labels[::4, ::4])

plt.figure(figsize=(6.3, 5))
plt.imshow(colors[overview], extent=extent)
for name, color in zip(palette.names, palette.colors):
    plt.plot([], [], "s", color=color, label=name)
plt.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
plt.title("land cover")
plt.xlabel("km")
plt.ylabel("km")
plt.tight_layout()

# %%
# As the scene was made here, it is known what the land is; and it is small enough to
# hold all of its labels. This is the first of the two checks. K-means takes some meadow
# in the shadow for forest: it knows nothing but the values of each pixel.

labels = np.asarray(result.labels)
known = labels > 0
right = np.mean(labels[known] == land[known] + 1)
print(f"{right:.1%} of the pixels have the label of their land")

# %%
# Write it
# --------
#
# In a terminal, one command reads the scene block by block and writes labels and
# quantized image as an OME-Zarr, in levels down to about 1,000 pixels. The folder
# appears when it is whole. ``--memory``, unlike `memory` in Python, is for the whole
# process: 600 MB are the least.
#
# .. code-block:: sh
#
#    napari-kmeans quantize scene.zarr -k 5 --mask clear.zarr --no-data 0 \
#        --memory 1GB -o classes.zarr
#
# This page runs the same:

command = "quantize scene.zarr -k 5 --mask clear.zarr --no-data 0"
command += " --memory 1GB -o classes.zarr"
program = [sys.executable, "-m", "napari_kmeans", *command.split()]
print(subprocess.check_output(program, cwd=place, text=True))

# %%
# The seconds are of a new process: it starts, and right after an install it compiles,
# before it reads. And the PSNR is relative to the highest value that 16 bits can have.
# The scene stays far below it, so the number looks better than the picture is:

print("peak of the PSNR:", np.iinfo(image.dtype).max)
print("highest value:   ", image.max().compute())

# %%
# The labels there are the labels here, pixel by pixel. This is the second check:

written, _, _ = read(place / "classes.zarr", types=("labels",))
print("the same labels:", np.array_equal(np.asarray(written), labels))

# %%
# The clusters lie in it, too, as a palette. With the names, it is put on the next
# scene, here or by ``napari-kmeans apply classes.json next.zarr -o next-classes.zarr``:
# class 2 is forest there, as it is here.

palette.save(place / "classes.json")
saved = Palette.load(place / "classes.zarr" / "palette.json")
print("the same palette:", saved == result.palette)

# %%
# The same, whatever the chunks
# -----------------------------
#
# Sums over blocks are exact in any order, so chunks, threads and `memory` change
# nothing: not the last bit of a center, not the label of a pixel. Here are chunks of
# another shape, and a plain array of NumPy.

strips = image.rechunk((4, 300, -1))
other = quantize(strips, mask=mask > 0, memory=10_000_000, **options)
whole = quantize(np.asarray(image), mask=clear > 0, **options)
for again in other, whole:
    print("the same labels: ", np.array_equal(np.asarray(again.labels), labels))
    print("the same centers:", np.array_equal(again.centers, result.centers))

# %%
# With xarray
# -----------
#
# A DataArray comes back as a DataArray, with its dims, coordinates and attributes; the
# channels are told by the name of their dim. In chunks, it is read by blocks, as above.
# (So is what rioxarray opens with ``open_rasterio("scene.tif", chunks=True)``; give
# `no_data` with it, too.) For this page, every fourth pixel is enough.

easting = 600_000 + 10 * np.arange(SIZE)
northing = 5_200_000 - 10 * np.arange(SIZE)
array = xr.DataArray(
    image,
    dims=("band", "y", "x"),
    coords={"band": BANDS, "y": northing, "x": easting},
    attrs={"crs": "EPSG:32632"},
)
array = array[:, ::4, ::4]
part = mask[::4, ::4] > 0
found = quantize(array, k=5, channel_axis="band", mask=part, no_data=0)

cover = found.labels.compute()
cover.plot(cmap=ListedColormap(colors), vmin=-0.5, vmax=5.5, figsize=(6.3, 5))
plt.ticklabel_format(style="plain")
plt.tight_layout()

# %%
# In napari
# ---------
#
# **File > Open Folder** takes ``scene.zarr`` and ``classes.zarr``; where napari asks
# for a reader, choose *napari-kmeans*. Or from Python:
#
# .. code-block:: python
#
#    import napari
#
#    viewer = napari.Viewer()
#    viewer.open("scene.zarr", plugin="napari-kmeans")
#    viewer.open("classes.zarr", plugin="napari-kmeans")
#    napari.run()
#
# Bands are a layer each: select all four, and **Plugins > K-means > K-means
# quantization** clusters them together. The mask is a Labels layer, or a Shapes layer
# that you draw, and *no data* is below **Region**. Such layers are worked on by blocks,
# with the same answer.
#
# On a cluster
# ------------
#
# Where a client of dask.distributed is active, its workers read the blocks. Only counts
# and sums come back, and the answer is the same, to the bit.
#
# .. code-block:: python
#
#    from dask.distributed import Client
#
#    client = Client("tcp://scheduler:8786")
#    result = quantize(image, mask=mask > 0, **options)
#
# On the command line that is ``--scheduler tcp://scheduler:8786``. It takes ``pip
# install "napari-kmeans[zarr,distributed]"``.
#
# What does not go by blocks
# --------------------------
#
# - TIFF and pictures are read as a whole by `read`. Open a large one as an array of
#   dask, with a library for its format, and give that to `quantize`.
# - Of an image in chunks, `weights`, and ``init="optimal"`` of values that cannot be
#   counted, are worked on in memory.
# - K-means knows values only: not the form of a field, nor what lies beside a pixel.
#   Single pixels are cleaned up by `despeckle`.
#
# The files of this page are deleted:

folder.cleanup()
