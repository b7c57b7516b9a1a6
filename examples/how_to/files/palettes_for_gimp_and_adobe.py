"""
Take a palette to GIMP or Adobe, and back
=========================================

The ending of the file name says for which program: `Palette.save` writes it, and
`Palette.load` reads it.
"""

# %%

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from skimage.data import coffee

from napari_kmeans import Palette, quantize

image = coffee()
palette = quantize(image, k=6).palette.rename(6, "foam")
folder = Path(tempfile.mkdtemp())
endings = ["gpl", "ase", "aco", "act", "hex", "pal", "png", "csv"]
for ending in endings:
    palette.save(folder / f"coffee.{ending}")
print((folder / "coffee.gpl").read_text())

# %%
# "Untitled" is GIMP's word for a color without a name; `Palette.rename` gives it one.
# In GIMP, open **Windows > Dockable Dialogs > Palettes**, and in the menu of a right
# click **Import Palette**; there, choose the palette file. In the window of this
# program, **Palette > Save palette** writes the same files.
#
# What another program has made, or mended, comes back as colors that label and paint.

back = Palette.load(folder / "coffee.gpl")

_, axes = plt.subplots(1, 2, figsize=(8, 2.6), layout="constrained")
axes[0].imshow(back.colors[None])
axes[0].set_xticks(range(6), ["1", "2", "3", "4", "5", "6"])
axes[0].set_yticks([])
axes[1].imshow(back.paint(image))
axes[1].axis("off")
plt.show()

# %%
# ====================== ====================================================
# ``.gpl``               GIMP, Inkscape, Krita, Aseprite
# ``.ase``, ``.aco``     Adobe, with names
# ``.act``               Adobe, at most 256 colors, without names
# ``.hex``, ``.pal``     Lospec and JASC, without names
# ``.csv``               tables and charts, with names
# ``.png``               a strip of squares, without names
# ``.json``              all of the palette, to the last bit
# ====================== ====================================================
#
# Only ``.json`` keeps centers, counts and how distances are measured: take it for
# measurements.
#
# Read on: `Palette.save`, `Palette.load`; :doc:`/how_to/colors/my_own_colors`.
