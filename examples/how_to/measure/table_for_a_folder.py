"""
One table for a folder of images
================================

`quantize_many` finds one palette for all images, and its table has a row for each
image and cluster. Images are read one after another, and none is kept.
"""

# %%
# Six pictures in a folder:

import tempfile
from pathlib import Path

from PIL import Image
from skimage.data import immunohistochemistry

folder = Path(tempfile.mkdtemp(), "slides")
folder.mkdir()
tissue = immunohistochemistry()
for n in range(6):
    row, column = 256 * (n // 3), 170 * (n % 3)
    part = tissue[row : row + 256, column : column + 170]
    Image.fromarray(part).save(folder / f"slide{n + 1}.png")

# %%

from napari_kmeans import quantize_many

files = sorted(folder.glob("*.png"))
many = quantize_many(
    files, k=5, color_space="cielab", scaling="variance", errors="skip"
)
table = many.table(0.25, "µm²")
table["file"] = [Path(file).stem for file in table["file"]]
table.to_csv(folder / "table.csv", index=False)
table[["file", "label", "color", "share", "area (µm²)"]].head(5)

# %%
# With ``errors="skip"``, a file that cannot be read is left out, and ``many.failed``
# tells which, and why; by default the first of them ends it all. The size of a pixel,
# here 0.25 µm², is one for all: all files must have it. Distances are measured in
# CIELAB, with channels of equal variance, as hues of tissue are told apart by that.
#
# Labels 1 and 2 are the brown ones of these slides, as the colors in the table show:
# together they are the stain. Each result is made when it is asked for:
# ``many[0].labels``.

import matplotlib.pyplot as plt

widths = [2, 1, 1, 1, 1, 1, 1]
_, axes = plt.subplots(1, 7, figsize=(10, 2), layout="constrained", width_ratios=widths)
stain = table[table["label"] <= 2].groupby("file")["share"].sum()
axes[0].bar(range(1, 7), stain * 100, color=table["color"][0])
axes[0].set(title="stain (%)", xticks=range(1, 7))
for ax, name, result in zip(axes[1:], stain.index, many):
    ax.imshow(result.quantized)
    ax.set_title(name)
    ax.axis("off")

# %%
# To compare areas: one palette and the same light. `quantize_many` where no slide is
# the reference; `apply_many` where one is (:doc:`/tutorials/stain_area`). ``like=``
# only where the same things are in every image (:doc:`/how_to/again/the_next_image`).
#
# On the command line:
#
# .. code-block:: sh
#
#    napari-kmeans batch slides -k 5 --common -o out \
#        --color-space cielab --scaling variance
#
# Read on: `quantize_many`, `apply_many`.
