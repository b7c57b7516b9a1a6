"""
Save an indexed PNG with its palette
====================================

In an indexed PNG each pixel is the number of its color: small files, for games, pixel
art and the web.
"""

# %%

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image
from skimage.data import chelsea

from napari_kmeans import quantize, write_indexed

folder = Path(tempfile.mkdtemp())
result = quantize(chelsea(), k=15)
write_indexed(folder / "cat.png", result.labels, result.palette)
Image.fromarray(chelsea()).save(folder / "photo.png")
for file in sorted(folder.glob("*.png")):
    with Image.open(file) as picture:
        size = file.stat().st_size
        print(f"{file.name:10}{picture.mode:4}{size:8,} bytes")

# %%

with Image.open(folder / "cat.png") as picture:
    _, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
    ax.imshow(picture.convert("RGB"))
    ax.axis("off")

# %%
# Label 1 is entry 1 of the palette; entry 0 is black, or transparent where pixels
# were left out. So GIMP lists one entry more than there are colors. Stacks become
# animated GIFs: ``write_indexed("movie.gif", labels, palette)``.
#
# Read on: `write_indexed`. Against bands in smooth places:
# :doc:`/how_to/files/dither_a_photo`.
