"""
Write the Methods section
=========================

A result knows how it was made: its settings, and the versions of what computed it. So
the sentence can be written by the script, and is never out of date.
"""

# %%

import matplotlib.pyplot as plt
from skimage.data import immunohistochemistry

from napari_kmeans import quantize

image = immunohistochemistry()
result = quantize(image, k=4, color_space="cielab")
said = result.settings
program, opencv = (said["versions"][name] for name in ["napari-kmeans", "opencv"])
print(
    f"Pixels were clustered by k-means (K = {said['k']}) in {said['color_space']}, "
    f"with napari-kmeans {program} and OpenCV {opencv}: {said['attempts']} attempts, "
    f"seed {said['seed']}, at most {said['max_iter']} iterations, epsilon "
    f"{said['epsilon']:.3g}. {result.counts.sum():,} pixels were clustered, "
    f"{result.n_excluded:,} left out."
)

# %%

_, axes = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained")
for ax, picture, title in zip(axes, [image, result.quantized], ["image", "K = 4"]):
    ax.imshow(picture)
    ax.set_title(title)
    ax.axis("off")

# %%
# ``result.palette.save("clusters.json")`` keeps the clusters, with these settings, to
# the last bit: a supplement that others can put on their images. Whoever worked in
# the window copies the script: **Export > Copy as Python**, edits included. The command
# line writes the settings as ``settings.json``. How to cite the program is in
# ``CITATION.cff``.
#
# Read on: what is the same on every run: :doc:`/how_to/again/same_labels_every_time`.
