"""Find the stain in one slide, and measure it in a folder of slides.

Run it with ``python examples/slides.py``; with the names of a slide and of a folder
behind that, these are taken. It writes ``stain.json``, the clusters, for a colleague,
the labels and colors of each slide, ``table.csv`` and a plot of it, ``stain.png``.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from napari_kmeans import Palette, apply_many, quantize, read, write_indexed
from napari_kmeans.sample_data import microscopy

#: What a pixel is wide and high, in micrometers.
SIZE = 0.5


def some_slides(folder: Path) -> Path:
    """Write nine parts of a picture of tissue into a folder, as slides."""
    tissue = microscopy()[0][0]
    folder.mkdir(exist_ok=True)
    for row in range(3):
        for column in range(3):
            part = tissue[row * 170 :, column * 170 :][:170, :170]
            Image.fromarray(part).save(folder / f"slide{row}{column}.png")
    return folder


def plot(table, path: Path) -> None:
    """Draw the share of the stain in each slide."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    stain = table[table["name"] == "stain"]
    names = [Path(file).stem for file in stain["file"]]
    pyplot.bar(names, stain["area (µm²)"], color=stain["color"])
    pyplot.xticks(rotation=45)
    pyplot.ylabel("stain (µm²)")
    pyplot.tight_layout()
    pyplot.savefig(path)


# 1. One slide is clustered.
slide = read(sys.argv[1])[0] if sys.argv[1:] else microscopy()[0][0]
found = quantize(slide, k=5, rgb=True)
print(found.palette)

# 2. Brown is the stain: the two clusters whose red exceeds their blue the most.
#    They are merged, named, and locked.
browner = np.argsort(found.centers[:, 0] - found.centers[:, 2]) + 1
palette = found.palette.merge(browner[-2:].tolist())
(stain,) = {*palette.label(slide)[found.labels == browner[-1]].tolist()}
palette = palette.rename(stain, "stain").lock(stain)

# 3. It is saved, and read again: the same to the last bit.
palette.save("stain.json")
assert Palette.load("stain.json") == palette

# 4. It is put on a folder, image by image.
folder = Path(sys.argv[2]) if sys.argv[2:] else some_slides(Path("slides"))
files = sorted(folder.glob("*.png"))
many = apply_many(files, palette, errors="skip")
for name, result in zip(many.names, many, strict=True):
    write_indexed(f"{Path(name).stem}-labels.png", result.labels, result.palette)
for name, why in many.failed.items():
    print(f"{name} is left out: {why}")

# 5. One table for all, with areas.
table = many.table(SIZE**2, "µm²")
table.to_csv("table.csv", index=False)
print(table[table["name"] == "stain"].round(3).to_string(index=False))
try:
    plot(table, Path("stain.png"))
except ImportError:
    print("The plot takes matplotlib: pip install matplotlib")
