"""
A movie that drifts
===================

You have a time-lapse. Its dyes bleach, its lamp is unsteady, and what it shows moves
and grows. At the end of this page you have the area of each kind of cell in every frame
as a table, and a kind has the same number in all of them.
"""

# %%
# A movie to learn from
# ---------------------
# It has 24 frames of two channels, two fluorescent proteins called mCherry and GFP.
# Some cells have the one, some the other, and some have both. These lines make the
# movie, so that the true area of each kind is known. The cells move, those with GFP
# alone grow, the lamp goes up and down, and GFP bleaches.

import numpy as np

random = np.random.default_rng(0)
y, x = np.mgrid[:128, :128]
times = np.arange(24)

kinds = np.zeros((24, 128, 128), np.uint8)  # 0 is background
for kind in (1, 2, 3):
    for _ in range(7):
        start = random.uniform(0, 128, 2)
        speed = random.normal(0, 1.2, 2)
        radius = random.uniform(6, 9)
        for time in times:
            down, right = start + speed * time
            dy = (y - down + 64) % 128 - 64
            dx = (x - right + 64) % 128 - 64
            if kind == 2:
                radius *= 1.016
            kinds[time][dy**2 + dx**2 < radius**2] = kind

lamp = 1 + 0.12 * np.sin(times / 3)
light = np.array([[12, 12], [150, 30], [45, 210], [150, 170]])
light = lamp[:, np.newaxis, np.newaxis] * light
light[:, :, 1] *= np.exp(-times / 12)[:, np.newaxis]
light += 8
frames = times[:, np.newaxis, np.newaxis]
photons = random.poisson(light[frames, kinds])

# %%
# It goes into a TIFF such as ImageJ writes, with the axes time, channel, y and x, and
# pixels of half a micrometer. In place of this file, take your own.

import tempfile
from pathlib import Path

import tifffile

folder = Path(tempfile.mkdtemp())
tifffile.imwrite(
    folder / "movie.tif",
    photons.transpose(0, 3, 1, 2).astype(np.uint16),
    imagej=True,
    resolution=(2, 2),  # pixels in a unit
    metadata={"axes": "TCYX", "unit": "um"},
)
print("In the folder", folder)

# %%
# Open it
# -------
# `read` returns the pixels, and what the file says of them: here, which axis has the
# channels, and how large a pixel is.

from napari_kmeans import read

movie, attributes, _ = read(folder / "movie.tif")
print(movie.shape, movie.dtype)
for name in ("channel_axis", "scale", "units"):
    print(name, attributes[name])

# %%
# In the pictures mCherry is magenta, and GFP is green. By the end GFP has lost most of
# its light.

import matplotlib.pyplot as plt

plt.rcParams["axes.spines.top"] = False
plt.rcParams["axes.spines.right"] = False
in_color = (movie[:, [0, 1, 0]] / 200).clip(0, 1).transpose(0, 2, 3, 1)
shown = [0, 6, 12, 18, 23]

_, panels = plt.subplots(1, 5, figsize=(9, 2.1))
for panel, time in zip(panels, shown, strict=True):
    panel.imshow(in_color[time])
    panel.set_title(f"frame {time}", fontsize=10)
    panel.axis("off")
plt.tight_layout()

# %%
# Cluster each frame
# ------------------
# `quantize_planes` clusters each frame on its own, so that it is measured in its own
# light. ``axes=0`` says that the frames lie along the first axis. Four clusters are the
# background and three kinds of cells.

from napari_kmeans import quantize_planes

channels = {"channel_axis": 1, "channel_names": ["mCherry", "GFP"]}
q = quantize_planes(movie, k=4, axes=0, **channels)
q

# %%
# In the first frame the clusters are numbered in the order of brightness. In each
# further frame every cluster gets the number of the one that it matches in the frame
# before. Which matches which is chosen for all of them at once: so that the squared
# distances between their centers have the least sum there can be
# (:doc:`/how_it_works/index`). So 1 is the background, 2 the cells with mCherry, 3
# those with GFP, and 4 those with both, from the first frame to the last.

from matplotlib.colors import ListedColormap

names = ["background", "mCherry", "GFP", "both"]
colors = ["#24272f", "#d65f9c", "#2aa876", "#f2b632"]
by_number = {"cmap": ListedColormap(colors), "vmin": 1, "vmax": 4}
by_number["interpolation"] = "nearest"

_, panels = plt.subplots(1, 5, figsize=(9, 2.1))
for panel, time in zip(panels, shown, strict=True):
    panel.imshow(q.labels[time], **by_number)
    panel.set_title(f"frame {time}", fontsize=10)
    panel.axis("off")
plt.tight_layout()

# %%
# Area and light over time
# ------------------------
# `counts` has the pixels of each number in each frame, and `centers` its mean in each
# channel. On the left, dashed lines are the truth. On the right each line is the way of
# a center, from the ring in the first frame to the dot in the last: GFP falls by
# bleaching, and as the lamp goes up and down, so do all centers. At the end the cells
# that have both are where those with mCherry began; because each frame is matched with
# the one before, they are still told apart.

pixel_area = attributes["scale"][1] * attributes["scale"][2]  # µm²
truth = [np.sum(kinds == n, axis=(1, 2)) for n in range(4)]
truth = np.stack(truth, axis=1)

_, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
for n in (1, 2, 3):
    area, true_area = q.counts[:, n], truth[:, n]
    left.plot(area * pixel_area, color=colors[n], label=names[n])
    left.plot(true_area * pixel_area, "--", color="gray", linewidth=1)
left.set(xlabel="frame", ylabel="area (µm²)", ylim=0)
left.legend(frameon=False, loc="lower right")
for n in range(4):
    way = q.centers[:, n]
    right.plot(way[:, 0], way[:, 1], color=colors[n])
    right.plot(*way[0], "o", color=colors[n], markerfacecolor="white")
    right.plot(*way[-1], "o", color=colors[n])
    right.text(*way[0] + 5, f"{n + 1} {names[n]}")
right.set(xlabel="mCherry (photons)", ylabel="GFP (photons)")
right.set(xlim=(0, 230), ylim=0)
plt.tight_layout()

# %%
# The number that one came for is how much the cells with GFP grow. And how far are the
# areas from the truth?

growth = q.counts[-1, 2] / q.counts[0, 2] - 1
true_growth = truth[-1, 2] / truth[0, 2] - 1
print(f"GFP cells grow by {growth:.1%}, in truth {true_growth:.1%}.")
wrong = np.abs(q.counts - truth).max()
print(f"Areas are wrong by at most {wrong} of {128 * 128} pixels.")

# %%
# The table
# ---------
# `tabulate` makes a row for each frame and cluster. Names are up to you; a spreadsheet
# opens the file.

from napari_kmeans import tabulate

table = tabulate(movie, q, pixel_area=pixel_area, unit="µm²")
table["name"] = table["label"].map(dict(enumerate(names, start=1)))
table.to_csv(folder / "areas.csv", index=False)
table.head(8)

# %%
# What goes wrong otherwise
# -------------------------
# One clustering of all frames has one set of centers for 24 kinds of light. To tell
# bright GFP from bleached GFP costs it a cluster, and a kind of cell is lost.

from napari_kmeans import quantize

together = quantize(movie, k=4, channel_axis=1)

# %%
# `cv2.kmeans`_, frame by frame, adapts to the light. But it numbers the clusters anew
# in each frame, by chance. To sort them by brightness would help only until GFP is no
# longer brighter than mCherry.
#
# .. _cv2.kmeans: https://docs.opencv.org/4.x/d1/d5c/tutorial_py_kmeans_opencv.html

import cv2

cv2.setRNGSeed(0)
stop = cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER
start = cv2.KMEANS_RANDOM_CENTERS
alone = np.empty((24, 128, 128), np.int32)
for time in times:
    pixels = np.float32(movie[time].reshape(2, -1).T)
    _, found, _ = cv2.kmeans(pixels, 4, None, (stop, 10, 1.0), 10, start)
    alone[time] = 1 + found.reshape(128, 128)

# %%
# The pictures show one row of the movie, frame below frame. A cell is a band that runs
# down. With matched numbers it keeps its color.

row = 36
strips = {
    "the movie": in_color[:, row],
    "one clustering": together.labels[:, row],
    "cv2.kmeans": alone[:, row],
    "quantize_planes": q.labels[:, row],
}
_, panels = plt.subplots(1, 4, figsize=(9, 3), sharey=True)
for panel, (title, strip) in zip(panels, strips.items(), strict=True):
    panel.imshow(strip, aspect="auto", **by_number)
    panel.set(title=title, xlabel="x", xticks=[0, 64, 128])
panels[0].set_ylabel("frame")
plt.tight_layout()

# %%
# Things that appear and vanish
# -----------------------------
# Let the cells that have both be there from frame 8 to 15 only.

away = (kinds == 3) & ((frames < 8) | (frames > 15))
visited = np.where(away, 0, kinds)
photons = random.poisson(light[frames, visited])
visit = photons.transpose(0, 3, 1, 2)

v = quantize_planes(visit, k=4, axes=0, channel_axis=1)

# %%
# K-means always finds as many clusters as it is asked for. Where only three things are
# there, it cuts one of them in two: here the background, into the darker and the
# brighter half of its noise. That half has the number 2, and in frame 8, where the
# cells come, the number goes astray, as the left picture shows.
#
# Two halves of one thing are close to each other. `Palette.dendrogram` tells how close
# the closest two clusters of a frame are, the picture in the middle: a limit between
# noise and things is easily seen. `Palette.merge_closer` makes one cluster of those
# that are closer than that.
#
# Then `Palette.matched` gives the clusters of a frame the numbers of those that they
# match in the frame before. A cluster that finds no partner is new, and gets the next
# number. A number that finds no partner stays, with its last center and without pixels:
# so it is there when the cells come back. `Palette.unmatched` tells which numbers these
# are.

limit = 25
closest = [palette.dendrogram[0, 2] for palette in v.palettes]

known = v.palettes[0].merge_closer(limit)
areas, unmatched = np.zeros((24, 4)), []
for time in times:
    known = v.palettes[time].merge_closer(limit).matched(known)
    areas[time, : known.k] = known.counts * pixel_area
    unmatched.append(known.unmatched)
print("Numbers without a partner in frame 12:", unmatched[12])
print("Numbers without a partner in frame 20:", unmatched[20])

# %%
# Now 0 means what it says: the cells are not there.

_, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 2.8))
middle.plot(closest, "o-", color="gray", markersize=3)
middle.axhline(limit, linestyle="--", color="#c44e20")
for n in (1, 2, 3):
    left.plot(v.counts[:, n] * pixel_area, label=f"number {n + 1}")
    right.plot(areas[:, n], color=colors[n], label=names[n])
left.set(title="always four clusters", ylabel="area (µm²)")
middle.set(title="closest two", ylabel="distance (photons)", ylim=0)
right.set(title="merged, then matched", ylabel="area (µm²)", ylim=0)
for panel in (left, middle, right):
    panel.set_xlabel("frame")
left.set_ylim(0, 2300)
left.legend(frameon=False, fontsize=8, loc="upper center", ncols=2)
right.legend(frameon=False, fontsize=8, loc="lower left")
plt.tight_layout()

# %%
# Where you know how many things a frame shows, `quantize` does both steps in one: `k`
# says how many clusters there are, and `like` whose numbers they get. A warning tells
# which numbers found no partner, and so does `QuantizedImage.unmatched`.

import warnings

with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    last = quantize(visit[23], k=3, channel_axis=0, like=known)
print(told[0].message)
print(last.unmatched, last.counts)

# %%
# A single channel
# ----------------
# A camera without filters sees the sum of both channels. With a single channel, centers
# are matched in their order: the darkest with the darkest, and so on, as that always
# gives the least sum of squared distances. So the numbers follow a movie that gets
# darker or brighter as a whole, and the order of brightness is all there is to tell by.

gray = quantize_planes(movie.sum(axis=1), k=4, axes=0)

_, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
for n in (1, 2, 3):
    left.plot(light[:, n].sum(axis=1), color=colors[n], label=names[n])
    area, true_area = gray.counts[:, n], truth[:, n]
    right.plot(area * pixel_area, color=colors[n], label=f"number {n + 1}")
    right.plot(true_area * pixel_area, "--", color=colors[n])
left.set(xlabel="frame", ylabel="light (photons)", ylim=0)
right.set(xlabel="frame", ylabel="area (µm²)", ylim=(0, 650))
left.legend(frameon=False)
right.legend(frameon=False, loc="lower right")
plt.tight_layout()

# %%
# That is its limit. Where two kinds of cells are equally bright, no clustering of
# values can tell them apart; once their lines have crossed, each has the number of the
# other. Another channel, as above, keeps them apart. Or tell single cells by their
# places, with a program that tracks objects.
#
# In the window
# -------------
# 1. Open the movie in napari. If it has several channels, open it in napari's console
#    (the **>_** button), and say what the channels are and how large a pixel is::
#
#        viewer.open(
#            "movie.tif",
#            channel_axis=1,
#            name=["mCherry", "GFP"],
#            scale=(1, 0.5, 0.5),
#            units=("pixel", "um", "um"),
#        )
#
#    Each channel is a layer then. Click one, and the other with Shift: the layers that
#    are selected together are the channels of one clustering.
# 2. Open **Plugins > K-means > K-means quantization**. Under **cluster**, choose *each
#    plane along axis 0*; set **K** to 4, and press **Run**.
# 3. Move the slider below the picture: each cluster keeps its color and its number.
# 4. In the panel **Clusters**, **Export > Table (CSV)** writes a row for each frame and
#    cluster, with its pixels. It has no areas: multiply by the area of a pixel, or take
#    `tabulate` as above.
#
# Clusters of planes can be looked at there, but not be named, merged or edited.
#
# On the command line
# -------------------
# In the folder of the movie:
#
# .. code-block:: sh
#
#    napari-kmeans quantize movie.tif -k 4 --each 0
#
# It takes the channels as the file says, prints the clusters and their shares of the
# whole movie, and writes the folder ``movie-kmeans``: labels and quantized image as
# TIFF, and in ``centers.csv`` a row for each frame and cluster, with its pixels and
# without areas. ``center_0`` and ``center_1`` are the channels in the order of the
# file. ``--show`` opens napari with the result.
