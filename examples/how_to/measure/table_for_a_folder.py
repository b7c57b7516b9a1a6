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
many = quantize_many(files, k=3, errors="skip")
table = many.table(0.25, "µm²")
table["file"] = [Path(file).stem for file in table["file"]]
table.to_csv(folder / "table.csv", index=False)
table[["file", "label", "color", "share", "area (µm²)"]].head(6)

# %%
# ``many.failed`` would tell which files could not be read, and why. Each result is
# made when it is asked for: ``many[0].labels``.

import matplotlib.pyplot as plt

widths = [2, 1, 1, 1, 1, 1, 1]
_, axes = plt.subplots(1, 7, figsize=(10, 2), layout="constrained", width_ratios=widths)
stain = table[table["label"] == 1]
axes[0].bar(range(1, 7), stain["share"] * 100, color=stain["color"])
axes[0].set(title="label 1 (%)", xticks=range(1, 7))
for ax, name, result in zip(axes[1:], stain["file"], many):
    ax.imshow(result.quantized)
    ax.set_title(name)
    ax.axis("off")

# %%
# Read on: `quantize_many`, and `apply_many` for a palette that you have already. On
# the command line: ``napari-kmeans batch slides -k 3 --common -o out``.
