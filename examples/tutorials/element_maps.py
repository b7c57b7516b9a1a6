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
# sample of five phases, one of which is rare and comes in small grains. Each phase has
# its mean counts of each element. The beam blurs a little, counts are Poisson
# distributed, and outside of the sample there are none.

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
# From HyperSpy, it is one line::
#
#     maps = np.stack([m.data for m in s.get_lines_intensity()])

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
# Each pixel has as many values as there are maps. Pixels that are 0 in all maps have no
# data, and are left out. So are pixels with NaN; they are counted as not finite.

samples = read_samples(
    maps,
    channel_axis=0,
    channel_names=elements,
    no_data=0,
    scaling="variance",
)
print(f"{samples.n:,} pixels")
print(f"{samples.excluded['no data']:,} without data")
print(f"{samples.excluded['not finite']:,} not finite")

# %%
# How much do the counts of each map vary, and by what does scaling multiply them?

inside = maps.any(axis=0)
deviations = maps[:, inside].std(axis=1)
for element, deviation in zip(elements, deviations, strict=True):
    factor = deviations.max() / deviation
    print(f"{element}: {deviation:4.1f} counts, multiplied by {factor:.2f}")

# %%
# These are standard deviations. Silicon varies by far the most. Distances between
# pixels would be mostly those in silicon, and a phase that is rich in iron would hardly
# matter. The scaling "variance" multiplies each map so that all vary as much as the one
# that varies the most. Distances are then in *scaled counts*. A map of mere noise is
# multiplied, too: leave such maps out.

# %%
# How many phases?
# ----------------
# `sweep` tries several K, and suggests one.

several = sweep(samples, k=range(2, 10))
print(several.suggestion.reason)

axes = several.plot()

# %%
# The jump tells how much more sharply K clusters describe the pixels than K - 1 do: a
# great one says that with this K a phase got a cluster of its own. The silhouette, from
# -1 to 1, tells how much closer a pixel is to the pixels of its own cluster than to
# those of the next one. It has its peak at the same K, and that settles it here. Where
# the two do not agree, take too many clusters, and merge. More on the suggestion:
# :doc:`/how_to/choose_k`.

# %%
# Too many, then merge
# --------------------
# Nine clusters split some phases. The dendrogram shows which are close, where the
# clustering measured: in scaled counts. Branches that meet low are the same phase, and
# between low and high is a gap.

many = several[9]
limit = 150

distances = many.dendrogram[:, 2]
low = distances[distances < limit].max()
high = distances[distances > limit].min()
print(f"{limit} lies in the gap between {low:.0f} and {high:.0f} scaled counts.")

_, ax = plt.subplots(figsize=(6, 3), layout="constrained")
tree = dendrogram(
    many.dendrogram,
    labels=range(1, 10),
    color_threshold=0,
    above_threshold_color="0.5",
    ax=ax,
)
ax.axhline(limit, linestyle="--", color="tab:red")
ax.set(xlabel="cluster", ylabel="distance (scaled counts)")
ax.spines[["top", "right"]].set_visible(False)

# %%
# `Palette.merge_closer` cuts the tree at a distance. ``merge([1, 2])`` would merge by
# hand.

palette = many.merge_closer(limit)
palette.table().filter(regex="label|center|share").round(2)

# %%
# Name the phases
# ---------------
# The centers are the mean counts of each cluster, in the units of the maps, however
# they were scaled. So they tell which phase it is: the most silicon is quartz, silicon
# with aluminum feldspar, calcium calcite, iron pyrite. Look at the table, and write the
# lists of names and of colors in its order.

names = ["calcite", "pyrite", "amphibole", "feldspar", "quartz"]
colors = ["#88ccee", "#cc3311", "#117733", "#ddaa77", "#dddddd"]
palette = palette.rename(dict(enumerate(names, start=1)))
palette = palette.recolor(dict(enumerate(colors, start=1)))

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
# A pixel has an area of 2 µm by 2 µm. With it, the table of the clusters has the area
# of each phase.

table = palette.table(pixel**2, "µm²")
table["%"] = 100 * table["share"]
table = table.rename(columns={"spread": "spread (scaled counts)"})
table[["name", "pixels", "%", "area (µm²)", "spread (scaled counts)"]].round(2)

# %%
# The spread tells how far the pixels of a phase are from its center. One that is much
# larger than the others is of a cluster that holds more than one phase, or many mixed
# pixels. Here it is pyrite's. Its mean has silicon, too, though pyrite has next to
# none. Is it at the edges of its grains?

pyrite = labels == 1 + palette.names.index("pyrite")
edge = pyrite & find_boundaries(labels)
grains = {"at the edge": edge, "further inside": pyrite & ~edge}
for place, where in grains.items():
    si, al, ca, fe = maps[:, where].mean(axis=1)
    print(f"{place}: {where.sum()} pixels, {si:.1f} counts of Si, {fe:.1f} of Fe")

# %%
# It is. Grains this small are mostly edge, and a pixel at the edge has counts of what
# is around the grain.

# %%
# How sure is it?
# ---------------
# The error map shows how far each pixel is from the mean of its phase, in counts as
# they were measured. The margin map shows how sure a label is. It is a ratio: 0 where
# two phases are equally near, 1 where there is no doubt.

errors = error_map(maps, palette)
margins = margin_map(maps, palette)

_, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
shown = {"error (counts)": errors, "margin": margins}
for ax, (name, values) in zip(axes, shown.items(), strict=True):
    picture = ax.imshow(values, extent=extent)
    plt.colorbar(picture, label=name, shrink=0.9)
    ax.set_axis_off()

# %%
# Errors are largest at borders, where pixels are mixed. A phase that was missed would
# light up as a whole; :ref:`below <unequal_phases>` one does.

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
areas.index.name = "phase"
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
# .. _unequal_phases:
#
# **Phases of very unequal size.** K-means makes the sum of squared distances small.
# Cutting a large phase in two may make the sum smaller than giving a rare phase a
# cluster of its own. Without scaling, five clusters are too few to find the pyrite:

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
# The error map shows where to point: it lights up in the grains of pyrite.
# `Palette.add` makes a cluster of the pixel with the highest error, and of those that
# are nearest to it.

lost = error_map(maps, five)
row, column = np.unravel_index(np.nanargmax(lost), lost.shape)
six = five.add(maps[:, row, column], unscaled)

_, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
shown = {"five clusters": lost, "one added": error_map(maps, six)}
for ax, (name, values) in zip(axes, shown.items(), strict=True):
    picture = ax.imshow(values, extent=extent, vmin=0, vmax=np.nanmax(lost))
    ax.set_title(name)
    ax.set_axis_off()
plt.colorbar(picture, ax=axes, label="error (counts)", shrink=0.9)

six.table().filter(regex="label|center|share").round(2)

# %%
# **Counts that are few.** Then noise outweighs the differences of phases. Bin the maps,
# or smooth them, before; and as the noise of counts grows with them, ``np.sqrt(maps)``
# makes it alike in bright and dark phases. Centers are then roots of counts.

# %%
# Only a part of the sample
# -------------------------
# A mask says which pixels take part: False leaves a pixel out.

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
print("In the folder", folder)

# %%
# Go to the folder of your maps in a terminal. What ``sweep`` prints is the table
# of the curves above, with the suggestion:
#
# .. code-block:: sh
#
#    napari-kmeans sweep xrf.tif --channel-axis 0 \
#        --scaling variance --no-data 0
#    napari-kmeans quantize xrf.tif -k 5 --channel-axis 0 \
#        --scaling variance --no-data 0
#
# ``quantize`` prints the clusters and their shares, and writes the folder
# ``xrf-kmeans``:
#
# - ``centers.csv``, a row for each phase: its pixels, its share, and its mean counts.
#   ``center_0`` to ``center_3`` are the maps in the order of the file, here Si, Al, Ca
#   and Fe.
# - ``labels.png``, the number of the phase of each pixel as a gray value from 0 to 5:
#   it looks black. ``--show`` opens napari, which shows it in colors.
# - ``quantized.tif``, the maps with the mean of its phase in each pixel.
# - ``palette.json`` and ``settings.json``, to do the same to further maps.
#
# The clusters are printed as shades of gray, as maps of elements have no color of their
# own. Two of the figures are to be read with care. What is *explained* is measured in
# scaled counts by ``sweep``, but in counts by ``quantize``, so the two differ. And the
# PSNR compares the error to the largest number that the file could hold, which says
# little about counts.
#
# ``quantize`` writes no areas. ``batch`` does, of all maps in a folder:
#
# .. code-block:: sh
#
#    napari-kmeans batch "*.tif" -k 5 --channel-axis 0 \
#        --scaling variance --no-data 0 \
#        --pixel-size 2 --unit µm -o areas
#
# Its ``areas/table.csv`` has a row for each file and phase.

# %%
# In the window
# -------------
# 1. Open the maps, each as a layer: four files by **File > Open Files**, or one file in
#    napari's console (the **>_** button)::
#
#        viewer.open("xrf.tif", channel_axis=0, name=["Si", "Al", "Ca", "Fe"])
#
#    Say there how large a pixel is, too; without it the table has pixels but no
#    areas::
#
#        for layer in viewer.layers:
#            layer.scale, layer.units = (2, 2), ("um", "um")
#
#    Click the first layer, and the last with Shift: the layers that are selected
#    together are the channels.
# 2. Choose **Plugins > K-means > K-means quantization**. Under **Colors and channels**,
#    set the scaling to equal variance; under **Region**, no data to 0.
# 3. **K?** opens **Choose K** in a tab over this dock. Press **Sweep** there.
# 4. Back in the tab **K-means quantization**, set **K** to 9, more than there are
#    phases, and press **Run**. This adds a quantized layer for each map, labels and
#    centers; **Output > Add** says which of them you want.
# 5. In the panel **Clusters**, move the slider *Merge closer* until the phases are
#    right, or select rows and press **Merge** (M). A double-click in the column *name*
#    names a phase. The spread is a column of this table; **More > Columns** shows and
#    hides columns.
# 6. **More** has the error map and the margin map. **Export > Table (CSV)** writes the
#    areas, in the units of the layers.
