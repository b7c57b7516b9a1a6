"""
Name and recolor clusters, and undo it
======================================

Each edit returns a new palette and leaves the old one alone. So undo is to take the
one before.
"""

# %%

import matplotlib.pyplot as plt
from skimage.data import coffee

from napari_kmeans import quantize

image = coffee()
steps = [quantize(image, k=4).palette]
steps.append(steps[-1].rename(4, "foam"))
steps.append(steps[-1].recolor(4, "#00a0ff"))
steps.append(steps[-1].merge([1, 2]))
steps.pop()  # undo the merge
palette = steps[-1]
palette

# %%

_, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for ax, each, title in zip(axes, [steps[0], palette], ["found", "recolored"]):
    ax.imshow(each.paint(image))
    ax.set_title(title)
    ax.axis("off")

# %%
# A color is how a cluster is shown and painted. Its center, and the pixels nearest to
# it, stay what they are. ``palette.save("coffee.json")`` keeps names, colors and
# centers.
#
# Read on: `Palette`. `Palette.lock` keeps a cluster from being changed, and
# ``fit(samples, k=8, keep=palette)`` finds others around it.
