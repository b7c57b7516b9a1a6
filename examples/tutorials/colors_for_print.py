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
# It comes with scikit-image. For your own, `read` opens the file. The print is to be
# 200 mm wide, so a pixel is so many millimeters:

import tempfile
from pathlib import Path

import numpy as np
from skimage.data import astronaut

photo = astronaut()
pixel = 200 / photo.shape[1]
folder = Path(tempfile.mkdtemp())
print(f"{photo.shape[1]} pixels, each {pixel:.2f} mm")

# %%
# Which color space
# -----------------
# K-means makes the squared distances between the pixels and their colors as small as it
# can. So it matters where distances are measured. In RGB they tell how values differ,
# in CIELAB and Oklab about how colors look different. `read_samples` reads the photo
# and counts its colors, `fit` clusters them, and `measure` tells what is lost: PSNR is
# of the values, more is better; ΔE is the color difference CIEDE2000, less is better,
# and about 1 can just be seen.

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
# it, for blue looks very different from all else. Another photo may want another space:
# try them, and look.

import matplotlib.pyplot as plt

_, panels = plt.subplots(2, 4, figsize=(9, 2.9), height_ratios=[8, 1])
panels[0, 0].imshow(photo)
panels[0, 0].set_title("photo")
for column, (space, palette) in enumerate(palettes.items(), start=1):
    panels[0, column].imshow(palette.paint(photo))
    panels[0, column].set_title(space)
    panels[1, column].imshow(palette.colors[np.newaxis], aspect="auto")
for panel in panels.flat:
    panel.axis("off")
plt.tight_layout(h_pad=0.1)

# %%
# How many colors
# ---------------
# Each ink costs a screen, each thread a needle. What does one more give? A photo that
# was read is clustered again in a moment. (`sweep` suggests a K for images that fall
# into kinds. A photo has no true number of colors, so the curve has no corner to find.)

ks = [2, 4, 6, 8, 12, 16]
fitted = [fit(samples["cielab"], k=k) for k in ks]
lost = [measure(samples["cielab"], palette) for palette in fitted]

plt.rcParams["axes.spines.top"] = False
plt.rcParams["axes.spines.right"] = False
plt.figure(figsize=(6, 3))
plt.plot(ks, [each.delta_e_95 for each in lost], "o-")
plt.plot(ks, [each.mean_delta_e for each in lost], "o-")
plt.legend(["95 % of the pixels are below", "mean"], frameon=False)
plt.axvline(8, color="gray", linestyle="--", linewidth=1)
plt.xlabel("colors")
plt.ylabel("lost (ΔE)")
plt.ylim(0)
plt.tight_layout()

# %%
# The inks at hand
# ----------------
# A palette is a value: each edit returns a new one. `Palette.recolor` gives a cluster
# another color; its pixels stay its own. Here black becomes the black of the press, the
# brightest becomes the paper, and orange becomes one that there is in a tin.

inks = palettes["cielab"]
inks = inks.recolor(1, "#1d1d1b").rename(1, "black")
inks = inks.recolor(6, "#e8562a").rename(6, "orange")
inks = inks.recolor(8, "#f4efe6").rename(8, "paper")
for label, name in enumerate(["blue", "red", "olive", "brown"], start=2):
    inks = inks.rename(label, name)
inks = inks.rename(7, "gray")

print("as found:", measure(samples["cielab"], palettes["cielab"]))
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

colors = np.rint(palettes["cielab"].colors * 255).astype(np.uint8)
looks = {"fixed": True, "color_space": "ciede2000"}
found = quantize(colors[np.newaxis], rgb=True, init=chart, **looks)
nearest = found.labels[0]

threads = palettes["cielab"]
for label, thread in enumerate(nearest, start=1):
    threads = threads.recolor(label, chart.colors[thread - 1])
    threads = threads.rename(label, chart.names[thread - 1])

pairs = np.stack([palettes["cielab"].colors, threads.colors])
_, panels = plt.subplots(1, 8, figsize=(9, 1.8))
for at, panel in enumerate(panels):
    panel.imshow(pairs[:, [at]])
    panel.set_title(threads.names[at].replace(" ", "\n"), fontsize=9)
    panel.axis("off")
plt.tight_layout()

# %%
# Above are the colors that were found, below the threads. Where two get the same
# thread, `Palette.merge` makes them one. If each pixel were to choose among all
# threads, the photo would take

whole = quantize(photo, init=chart, **looks)
print(np.count_nonzero(whole.counts), "threads")

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

pictures = {
    "no dither": poster.quantized,
    "diffusion": dither(photo, inks),
    "diffusion, strength 0.6": dither(photo, inks, strength=0.6),
    "ordered": dither(photo, inks, method="ordered"),
}
for title in [*pictures][1:]:
    pictures[title] = inks.colors[pictures[title] - 1]

part = np.s_[30:150, 170:290]
_, panels = plt.subplots(1, 4, figsize=(9, 2.6))
for panel, (title, picture) in zip(panels, pictures.items(), strict=True):
    panel.imshow(picture[part], interpolation="nearest")
    panel.set_title(title, fontsize=9)
    panel.axis("off")
plt.tight_layout()

# %%
# What is lost
# ------------
# `measure` tells it of a palette. Of a picture that was cleaned or dithered,
# scikit-image does: the mean ΔE between photo and picture, and the same from a
# distance, where the eye blurs the light of both. What is left there is what the inks
# cannot mix.

from skimage.color import deltaE_ciede2000, rgb2lab, rgb2xyz, xyz2lab
from skimage.filters import gaussian

near = rgb2lab(photo)
far = xyz2lab(gaussian(rgb2xyz(photo), sigma=3, channel_axis=-1))
for title, picture in pictures.items():
    light = gaussian(rgb2xyz(picture), sigma=3, channel_axis=-1)
    lost = deltaE_ciede2000(near, rgb2lab(picture)).mean()
    afar = deltaE_ciede2000(far, xyz2lab(light)).mean()
    print(f"{title:24} ΔE {lost:4.1f}, from a distance {afar:4.1f}")

# %%
# The picture as a file
# ---------------------
# `write_indexed` writes a PNG or a GIF in which each pixel is the number of its color,
# as pixel art and embroidery programs want it. Label 1 is entry 1 of the file's
# palette, and so on; entry 0, black, is for pixels left out. Pillow reads it back: the
# file's palette is the palette.

from PIL import Image

from napari_kmeans import write_indexed

asked = np.rint(inks.colors * 255).astype(int)
for name in ("poster.png", "poster.gif"):
    write_indexed(folder / name, poster.labels, inks)
    with Image.open(folder / name) as image:
        entries = np.reshape(image.getpalette(), (-1, 3))[1:9]
        print(name, "in mode", image.mode)
        pixels = np.asarray(image)
        print("- palette of inks:", np.array_equal(entries, asked))
        print("- pixels of labels:", np.array_equal(pixels, poster.labels))

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
    same = back.names == inks.names and np.array_equal(found, asked)
    print(suffix, "holds the same colors and names:", same)

# %%
# A film for each ink
# -------------------
# A screen printer needs a picture for each ink, black where the ink goes. The paper
# needs none.

dpi = 25.4 / pixel
_, panels = plt.subplots(1, 7, figsize=(9, 1.6))
for label, panel in enumerate(panels, start=1):
    film = Image.fromarray(poster.labels != label)
    name = inks.names[label - 1]
    film.save(folder / f"film {label} {name}.png", dpi=(dpi, dpi))
    panel.imshow(film, cmap="gray")
    panel.set_title(name, fontsize=10)
    panel.axis("off")
plt.tight_layout()
print(*sorted(file.name for file in folder.iterdir()), sep="\n")

# %%
# How much of each ink
# --------------------

from napari_kmeans import tabulate

areas = tabulate(photo, poster, pixel_area=pixel**2 / 100, unit="cm²")
areas[["label", "name", "color", "share", "area (cm²)"]].round(3)

# %%
# In the window
# -------------
# 1. Open the photo. In **Plugins > K-means > K-means quantization**, set **K** to 8,
#    and under **Colors and channels** the **color space** to CIELAB. Press **Run**.
# 2. In the panel **Clusters**, a double click on a swatch opens the choice of a color,
#    and one in the column *name* names it.
# 3. **Clean up > Despeckle** removes small islands.
# 4. **Palette > Save palette** writes the palette, **Export > Indexed PNG** the
#    picture. For films, **Export > Labels as one layer a cluster** makes layers, and
#    napari's **File > Save Selected Layers** saves the one that is selected as TIFF.
# 5. **Palette > Open palette** puts a chart on the photo. What is nearest is measured
#    in RGB there.
#
# Dither is for scripts and the command line.
#
# On the command line
# -------------------
# .. code-block:: sh
#
#    napari-kmeans quantize photo.png -k 8 --color-space cielab
#    napari-kmeans palette convert photo-kmeans/palette.json poster.ase
#
# writes the folder ``photo-kmeans``, with picture, labels, table and palette, and then
# the palette for Adobe's programs. An indexed picture, plain or dithered:
#
# .. code-block:: sh
#
#    napari-kmeans quantize photo.png -k 8 --color-space cielab -o poster.png
#    napari-kmeans quantize photo.png -k 8 --dither diffusion -o poster.gif
#
# Each pixel in the thread of a chart that looks most like it, be it of as many threads
# as there are:
#
# .. code-block:: sh
#
#    napari-kmeans apply threads.csv photo.png --distance ciede2000 -o threads
#
# Recoloring, despeckling and films are for the window and for scripts.
#
# What is left to your printing program
# -------------------------------------
# Colors are those of the screen, sRGB: profiles of inks and papers are not applied.
# Films meet edge to edge: they are not spread below each other (trapping), and there is
# no halftone. Stitches are not planned: a digitizing program takes the indexed picture.
