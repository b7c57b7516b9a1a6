"""
Phases of element maps, and their areas
=======================================

You have maps of some elements, of X-ray fluorescence or an electron microscope, and
want to know which phases there are, where, and what part of the sample each takes. At
the end of this page you have a map of phases with names, a table of their areas, and an
idea of how far to trust both.
"""

# %%
# The maps
# --------
# These maps are simulated, so that in the end we can compare with the truth: a round
# sample of five phases, one of which is rare. Each phase has its mean counts of each
# element. The beam blurs a little, counts are Poisson distributed, and outside of the
# sample there are none.

from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import dendrogram
from scipy.ndimage import gaussian_filter
from skimage.segmentation import find_boundaries
from tifffile import imwrite

from napari_kmeans import (
    error_map,
    fit,
    margin_map,
    read_samples,
    reject,
    sweep,
)

elements = ["Si", "Al", "Ca", "Fe"]
minerals = {
    "quartz": [260, 5, 4, 2],
    "feldspar": [180, 55, 14, 2],
    "amphibole": [130, 22, 26, 24],
    "calcite": [7, 4, 84, 2],
    "pyrite": [6, 2, 2, 90],
}
pixel = 2  # µm
folder = Path(mkdtemp())  # yours is where your maps are

random = np.random.default_rng(0)
fields = random.normal(size=(4, 256, 256))
fields = gaussian_filter(fields, (0, 8, 8), mode="wrap")
fields = fields.T / fields.std() + [0.5, 0.3, 0, -0.5]
truth = 1 + fields.argmax(axis=-1)
spots = gaussian_filter(random.normal(size=(256, 256)), 3)
truth[spots > np.quantile(spots, 0.99)] = 5
rows, columns = np.indices(truth.shape) - 128
truth[np.hypot(rows, columns) > 120] = 0

means = np.array([[0, 0, 0, 0], *minerals.values()], float)[truth]
means = gaussian_filter(means, (0.6, 0.6, 0))
maps = random.poisson(means).astype(np.uint16)
maps[truth == 0] = 0
maps = np.moveaxis(maps, -1, 0)
print(maps.shape, maps.dtype)

# %%
# Yours are four files, or one with four channels; ``np.stack`` makes one array of maps.

extent = (0, 256 * pixel, 256 * pixel, 0)

_, axes = plt.subplots(2, 2, figsize=(7, 5.8), layout="constrained")
for channel, ax in enumerate(axes.flat):
    picture = ax.imshow(maps[channel], extent=extent, cmap="magma")
    label = f"{elements[channel]} (counts)"
    plt.colorbar(picture, label=label, shrink=0.8)
    ax.hlines(502, 402, 502, "w", linewidth=4)
    ax.text(452, 492, "100 µm", color="w", ha="center")
    ax.set_axis_off()

# %%
# Read them as one image
# ----------------------
# Each pixel has as many values as there are maps. Pixels with no count in any map are
# no data, and are left out.

samples = read_samples(
    maps,
    channel_axis=0,
    channel_names=elements,
    no_data=0,
    scaling="variance",
)
print(f"{samples.n:,} pixels")
print(f"{samples.excluded['no data']:,} without data")

# %%
# How much do the counts of each map vary?

inside = maps.any(axis=0)
for element, counts in zip(elements, maps, strict=True):
    print(f"{element}: {np.std(counts[inside]):.1f}")

# %%
# Silicon varies by far the most. Distances between pixels would be mostly those in
# silicon, and a phase that is rich in iron would hardly matter. The scaling "variance"
# multiplies each map so that all vary as much. It does that to a map of mere noise,
# too: leave such maps out.

# %%
# How many phases?
# ----------------
# `sweep` tries several K, and suggests one.

several = sweep(samples, k=range(2, 10))
print(several.suggestion.reason)

axes = several.plot()

# %%
# The silhouette, from -1 to 1, tells how much closer a pixel is to the pixels of its
# own cluster than to those of the next one; it has its peak at the suggestion. Here
# that settles it. Where it does not, take too many clusters, and merge.

# %%
# Too many, then merge
# --------------------
# Nine clusters split some phases. The dendrogram shows which are close, in counts: the
# branches that meet low are the same phase, and between low and high is a gap.

many = several[9]

_, ax = plt.subplots(figsize=(6, 3), layout="constrained")
tree = dendrogram(
    many.dendrogram,
    labels=range(1, 10),
    color_threshold=0,
    above_threshold_color="0.5",
    ax=ax,
)
ax.axhline(50, linestyle="--", color="tab:red")
ax.set(xlabel="cluster", ylabel="distance (counts)")
ax.spines[["top", "right"]].set_visible(False)

# %%
# `Palette.merge_closer` cuts the tree at a distance. ``merge([1, 2])`` would merge by
# hand.

palette = many.merge_closer(50)
palette.table().filter(regex="label|center|share").round(2)

# %%
# Name the phases
# ---------------
# The centers are the mean counts of each cluster, in the units of the maps, however
# they were scaled. So they tell which phase it is: the most silicon is quartz, silicon
# with aluminum feldspar, calcium calcite, iron pyrite.

names = ["calcite", "pyrite", "amphibole", "feldspar", "quartz"]
colors = ["#88ccee", "#cc3311", "#117733", "#ddaa77", "#dddddd"]
for label in range(1, 6):
    palette = palette.rename(label, names[label - 1])
    palette = palette.recolor(label, colors[label - 1])

labels = palette.label(maps)
picture = np.concatenate([[[1, 1, 1]], palette.colors])[labels]

fig, ax = plt.subplots(figsize=(5.4, 4.4), layout="constrained")
ax.imshow(picture, extent=extent)
for name, color in zip(palette.names, palette.colors, strict=True):
    ax.plot([], [], "s", color=color, label=name)
fig.legend(loc="outside right center")
ax.hlines(502, 402, 502, "k", linewidth=4)
ax.text(452, 492, "100 µm", ha="center")
ax.set_axis_off()

# %%
# Their areas
# -----------

table = palette.table(pixel**2 / 1e6, "mm²")
table["%"] = 100 * table["share"]
table[["name", "pixels", "%", "area (mm²)", "spread"]].round(3)

# %%
# The spread tells how far the pixels of a phase are from its center, in scaled counts.
# One that is much larger than the others is of a cluster that holds more than one
# phase, or many mixed pixels.

# %%
# How sure is it?
# ---------------
# The error map shows how far each pixel is from the mean of its phase: a phase that was
# missed would light up. The margin map shows how sure a label is: 0 where two phases
# are equally near.

errors = error_map(maps, palette)
margins = margin_map(maps, palette)

_, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
shown = {"distance (counts)": errors, "margin": margins}
for ax, (name, values) in zip(axes, shown.items(), strict=True):
    picture = ax.imshow(values, extent=extent)
    plt.colorbar(picture, label=name, shrink=0.9)
    ax.set_axis_off()

# %%
# Compare with the truth
# ----------------------
# Of each simulated phase, how many pixels got which name?

true_names = np.array(["", *minerals])[truth]
found_names = np.array(["", *palette.names])[labels]
confusion = pd.crosstab(
    pd.Series(true_names[inside], name="true"),
    pd.Series(found_names[inside], name="found"),
)
confusion

# %%
# And what part of the sample is each phase, in percent?

areas = pd.DataFrame()
areas["true"] = confusion.sum(axis=1)
areas["found"] = confusion.sum(axis=0)
(100 * areas / inside.sum()).round(2)

# %%
# Where are the pixels that are wrong?

wrong = inside & (true_names != found_names)
borders = find_boundaries(truth)
print(f"wrong: {wrong.sum() / inside.sum():.2%} of the pixels")
print(f"of these at a border: {np.mean(borders[wrong]):.0%}")

# %%
# Where k-means is the wrong tool
# -------------------------------
# **Mixed pixels.** A pixel on the border of two phases has counts of both, and may be
# closest to a third that is not there. K-means gives each pixel to one phase. What
# helps: leave out pixels with a small margin, and report how many these are. To get the
# parts of each phase *within* a pixel, take a method that unmixes, such as non-negative
# matrix factorization.

sure, n = reject(labels, margins, 0.3)
kept = sure > 0
print(f"left out: {n / inside.sum():.2%} of the pixels")
print(f"wrong among the others: {np.mean(wrong[kept]):.2%}")

# %%
# **Phases of very unequal size.** K-means makes the sum of squared distances small. To
# that, a large phase cut in two may be worth more than a rare phase. Without scaling,
# five clusters are too few to find the pyrite:

unscaled = read_samples(
    maps,
    channel_axis=0,
    channel_names=elements,
    no_data=0,
)
five = fit(unscaled, k=5)
five.table().filter(regex="label|center|share").round(2)

# %%
# What helps: more clusters, then merge; scaling; or to point at what you know is there.
# The error map has its highest values there. `Palette.add` makes a cluster of them.

lost = error_map(maps, five)
row, column = np.unravel_index(np.nanargmax(lost), lost.shape)
six = five.add(maps[:, row, column], unscaled)
six.table().filter(regex="label|center|share").round(2)

# %%
# **Counts that are few.** Then noise outweighs the differences of phases. Bin the maps,
# or smooth them, before; and as the noise of counts grows with them, ``np.sqrt(maps)``
# makes it alike in bright and dark phases. Centers are then roots of counts.

# %%
# Only a part of the sample
# -------------------------
# What takes part can also be said by a mask: False leaves a pixel out.

mask = np.hypot(rows, columns) < 60
core = read_samples(
    maps,
    channel_axis=0,
    channel_names=elements,
    mask=mask,
    scaling="variance",
)
print(core.excluded)
print(fit(core, k=5).shares.round(3))

# %%
# On the command line
# -------------------
# With the maps as the four pages of a TIFF, for which tifffile is told that they are no
# red, green, blue and alpha:

imwrite(folder / "xrf.tif", maps, photometric="minisblack")

# %%
#
# .. code-block:: sh
#
#    napari-kmeans sweep xrf.tif --channel-axis 0 --scaling variance --no-data 0
#    napari-kmeans quantize xrf.tif -k 5 --channel-axis 0 --scaling variance --no-data 0
#
# ``xrf-kmeans`` then has the labels, and ``centers.csv`` the mean counts and the
# shares.

# %%
# In the window
# -------------
# 1. Open the maps, each as a layer. Select these layers: together they are the
#    channels.
# 2. Choose **Plugins > K-means > K-means quantization**. Under **Colors and channels**,
#    set the scaling to equal variance; under **Region**, no data to 0.
# 3. **K?** opens the sweep. Press **Run**.
# 4. In the panel **Clusters**, move the slider *Merge closer* until the phases are
#    right, or select rows and press **Merge** (M). A double-click in the column *name*
#    names a phase.
# 5. **More** has the error map, the margin map, and **Columns** for the spread.
#    **Export > Table (CSV)** writes the areas, in the units of the layers.
