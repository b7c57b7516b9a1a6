"""
Let some pixels count more than others
======================================

With `weights`, a pixel counts as if it were there so many times. So the colors go to
what matters, and every pixel still gets a label.
"""

# %%
# Here pixels count the more, the nearer they are to the face.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import astronaut

from napari_kmeans import quantize

image = astronaut()[::2, ::2]
rows, columns = np.indices(image.shape[:2])
weights = np.exp(-((rows - 55) ** 2 + (columns - 110) ** 2) / 30**2)
alike = quantize(image, k=6)
weighted = quantize(image, k=6, weights=weights)

# %%

_, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
axes[0].imshow(weights, cmap="gray")
axes[1].imshow(alike.quantized)
axes[2].imshow(weighted.quantized)
for ax, title in zip(axes, ["weights", "all pixels alike", "weighted"]):
    ax.set_title(title)
    ax.axis("off")

# %%
# Centers are then weighted means, and the compactness is a weighted sum; ``counts``
# are still numbers of pixels. A pixel of weight 0 is labeled, but has no say. (A
# masked one is not labeled.)
#
# Read on: `quantize`; points have weights, too: `kmeans`.
