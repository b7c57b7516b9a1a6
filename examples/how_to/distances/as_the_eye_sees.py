"""
Distances as the eye sees them
==============================

With `color_space`, distances between colors are measured in CIELAB or in Oklab, where
equal distances look about equal.
"""

# %%
# `measure` tells what is lost. ΔE is the color difference CIEDE2000: the smaller, the
# less the eye notices.

import matplotlib.pyplot as plt
from skimage.data import astronaut

from napari_kmeans import fit, measure, read_samples

image = astronaut()[::2, ::2]
palettes = {}
for space in ["rgb", "cielab", "oklab"]:
    samples = read_samples(image, color_space=space)
    palettes[space] = fit(samples, k=8)
    print(f"{space:7}", measure(samples, palettes[space]))

# %%

pictures = {"photo": image}
pictures |= {space: each.paint(image) for space, each in palettes.items()}
_, axes = plt.subplots(2, 2, figsize=(7, 7.4), layout="constrained")
for ax, (title, picture) in zip(axes.flat, pictures.items()):
    ax.imshow(picture)
    ax.set_title(title)
    ax.axis("off")

# %%
# In RGB the PSNR is the best, as that is what is minimized there. Here CIELAB loses
# the least to the eye: look which it is for your image. Centers are the mean RGB of
# their pixels in all of them, while the compactness and epsilon are in the units of
# the space.
#
# CIEDE2000 itself has no means, so it cannot be clustered by; given colors can be
# compared by it: :doc:`/how_to/colors/nearest_of_a_chart`.
#
# In the window, choose **color space** under **Colors and channels**; on the command
# line, ``napari-kmeans quantize photo.png --color-space oklab``.
#
# Read on: `quantize`, `measure`.
