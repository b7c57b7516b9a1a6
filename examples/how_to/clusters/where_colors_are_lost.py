"""
Where is a color missing?
=========================

`error_map` shows how far each pixel is from what it became. Where it is bright, one
cluster more would help.
"""

# %%

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import immunohistochemistry

from napari_kmeans import error_map, fit, measure, read_samples

image = immunohistochemistry()
samples = read_samples(image)
palette = fit(samples, k=5)
errors = error_map(image, palette, metric="ciede2000")
worst = image[errors > np.percentile(errors, 99)]  # the worst 1 % of the pixels
more = palette.add(np.median(worst, axis=0), samples)
print("before:", measure(samples, palette))
print("after: ", measure(samples, more))

# %%

_, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
axes[0].imshow(palette.paint(image))
axes[1].imshow(errors, cmap="inferno")
axes[2].imshow(more.paint(image))
for ax, title in zip(axes, ["5 colors", "error (ΔE)", "and one more"]):
    ax.set_title(title)
    ax.axis("off")

# %%
# The blue nuclei were missing: they are few, and so the search had better use for its
# five centers in RGB, where lightness outweighs hue. In CIELAB, scaled, five would have
# found them: :doc:`/tutorials/stain_area`. A ΔE of about 1 can just be seen, and 95 %
# of the pixels do not exceed the number after "95 %". PSNR is the peak signal-to-noise
# ratio, greater where the two images are nearer, and what is explained is the part of
# the variance of the values. ``metric="distance"`` tells the distance in the units of
# the image, of any channels.
#
# Read on: `error_map`, `measure`, `Palette.add`. Or let a search find the sixth
# color: :doc:`/how_to/choose_k`.
