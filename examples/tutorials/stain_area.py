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

slide = imread(folder / "slide.png")
height, width = slide.shape[0] * pixel, slide.shape[1] * pixel
extent = (0, width, height, 0)

_, ax = plt.subplots(figsize=(4, 4), layout="constrained")
ax.imshow(slide, extent=extent)
ax.hlines(247, 196, 246, "k", linewidth=4)
ax.text(221, 242, "50 µm", ha="center")
ax.set_axis_off()

# %%
# Read it once
# ------------
# Brown and blue differ in hue; dark and pale brown in lightness. In RGB, lightness
# outweighs hue on a slide. So distances between colors are measured in CIELAB, where
# lightness is a channel of its own, and the scaling "variance" lets the three channels
# count alike.

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

_, axes = plt.subplots(2, 3, figsize=(8, 5.4), layout="constrained")
thumbnails = several.thumbnails(slide, size=256)
for place, ax in enumerate(axes.flat):
    ax.imshow(thumbnails[place])
    ax.set_title(f"K={several.ks[place]}")
    ax.set_axis_off()

# %%
# The suggestion tells how many groups of colors stand apart best. These are tissue and
# background, which is not what we are after. The pictures tell more. From K=4 on the
# nuclei have a cluster of their own, which is blue. From K=5 on a grayish brown has
# one, too: that is where brown and blue lie over each other. This is what we need.

result = quantize_samples(samples, k=5)
result.palette

# %%
# Clusters are numbered from dark to bright. The same slide and settings give the same
# clusters each time, to the last bit.

# %%
# Merge and name
# --------------
# The first two are brown, and together they are the stain. The others get names, too,
# and colors that are easier to tell apart in a figure.

palette = result.palette.merge([1, 2], name="stain")
palette = palette.rename(2, "mixed").recolor(2, "#e0a85c")
palette = palette.rename(3, "nuclei").recolor(3, "#6478b4")
palette = palette.rename(4, "background")

table = palette.table(pixel**2, "µm²")
table[["label", "name", "color", "share", "area (µm²)"]]

# %%
# Look at the labels beside the slide before you believe the number.

labels = palette.label(slide)
stained = labels == 1
alone = np.where(stained[..., np.newaxis], slide, 255)

fig, axes = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
axes[0].imshow(alone, extent=extent)
axes[0].set_title("the slide, where it is stained")
axes[1].imshow(palette.colors[labels - 1], extent=extent)
axes[1].set_title("clusters")
for name, color in zip(palette.names, palette.colors, strict=True):
    axes[1].plot([], [], "s", color=color, label=name)
fig.legend(loc="outside lower right", ncols=4)
for ax in axes:
    ax.hlines(247, 196, 246, "k", linewidth=4)
    ax.set_axis_off()

# %%
# What was lost, and what is unsure
# ---------------------------------
# `measure` compares the slide with the slide in the colors of its clusters: how much of
# the variance these explain, and the mean color difference ΔE (CIEDE2000, of which
# about 1 can just be seen).

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
# Pixels with a margin below 0.1 may as well be of another cluster. What of the area
# hangs on them is the least uncertainty to report.

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
# whether these count before you measure, and report it. K-means gives each pixel to one
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
# The area hardly changes, so we measure the labels as they are. To measure clean ones,
# pass ``result.regrouped(palette).relabeled(cleaned.labels)`` to `tabulate` below.

# %%
# Regions: two glands
# -------------------
# Regions are an image of integers, 0 outside: a Labels layer painted in napari, or the
# result of another program. Here they are two ellipses.

rows, columns = np.indices(slide.shape[:2])
lower = np.hypot((rows - 392) / 112, (columns - 318) / 72) < 1
upper = np.hypot((rows - 130) / 190, (columns - 375) / 85) < 1
regions = np.where(lower, 1, np.where(upper, 2, 0))

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

# %%
# A folder of slides
# ------------------
# The palette is saved, with the names and all that it takes to label other slides.

palette.save(folder / "stain.json")

# %%
# For a folder of slides, this one is cut into four. The last of them is there a second
# time, as under a weaker lamp.

slides = folder / "slides"
slides.mkdir()
quarters = {
    "a": slide[:256, :256],
    "b": slide[:256, 256:],
    "c": slide[256:, :256],
    "d": slide[256:, 256:],
    "d dark": (0.8 * slide[256:, 256:]).astype(np.uint8),
}
for name, quarter in quarters.items():
    imsave(slides / f"{name}.png", quarter)

# %%
# `apply_many` labels them all by the palette. Nothing is clustered anew: the same
# colors are "stain" everywhere. The table has a row for each file and cluster.

files = sorted(slides.glob("*.png"))
palette = Palette.load(folder / "stain.json")
table = apply_many(files, palette).table(pixel**2, "µm²")
table["slide"] = [Path(file).stem for file in table["file"]]
table.pivot(index="slide", columns="name", values="area (µm²)")

# %%
# Slide d shows what a fixed palette takes for granted: the same light. Darker by a
# fifth, the same tissue loses some stain, and much of its background is called nuclei.
# To cluster each slide anew is no way out, as clusters depend on what else is on the
# slide. So take all slides under the same light, or correct them: by a picture of empty
# glass, or, as here, by the brightest pixels.

dark = imread(slides / "d dark.png")
white = np.percentile(quarters["d"], 99, axis=(0, 1))
corrected = dark * (white / np.percentile(dark, 99, axis=(0, 1)))
corrected = corrected.clip(0, 255).astype(np.uint8)
imsave(slides / "d corrected.png", corrected)

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
# Shares are in the same table.

table.pivot(index="slide", columns="name", values="share").round(3)

# %%
# The figure
# ----------

shown = ["stain", "mixed", "nuclei"]
colors = dict(zip(palette.names, palette.colors, strict=True))

_, axes = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
bars = areas[shown].plot.bar(stacked=True, color=colors, ax=axes[0])
bars.tick_params(axis="x", rotation=30)
axes[0].set(xlabel="", ylabel="area (µm²)")
axes[0].legend(frameon=False)
axes[0].spines[["top", "right"]].set_visible(False)

axes[1].imshow(quarters["b"], extent=(0, 128, 128, 0))
axes[1].hlines(123, 103, 123, "k", linewidth=4)
axes[1].text(113, 120, "20 µm", ha="center")
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
    f"iterations, seed {made['seed']}). The two brown\n"
    "clusters were merged. Other slides were labeled by the\n"
    "nearest of these centers. Areas are counts of pixels of\n"
    f"{pixel} µm by {pixel} µm."
)

# %%
# On the command line
# -------------------
# The same, in the folder of the files:
#
# .. code-block:: sh
#
#    napari-kmeans sweep slide.png -k 2..7 --color-space cielab --scaling variance
#    napari-kmeans quantize slide.png -k 5 --color-space cielab --scaling variance
#    napari-kmeans palette merge slide-kmeans/palette.json 1 2 --name stain -o own.json
#    napari-kmeans batch slides --model own.json --pixel-size 0.5 --unit µm
#
# Then ``slides-kmeans`` has the labels and the quantized image of each slide, and in
# ``table.csv`` the areas. Regions are files, too: see ``--regions`` in the help of
# ``napari-kmeans batch``.

# %%
# In the window
# -------------
# .. image:: /images/tissue.png
#    :alt: Stained tissue in napari; brown is a cluster of its own, named and measured
#
# 1. Open the slide, and **Plugins > K-means > K-means quantization**. Areas are in
#    square micrometers where the layer has a scale and units, as files of microscopes
#    bring them.
# 2. Under **Colors and channels**, choose CIELAB as the color space, and as scaling
#    equal variance. **K?** opens the sweep. Set **K** to 5.
# 3. In the panel **Clusters**, select the two brown rows, and press **Merge** (M). A
#    double-click in the column *name* names the cluster.
# 4. **More** has the error map and the margin map. **Clean up** has *Despeckle*, and
#    *Reject unsure*, which leaves unsure pixels out.
# 5. **Export > Table (CSV)** writes the table, **Export > Table of regions (CSV)** that
#    of the regions of a Labels or Shapes layer.
# 6. **Palette > Save palette** writes the palette, and **Palette > Apply to** puts it
#    on a folder, with one table for all of its slides.
