"""
Eight colors for print
======================

You have a photo that is to be printed, stitched or drawn in few colors. At the end of
this page it has eight, those of your inks or threads, without islands too small to be
made. You have an indexed PNG, the palette for other programs, a film for each ink, and
you know how much of each ink it takes.
"""

# %%
# The photo
# ---------
# It comes with scikit-image. For your own, write ``photo, _, _ = read("photo.jpg")``:
# `read` opens the file, and tells two more things of it that are not needed here. The
# print is to be 200 mm wide, so a pixel is so many millimeters. The files of this page
# go to the folder that is printed here:

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.data import astronaut

photo = astronaut()
pixel = 200 / photo.shape[1]
print(f"{photo.shape[1]} pixels, each {pixel:.2f} mm")

folder = Path(tempfile.mkdtemp(prefix="poster-"))
Image.fromarray(photo).save(folder / "photo.png")
print("Files are written to", folder)

# %%
# Transparent pixels of a PNG are left out: they have label 0, and get no ink. If they
# are to be printed, make the photo opaque in your image editor first.
#
# The very first run compiles parts of the program, and takes longer; later ones do not.

# %%
# Which color space
# -----------------
# K-means makes the squared distances between the pixels and their colors as small as it
# can. So it matters where distances are measured. In RGB they tell how values differ,
# in CIELAB and Oklab about how colors look different. `read_samples` reads the photo
# and counts its colors, `fit` clusters them, and `measure` tells what is lost: PSNR is
# of the values, more is better; ΔE is the color difference CIEDE2000, less is better,
# and about 1 can just be seen. *Explained* is the part of the variance of the values
# that the eight colors keep: at 100 %, each pixel would have its very own color.

from napari_kmeans import fit, measure, read_samples

samples = {
    space: read_samples(photo, color_space=space)
    for space in ("rgb", "oklab", "cielab")
}
palettes = {space: fit(samples[space], k=8) for space in samples}
for space, palette in palettes.items():
    print(f"{space:8}", measure(samples[space], palette))

# %%
# In RGB and in Oklab the flag loses its blue, because few pixels have it. CIELAB keeps
# a violet for it, which looks very different from all else. Another photo may want
# another space: try them, and look.

import matplotlib.pyplot as plt

pictures = {"photo": photo}
for space, palette in palettes.items():
    pictures[space] = palette.paint(photo)

_, panels = plt.subplots(2, 2, figsize=(7, 7.4))
for panel, title in zip(panels.flat, pictures, strict=True):
    panel.imshow(pictures[title])
    panel.set_title(title)
    panel.axis("off")
plt.tight_layout()

# %%
# How many colors
# ---------------
# Each ink costs a screen, each thread a needle. What does one more give? A photo that
# was read is clustered again in a moment. (`sweep` suggests a K for images that fall
# into kinds. A photo has no true number of colors, so the curve has no corner to find.)

ks = [2, 4, 6, 8, 12, 16]
fitted = [fit(samples["cielab"], k=k) for k in ks]
lost = [measure(samples["cielab"], each) for each in fitted]

plt.rcParams["axes.spines.top"] = False
plt.rcParams["axes.spines.right"] = False
plt.figure(figsize=(6, 3))
plt.plot(ks, [each.delta_e_95 for each in lost], "o-")
plt.plot(ks, [each.mean_delta_e for each in lost], "o-")
plt.legend(["95 % of pixels are below", "mean"], frameon=False)
plt.axvline(8, color="gray", linestyle="--", linewidth=1)
plt.xlabel("colors")
plt.ylabel("lost (ΔE)")
plt.ylim(0)
plt.tight_layout()

# %%
# The inks at hand
# ----------------
# These are the eight colors of the photo:

inks = palettes["cielab"]
inks

# %%
# Numbers run from dark to bright. In your photo they are other colors: look at this
# table, then fill in numbers and names below. `Palette.recolor` gives a cluster another
# color; its pixels stay its own. Here black becomes the black of the press, the
# brightest becomes the paper, and orange becomes one that there is in a tin. Edits
# return a new palette; the old one stays.

inks = inks.recolor(1, "#1d1d1b").rename(1, "black")
inks = inks.rename(2, "violet").rename(3, "wine")
inks = inks.rename(4, "bark").rename(5, "stone")
inks = inks.recolor(6, "#e8562a").rename(6, "orange")
inks = inks.rename(7, "gray")
inks = inks.recolor(8, "#f4efe6").rename(8, "paper")

found = palettes["cielab"]
print("as found:", measure(samples["cielab"], found))
print("in inks: ", measure(samples["cielab"], inks))
inks

# %%
# Threads of a chart
# ------------------
# Threads and beads are bought by the number. Their charts are tables, with a name and a
# color in each row. This one is made up; `Palette.load` reads those of makers, and
# palettes of other programs, too.

chart_file = folder / "threads.csv"
chart_file.write_text("""\
code,name,hex
101,snow,#f8f6f0
104,linen,#e6dcc8
112,dove,#b9aea6
118,stone,#857669
131,black,#15120f
205,straw,#e6c34a
214,apricot,#f2a65a
221,tangerine,#e8702a
226,rust,#b4491f
231,scarlet,#c8202f
238,wine,#7a1826
244,rose,#d98a94
310,violet,#46307a
316,navy,#1f2a52
322,royal,#2f4fa3
329,sky,#8db4dc
407,teal,#1f6f75
412,forest,#274a2c
418,moss,#6b7a3a
423,bark,#54401f
""")

from napari_kmeans import Palette

chart = Palette.load(chart_file)
print(chart.k, "threads, the first is", chart.names[0])

# %%
# Each of the eight colors gets the thread that looks most like it. The eight are an
# image of one row. `quantize` with ``init=chart, fixed=True`` searches nothing, but
# gives each pixel the nearest color of the chart; the color difference CIEDE2000 says
# which that is.

from napari_kmeans import quantize

eight = palettes["cielab"]
row = np.rint(eight.colors * 255).astype(np.uint8)[np.newaxis]
looks = {"fixed": True, "color_space": "ciede2000"}
nearest = quantize(row, rgb=True, init=chart, **looks).labels[0]

threads = eight
for label, thread in enumerate(nearest, start=1):
    threads = threads.recolor(label, chart.colors[thread - 1])
    threads = threads.rename(label, chart.names[thread - 1])

pairs = np.stack([eight.colors, threads.colors])
_, panels = plt.subplots(1, 8, figsize=(9, 1.8))
for at, panel in enumerate(panels):
    panel.imshow(pairs[:, [at]])
    name = threads.names[at].replace(" ", "\n")
    panel.set_title(name, fontsize=9)
    panel.axis("off")
plt.tight_layout()

# %%
# Above are the colors that were found, below the threads. Two colors may get the same
# thread: then its name is there twice, and `Palette.merge` makes them one.

for name in set(threads.names):
    names = enumerate(threads.names, start=1)
    same = [label for label, each in names if each == name]
    if len(same) > 1:
        threads = threads.merge(same)
print(threads.k, "colors, each another thread")

# %%
# If each pixel were to choose among all threads, the photo would take

whole = quantize(photo, init=chart, **looks)
print(np.count_nonzero(whole.counts), "threads")

# %%
# :doc:`/how_to/colors/nearest_of_a_chart` is this section alone, for a chart of yours.
# From here on, we print with ``inks``; for threads, write ``threads`` there.

# %%
# Islands too small to make
# -------------------------
# A stitch, or a drop of ink, has a least size. `despeckle` gives islands below it to
# the neighbor with the longest border. With `spacing` the size is in square
# millimeters.

from napari_kmeans import despeckle, paint_samples

printed = paint_samples(samples["cielab"], inks)
clean = despeckle(printed.labels, size=4, spacing=pixel)
poster = printed.relabeled(clean.labels)
print(f"4 mm² are {4 / pixel**2:.0f} pixels")
clean

# %%
# On the left is the patch on the suit before, on the right after.

part = np.s_[330:450, 130:310]
_, panels = plt.subplots(1, 2, figsize=(9, 3.2))
panels[0].imshow(printed.quantized[part])
panels[1].imshow(poster.quantized[part])
for panel in panels:
    panel.axis("off")
plt.tight_layout()

# %%
# Dither
# ------
# Pixel artists, and printers who can hold a fine dot, mix colors instead: the eye adds
# up what is close together. `dither` with "diffusion" hands what a pixel lacks on to
# its neighbors; "ordered" makes a regular pattern, which stays still from frame to
# frame. Less `strength` has less grain, and mixes less.

from napari_kmeans import dither

mixed = {
    "no dither": poster.labels,
    "diffusion": dither(photo, inks),
    "diffusion, strength 0.6": dither(photo, inks, strength=0.6),
    "ordered": dither(photo, inks, method="ordered"),
}
# Label 0, of pixels that are left out, is row 0: white.
colors = np.vstack([[1, 1, 1], inks.colors])
pictures = {title: colors[mixed[title]] for title in mixed}

part = np.s_[30:150, 170:290]
_, panels = plt.subplots(2, 2, figsize=(7, 7.4))
for panel, title in zip(panels.flat, pictures, strict=True):
    panel.imshow(pictures[title][part], interpolation="nearest")
    panel.set_title(title)
    panel.axis("off")
plt.tight_layout()

# %%
# What is lost
# ------------
# `measure` tells it of a palette. Of a picture that was cleaned or dithered,
# scikit-image does: the mean ΔE between photo and picture, and the same from a
# distance, where the eye blurs the light of both. What is left there is what the inks
# cannot mix.

from skimage import color
from skimage.filters import gaussian

blur = {"sigma": 3, "channel_axis": -1}
inside = poster.labels > 0  # what is not left out
rgb = photo[..., :3]  # without the alpha of a PNG
near = color.rgb2lab(rgb)
far = color.xyz2lab(gaussian(color.rgb2xyz(rgb), **blur))
for title, picture in pictures.items():
    light = gaussian(color.rgb2xyz(picture), **blur)
    lost = color.deltaE_ciede2000(near, color.rgb2lab(picture))
    afar = color.deltaE_ciede2000(far, color.xyz2lab(light))
    print(f"{title:24} ΔE {lost[inside].mean():4.1f},", end=" ")
    print(f"from a distance {afar[inside].mean():4.1f}")

# %%
# The picture as a file
# ---------------------
# `write_indexed` writes a PNG or a GIF in which each pixel is the number of its color,
# as pixel art and embroidery programs want it. Label 1 is entry 1 of the file's
# palette; entry 0 is black, or transparent where pixels were left out. So GIMP lists
# one entry more than there are inks. The files do not say how large a pixel is: set the
# width of 200 mm where you place them. Pillow reads them back:

from napari_kmeans import write_indexed

asked = np.rint(inks.colors * 255).astype(int)
for name in ("poster.png", "poster.gif"):
    write_indexed(folder / name, poster.labels, inks)
    with Image.open(folder / name) as image:
        entries = np.reshape(image.getpalette(), (-1, 3))
        entries = entries[1 : inks.k + 1]
        print(name, "in mode", image.mode)
        pixels = np.asarray(image)
        same = np.array_equal(entries, asked)
        print("- palette of inks:", same)
        same = np.array_equal(pixels, poster.labels)
        print("- pixels of labels:", same)

# %%
# The palette for other programs
# ------------------------------
# `Palette.save` writes what the name of the file ends with: ``.gpl`` for GIMP, Inkscape
# and Krita, ``.ase`` and ``.aco`` for Adobe's programs. These hold colors and names.
# ``.json`` holds all of the palette, for other photos that are to be in the same inks.

for suffix in (".gpl", ".ase", ".aco", ".json"):
    inks.save(folder / f"poster{suffix}")
    back = Palette.load(folder / f"poster{suffix}")
    found = np.rint(back.colors * 255).astype(int)
    same = np.array_equal(found, asked)
    same = same and back.names == inks.names
    print(suffix, "holds the same colors and names:", same)

# %%
# A film for each ink
# -------------------
# A screen printer needs a picture for each ink, black where the ink goes. The paper
# needs none. Registration marks, traps and halftones are left to your printing program:
# see `the end of this page <#what-is-left-to-your-printing-program>`__.

dpi = 25.4 / pixel
_, panels = plt.subplots(2, 4, figsize=(9, 4.9))
for label in range(1, inks.k):  # all but the paper
    panel = panels.flat[label - 1]
    film = Image.fromarray(poster.labels != label)
    name = inks.names[label - 1]
    file = folder / f"film {label} {name}.png"
    film.save(file, dpi=(dpi, dpi))
    panel.imshow(film, cmap="gray", vmin=0, vmax=1)
    panel.set_title(name, fontsize=10)
    panel.set(xticks=[], yticks=[])
    for edge in panel.spines.values():
        edge.set(visible=True, color="gray", linewidth=0.5)
panels[1, 3].axis("off")
plt.tight_layout()

print(f"films of {dpi:.0f} dpi;", end=" ")
print(f"300 dpi are {200 / 25.4 * 300:.0f} pixels for 200 mm")
print(*sorted(file.name for file in folder.iterdir()), sep="\n")

# %%
# That is coarse: one sees the pixels as steps at the edges. Take a photo of as many
# pixels as 300 dpi need. Where there is none, and the printing device asks for more
# dots, enlarge the films; edges and their steps stay as they are:

size = film.width * 5, film.height * 5
large = film.resize(size, Image.Resampling.NEAREST)
large.save(folder / f"large {name}.png", dpi=(5 * dpi, 5 * dpi))
print(f"{large.width} pixels, {5 * dpi:.0f} dpi")

# %%
# How much of each ink
# --------------------
# These are the areas after despeckling. Times what your ink takes, in g/m², they are
# what to mix. The paper is no ink.

from napari_kmeans import tabulate

area = pixel**2 / 100  # of a pixel, in cm²
areas = tabulate(photo, poster, pixel_area=area, unit="cm²")
columns = ["label", "name", "color", "share", "area (cm²)"]
areas[columns].round(3)

# %%
# In the window
# -------------
# 1. Open the photo; this one is **File > Open Sample > napari builtins > Astronaut
#    (RGB)**. In **Plugins > K-means > K-means quantization**, set **K** to 8, and under
#    **Colors and channels** the **color space** to CIELAB. Press **Run**. The first run
#    takes longer.
# 2. In the panel **Clusters**, the swatch is the colored number in the column *#*. A
#    double click on it opens the choice of a color: here ``#1d1d1b`` for 1, ``#e8562a``
#    for 6 and ``#f4efe6`` for 8. A double click in the column *name* names a cluster:
#    black, violet, wine, bark, stone, orange, gray, paper. The cluster that is selected
#    is seen alone; **Show all** ends that.
# 3. Open the heading **Clean up**, type 26 and press **Despeckle**: that is how many
#    pixels 4 mm² are. Units of area are in the list beside it only where the layer has
#    a scale.
# 4. **Palette > Save palette** writes the palette, **Export > Indexed PNG** the
#    picture.
# 5. **Palette > Open palette** puts a chart on the photo: each pixel gets the nearest
#    of *all* its colors, by distances in RGB, whatever the color space says. They
#    replace the eight; undo brings those back. The nearest thread for each of the eight
#    is for scripts.
#
# For films take the script above. **Export > Labels as one layer a cluster** makes a
# layer of each, called after the cluster, or "photo cluster 6" where it has no name, so
# name them first. But **File > Save Selected Layers** writes such a layer as TIFF only,
# not as PNG: with 0 and the number of the cluster as 32-bit integers, not black and
# white, and without dpi.
#
# Dither is for scripts and the command line.
#
# On the command line
# -------------------
# The photo, ``threads.csv`` and ``poster.gpl`` are in the folder printed at the top. In
# that folder,
#
# .. code-block:: sh
#
#    napari-kmeans quantize photo.png -k 8 --color-space cielab
#    napari-kmeans palette convert photo-kmeans/palette.json found.ase
#
# writes the folder ``photo-kmeans``, with picture, labels, table and palette, and then
# the palette for Adobe's programs. An indexed picture, plain or dithered:
#
# .. code-block:: sh
#
#    napari-kmeans quantize photo.png -k 8 --color-space cielab \
#        -o plain.png
#    napari-kmeans quantize photo.png -k 8 --color-space cielab \
#        --dither diffusion -o dithered.gif
#
# Dithered in the inks of this page, which ``poster.gpl`` holds:
#
# .. code-block:: sh
#
#    napari-kmeans apply poster.gpl photo.png --dither diffusion \
#        -o dithered
#
# Each pixel in the thread of the chart that looks most like it, with no limit to how
# many threads are used:
#
# .. code-block:: sh
#
#    napari-kmeans apply threads.csv photo.png --distance ciede2000 \
#        -o threads
#
# Recoloring and despeckling are for the window and for scripts, films for scripts.
#
# What is left to your printing program
# -------------------------------------
# Colors are those of the screen, sRGB: profiles of inks and papers are not applied.
# Films have no registration marks. They meet edge to edge: they are not spread below
# each other (trapping), and there is no halftone. Stitches are not planned: a
# digitizing program takes the indexed picture.
