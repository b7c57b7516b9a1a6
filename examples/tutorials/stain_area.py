"""
The area of a stain, in square micrometers
==========================================

You have slides of tissue in which what you look for is stained brown, and the nuclei
blue. At the end of this page you have the brown area of each slide in square
micrometers, a table and a figure of it, a file by which a colleague measures other
slides in the same way, and the sentence for your Methods section.
"""

# %%
# Open a slide
# ------------
# This one comes with scikit-image: immunohistochemistry of the colon. Its file does not
# say how large a pixel is, so we assume half a micrometer. Take yours from the
# microscope: all areas below depend on it.

from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np
from skimage.color import rgb2hed
from skimage.data import immunohistochemistry
from skimage.draw import ellipse
from skimage.filters import threshold_otsu
from skimage.io import imread, imsave

from napari_kmeans import (
    Palette,
    apply_many,
    despeckle,
    error_map,
    margin_map,
    measure,
    quantize_samples,
    read_samples,
    sweep,
    tabulate,
)

pixel = 0.5  # µm

folder = Path(mkdtemp())  # yours is where your slides are
imsave(folder / "slide.png", immunohistochemistry())
print(f"All files of this page are in {folder}")

slide = imread(folder / "slide.png")
height, width = slide.shape[0] * pixel, slide.shape[1] * pixel
extent = (0, width, height, 0)
bottom, right = 0.96 * height, 0.96 * width  # where the scale bar ends

_, ax = plt.subplots(figsize=(4, 4), layout="constrained")
ax.imshow(slide, extent=extent)
ax.hlines(bottom, right - 50, right, "k", linewidth=4)
ax.text(right - 25, bottom - 0.02 * height, "50 µm", ha="center")
ax.set_axis_off()

# %%
# Read it once
# ------------
# Brown and blue differ in hue; dark and pale brown in lightness. In RGB, lightness
# outweighs hue on a slide. So distances between colors are measured in CIELAB, where
# lightness is a channel of its own. The scaling "variance" divides each channel by its
# spread, so that all three weigh the same.

samples = read_samples(
    slide,
    color_space="cielab",
    scaling="variance",
)

# %%
# Choose K
# --------
# K is the number of clusters. `sweep` tries several, and suggests one.

several = sweep(samples, k=range(2, 8))
print(several.suggestion.reason)

fig, axes = plt.subplots(2, 3, figsize=(8, 5.8), layout="constrained")
fig.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
thumbnails = several.thumbnails(slide, size=256)
for place, ax in enumerate(axes.flat):
    ax.imshow(thumbnails[place])
    ax.set_title(f"K={several.ks[place]}")
    ax.set_axis_off()

# %%
# The silhouette, from -1 to 1, tells how much nearer pixels are to their own cluster
# than to the next one. What a K *explains* is its part of the variance, here of the
# colors as they were clustered: in CIELAB, scaled.
#
# The suggestion tells how many groups of colors stand apart best. These are tissue and
# background, which is not what we are after. The pictures tell more. From K=4 on the
# nuclei have a cluster of their own, which is blue. From K=5 on a grayish brown has
# one, too: mostly where brown and blue lie over each other, or where brown is pale.
# This is what we need.

result = quantize_samples(samples, k=5)
result.palette

# %%
# Clusters are numbered from dark to bright. The same slide and settings give the same
# clusters each time, to the last bit.

# %%
# Merge and name
# --------------
# Clusters 1 and 2 are the brown ones of this slide, as the list above shows; of yours,
# these may be others. Together they are the stain. The others get names, too, and all
# get colors that are easy to tell apart in a figure.

palette = result.palette.merge([1, 2], name="stain")
palette = palette.rename({2: "mixed", 3: "nuclei", 4: "background"})
palette = palette.recolor({"stain": "#8c4510", "mixed": "#a0a0a0"})
palette = palette.recolor("nuclei", "#4a64b8")

table = palette.table(pixel**2, "µm²")
table[["label", "name", "color", "share", "area (µm²)"]]

# %%
# The numbers after a merge move down: what was 3 is now 2. The merged cluster keeps
# both centers: its pixels are still those that are nearest to either of them.

# %%
# Look at the labels beside the slide before you believe the number.

labels = palette.label(slide)
stained = labels == 1
alone = np.where(stained[..., np.newaxis], slide, 255)

fig, axes = plt.subplots(1, 2, figsize=(8, 4.6), layout="constrained")
fig.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
axes[0].imshow(alone, extent=extent)
axes[0].set_title("the slide, where it is stained")
axes[1].imshow(palette.colors[labels - 1], extent=extent)
axes[1].set_title("clusters")
for name, color in zip(palette.names, palette.colors, strict=True):
    axes[1].plot([], [], "s", color=color, label=name)
fig.legend(loc="outside lower center", ncols=4, frameon=False)
for ax in axes:
    ax.hlines(bottom, right - 50, right, "k", linewidth=4)
    ax.text(right - 25, bottom - 0.02 * height, "50 µm", ha="center")
    ax.set_axis_off()

# %%
# What was lost, and what is unsure
# ---------------------------------
# `measure` compares the slide with its quantized image, in which each pixel has the
# color of its center. It tells
#
# - PSNR, the peak signal-to-noise ratio: the greater, the nearer are the two;
# - ΔE, the mean color difference (CIEDE2000, of which about 1 can just be seen), and
#   after "95 %" the difference that 95 % of the pixels do not exceed;
# - how much of the variance is explained: here of the values of red, green and blue,
#   so it is not the number that `sweep` has for this K.

print(measure(samples, result.palette))

# %%
# The error map shows the color difference of each pixel. The margin map shows how sure
# its label is: 0 where two clusters are equally near, 1 where it has the very color of
# a center.

errors = error_map(slide, result.palette, metric="ciede2000")
margins = margin_map(slide, palette)

_, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
maps = {"color difference ΔE": errors, "margin": margins}
for ax, (name, values) in zip(axes, maps.items(), strict=True):
    picture = ax.imshow(values, extent=extent)
    plt.colorbar(picture, label=name, shrink=0.9)
    ax.set_axis_off()

# %%
# Pixels with a margin below 0.1 may as well be of another cluster. Report at least this
# area as the uncertainty.

unsure = margins < 0.1
for label, name in enumerate(palette.names, start=1):
    area = np.sum(labels == label) * pixel**2
    doubtful = np.sum(unsure & (labels == label)) * pixel**2
    print(f"{name}: {area:,.0f} µm², unsure {doubtful:,.0f} µm²")

# %%
# What you call stained matters more. The usual tool for stains is color deconvolution:
# it tells how much of each dye is in a pixel. A threshold on the brown one (DAB) makes
# an area of it. How much of each cluster is above that threshold?

brown = rgb2hed(slide)[..., 2]
positive = brown > threshold_otsu(brown)
print(f"above: {np.sum(positive) * pixel**2:,.0f} µm²")
for label, name in enumerate(palette.names, start=1):
    print(f"of {name}: {np.mean(positive[labels == label]):.0%}")

# %%
# Both agree on stain, nuclei and background, and differ on the mixed pixels. Decide
# whether these count before you measure, and report it. This much depends on it:

stain, mixed = table["area (µm²)"][:2]
print(f"stain: {stain:,.0f} µm², stain + mixed: {stain + mixed:,.0f} µm²")

# %%
# K-means gives each pixel to one
# cluster, so it measures areas. It cannot tell how *much* of a dye is in a pixel: for
# scores of intensity, take deconvolution.

# %%
# Specks
# ------
# `despeckle` gives each component that is smaller than 5 µm² to the neighbor with the
# longest shared border.

cleaned = despeckle(labels, size=5, spacing=pixel)
print(cleaned)
print(f"stain: {np.sum(cleaned.labels == 1) * pixel**2:,.0f} µm²")

# %%
# Despeckling again changes nothing. The area hardly changes, so below we measure the
# labels as they are.

# %%
# Regions: two glands
# -------------------
# Regions are an image of integers, 0 outside: a Labels layer painted in napari, or the
# result of another program. Here they are two ellipses.

rows, columns = slide.shape[:2]
regions = np.zeros((rows, columns), np.uint8)
upper = 0.25 * rows, 0.73 * columns, 0.37 * rows, 0.17 * columns
lower = 0.77 * rows, 0.62 * columns, 0.22 * rows, 0.14 * columns
regions[ellipse(*upper, regions.shape)] = 2
regions[ellipse(*lower, regions.shape)] = 1

glands = tabulate(
    slide,
    palette,
    regions,
    pixel_area=pixel**2,
    unit="µm²",
)
glands = glands[glands["name"] == "stain"]
glands[["region", "name", "pixels", "share", "area (µm²)"]]

# %%
# The share is the part of the region: what lies outside does not count.
#
# To measure despeckled labels, give `tabulate` a result that has them, in the place of
# ``palette``:

clean = result.regrouped(palette).relabeled(cleaned.labels)
glands = tabulate(
    slide,
    clean,
    regions,
    pixel_area=pixel**2,
    unit="µm²",
)
glands = glands[glands["name"] == "stain"]
glands[["region", "name", "pixels", "share", "area (µm²)"]]

# %%
# A folder of slides
# ------------------
# The palette is saved, with the names and all that it takes to label other slides.

palette.save(folder / "stain.json")

# %%
# For a folder of slides, this one is cut into four. The last of them is there a second
# time, as under a weaker lamp.

slides = folder / "slides"
slides.mkdir(exist_ok=True)
half, middle = rows // 2, columns // 2
quarters = {
    "a": slide[:half, :middle],
    "b": slide[:half, middle:],
    "c": slide[half:, :middle],
    "d": slide[half:, middle:],
    "d dark": (0.8 * slide[half:, middle:]).astype(np.uint8),
}
for name, quarter in quarters.items():
    imsave(slides / f"{name}.png", quarter)

# %%
# `apply_many` labels them all by the palette. Nothing is clustered anew: the same
# colors are "stain" everywhere. The table has a row for each file and cluster. All
# files must have this pixel size: one is given for all of them.

files = sorted(slides.glob("*.png"))
palette = Palette.load(folder / "stain.json")
table = apply_many(files, palette).table(pixel**2, "µm²")
table["slide"] = [Path(file).stem for file in table["file"]]
table.pivot(index="slide", columns="name", values="area (µm²)")

# %%
# Each cluster needs a name of its own here. If some have none, take
# ``columns="label"``.
#
# Slide d shows what a fixed palette takes for granted: the same light. Darker by a
# fifth, the same tissue loses some stain, and much of its background is called nuclei.
# To cluster each slide anew is no way out, as clusters depend on what else is on the
# slide. To compare areas: one palette and the same light. `quantize_many` where no
# slide is the reference (:doc:`/how_to/measure/table_for_a_folder`). ``like=`` only
# where the same things are in every image (:doc:`/how_to/again/the_next_image`).
#
# So take all slides under the same light, or correct them. Here their brightest pixels
# become as bright as those of the slide that the palette was made of.

white = np.percentile(slide, 99, axis=(0, 1))
for name in ["a", "d dark"]:
    factors = white / np.percentile(quarters[name], 99, axis=(0, 1))
    corrected = (quarters[name] * factors).clip(0, 255).astype(np.uint8)
    imsave(slides / f"{name} corrected.png", corrected)

files = sorted(slides.glob("*.png"))
table = apply_many(files, palette).table(pixel**2, "µm²")
table["slide"] = [Path(file).stem for file in table["file"]]
table.to_csv(folder / "areas.csv", index=False)

areas = table.pivot(
    index="slide",
    columns="name",
    values="area (µm²)",
)
areas

# %%
# Slide d dark is nearly mended. Slide a was in the right light, and has lost stain by
# the correction: it is full of tissue, so that its brightest pixels are no empty
# glass. Correct in this way only where every slide shows empty glass. A picture of
# empty glass, taken under each light, is safer: divide by that.

# %%
# Shares are in the same table.

table.pivot(index="slide", columns="name", values="share").round(3)

# %%
# To despeckle a folder, take a loop:

for file in files:
    cleaned = despeckle(palette.label(imread(file)), size=5, spacing=pixel)
    print(f"{file.stem}: {np.sum(cleaned.labels == 1) * pixel**2:,.0f} µm² of stain")

# %%
# The figure
# ----------

shown = ["stain", "mixed", "nuclei"]
colors = dict(zip(palette.names, palette.colors, strict=True))

fig, axes = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
fig.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
bars = areas.loc[[*"abcd"], shown].plot.bar(stacked=True, color=colors, ax=axes[0])
bars.tick_params(axis="x", rotation=0)
axes[0].set(xlabel="", ylabel="area (µm²)")
axes[0].legend(frameon=False)
axes[0].spines[["top", "right"]].set_visible(False)

axes[1].imshow(quarters["b"], extent=(width / 2, width, height / 2, 0))
axes[1].hlines(0.48 * height, right - 20, right, "k", linewidth=4)
axes[1].text(right - 10, 0.47 * height, "20 µm", ha="center")
axes[1].set_title("slide b")
axes[1].set_axis_off()
plt.savefig(folder / "areas.pdf")

# %%
# The sentence for the Methods section
# ------------------------------------
# The palette knows how it was made, and so does its file. Publish ``stain.json`` with
# the paper: it gives others the same areas of the same slides.

made = palette.settings
versions = made["versions"]
print(
    "Pixels were clustered by k-means (napari-kmeans "
    f"{versions['napari-kmeans']}, OpenCV {versions['opencv']})\n"
    f"with K={made['k']} in {made['color_space'].upper()}, "
    f"its channels scaled to equal {made['scaling']}\n"
    f"({made['attempts']} attempts, at most {made['max_iter']} "
    f"iterations, seed {made['seed']}).\n"
    "The two brown clusters were merged. Each pixel of each\n"
    f"slide was labeled by the nearest of the {made['k']} centers. Areas are\n"
    f"counts of pixels of {pixel} µm by {pixel} µm."
)

# %%
# On the command line
# -------------------
# In the folder of the files, with the palette that the script has saved, this gives the
# same areas:
#
# .. code-block:: sh
#
#    napari-kmeans batch slides --model stain.json --pixel-size 0.5 --unit µm
#
# Then ``slides-kmeans`` has the labels and the quantized image of each slide, and
# ``table.csv`` there the areas. Its columns are named otherwise: ``%`` is 100 times
# *share*, and ``area`` and ``unit`` are two columns.
#
# Without a script, make the palette in three steps:
#
# .. code-block:: sh
#
#    napari-kmeans sweep slide.png -k 2..7 \
#        --color-space cielab --scaling variance
#    napari-kmeans quantize slide.png -k 5 \
#        --color-space cielab --scaling variance
#    napari-kmeans palette merge slide-kmeans/palette.json 1 2 \
#        --name stain -o own.json
#
# 1 and 2 are the brown ones of this slide: look at the list that ``quantize`` prints.
# The areas by ``own.json`` are the same, but only "stain" has a name.
#
# Regions are files, too: ``masks/a.png`` belongs to ``slides/a.png``, and so on. It is
# of the same size, has the number of a region in each pixel, and 0 outside. Each slide
# that is measured must have one. Here these are the two glands, cut as the slide was:

masks = folder / "masks"
masks.mkdir(exist_ok=True)
parts = {
    "a": regions[:half, :middle],
    "b": regions[:half, middle:],
    "c": regions[half:, :middle],
    "d": regions[half:, middle:],
}
for name, part in parts.items():
    imsave(masks / f"{name}.png", part, check_contrast=False)

# %%
# Of the slides whose name is one letter, which is what the question mark stands for:
#
# .. code-block:: sh
#
#    napari-kmeans batch "slides/?.png" --model stain.json --regions masks \
#        --pixel-size 0.5 --unit µm -o glands
#
# ``glands/table.csv`` has rows for each slide, region and cluster, and none of a slide
# on which there is no region.

# %%
# In the window
# -------------
# .. figure:: /images/tissue.png
#    :class: window
#    :alt: Stained tissue in napari; brown is a cluster of its own, named and measured
#
#    Another run on this slide, with other settings: three clusters, of which the
#    darkest is named brown, and the background is hidden.
#
# 1. Open the slide, and **Plugins > K-means > K-means quantization**. Areas are in
#    square micrometers where the layer has a scale and units. napari opens PNG, JPEG
#    and ImageJ's TIFF without it. Say it in napari's console (the **>_** button), then
#    press **Run**:
#
#    .. code-block:: python
#
#       viewer.layers["slide"].scale = (0.5, 0.5)
#       viewer.layers["slide"].units = ("um", "um")
#
#    For a folder of such PNG, use ``napari-kmeans batch --pixel-size``.
# 2. Under **Colors and channels**, choose CIELAB as the color space, and as scaling
#    equal variance. **K?** opens *Choose K* as a tab over *Clusters*: set 2 to 7, and
#    press **Sweep**. Go back to the tab *Clusters*, set **K** to 5, and press **Run**.
# 3. In *Clusters*, select the two brown rows, and press **Merge** (M). A double-click
#    in the column *name* names the cluster. **Color…** gives it another color.
# 4. **More** has the error map and the margin map. **Clean up** has *Despeckle*, and
#    *Reject unsure*, which leaves unsure pixels out.
# 5. **Export > Table (CSV)** writes the table. **Export > Table of regions (CSV)** is
#    gray until there is a Labels or Shapes layer: draw the glands in a new Shapes
#    layer, or open a mask as Labels; select the slide again, and choose the layer in
#    the submenu.
# 6. **Palette > Save palette…** writes the palette, and **Palette > Apply to…** puts
#    it on a folder, with one table for all of its slides.
