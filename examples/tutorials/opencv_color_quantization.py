"""
OpenCV's color quantization, line by line
=========================================

*For those who have quantized a photo with* ``cv2.kmeans``, *as many tutorials do.*

You have their script of a dozen lines. Here each of its lines runs, and beside it what
stands for it in this project: one line. At the end you have the same pictures, and know
which numbers differ, and why. All of it runs with ``pip install
"napari-kmeans[plots]"``.
"""

# %%
# Read
# ----
#
# The photo comes with scikit-image, and is written to a file first, for the script to
# read. OpenCV gives blue, green, red; `read` gives red, green, blue, as most of Python.

import tempfile
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from skimage.data import coffee
from skimage.io import imsave

from napari_kmeans import quantize, quantize_samples, read, read_samples

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "photo.png"
    imsave(path, coffee())

    img = cv2.imread(str(path))

    image, _, _ = read(path)

# %%
# Cluster
# -------
#
# The script makes a row of each pixel, of three values as float32: that is what
# ``cv2.kmeans`` takes. An attempt ends after 10 steps, or when no center moves farther
# than 1.0, whatever is first. Of 10 attempts, the most compact counts. (The seed is not
# in the script, whose numbers change from run to run.)

Z = np.float32(img.reshape((-1, 3)))
kind = cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER
criteria = (kind, 10, 1.0)
flags = cv2.KMEANS_RANDOM_CENTERS
K = 3
cv2.setRNGSeed(0)
ret, label, center = cv2.kmeans(Z, K, None, criteria, 10, flags)

print("ret:", f"{ret:,.0f}")
print("label:", label.shape, label.min(), "to", label.max())
print("center:", center, sep="\n")

# %%
# Here, `quantize` takes the image as it is, of any shape and dtype, and OpenCV's
# criteria as they are. They end the last stage, the refinement over all pixels. The
# attempts before it are short, of three iterations on 2,048 pixels, and are joined
# afterwards, so they do not have to converge.

result = quantize(
    image,
    k=3,
    criteria=criteria,
    attempts=10,
    init="random",
)
labels = result.labels

print("compactness:", f"{result.compactness:,.0f}")
print("labels:", labels.shape, labels.min(), "to", labels.max())
print("centers:", result.centers, sep="\n")

# %%
# All but K are the defaults, so ``quantize(image, 3)`` says the same. (So they are for
# an image whose values go from 0 to 255, as those of this one do: the default of
# epsilon is 1/255 of their range.)

short = quantize(image, 3)
print("the same palette:", short.palette == result.palette)
print("the same labels: ", np.array_equal(short.labels, labels))
print("values from", image.min(), "to", image.max())

# %%
# Paint
# -----
#
# In the script, each pixel gets the color of its center, as a byte a channel. A window
# of OpenCV shows the image, with blue first:
#
# .. code-block:: python
#
#    cv2.imshow("res2", res2)
#    cv2.waitKey(0)
#    cv2.destroyAllWindows()

res = np.uint8(center)[label.flatten()]
res2 = res.reshape(img.shape)

# %%
# Here, the quantized image is there already.

pictures = {
    "photo": image,
    "cv2.kmeans": res2[:, :, ::-1],
    "quantize": result.quantized,
}
_, axes = plt.subplots(1, 3, figsize=(8, 2.1), layout="constrained")
for ax, (title, picture) in zip(axes, pictures.items()):
    ax.imshow(picture)
    ax.set_title(title)
    ax.axis("off")

# %%
# And so is a palette of its clusters, with the share of the image that each one takes.

result.palette

# %%
# Line by line, that was:
#
# .. list-table::
#    :header-rows: 1
#    :widths: 45 55
#
#    * - in the script
#      - here
#    * - ``cv2.imread``
#      - `read`, or any array
#    * - ``np.float32``, ``reshape``
#      - not needed
#    * - ``criteria``
#      - `criteria`: the same tuple, or a `Criteria`
#    * - the 10 after it
#      - `attempts`
#    * - ``KMEANS_RANDOM_CENTERS``
#      - `init`: ``"random"``
#    * - ``KMEANS_PP_CENTERS``
#      - `init`: ``"k-means++"``
#    * - ``KMEANS_USE_INITIAL_LABELS``
#      - `init`: the labels, or centers
#    * - ``ret``
#      - ``result.compactness``
#    * - ``label``
#      - ``result.labels``: of the shape of the image, and from 1, as in napari 0 is
#        what has no label
#    * - ``center``
#      - ``result.centers``
#    * - ``res2``
#      - ``result.quantized``
#
# What differs, and why
# ---------------------
#
# The compactness is the sum of the squared distances of the pixels to their centers:
# the smaller, the better. From labels and centers it can be computed anew, by brute
# force, and so can which center is the nearest to each pixel.

compactness, centers = result.compactness, result.centers
answers = {
    "cv2.kmeans": (img, ret, label.ravel(), center),
    "quantize": (image, compactness, labels.ravel() - 1, centers),
}
rows = {}
for name, (photo, told, numbers, found) in answers.items():
    pixels = photo.reshape(-1, 1, 3).astype(float)
    distances = ((pixels - found) ** 2).sum(axis=2)
    own = distances[np.arange(len(pixels)), numbers]
    farther = own > distances.min(axis=1)
    rows[name] = {
        "compactness": told,
        "computed anew": own.sum(),
        "not with the nearest": farther.sum(),
    }
pd.DataFrame(rows).T.round().astype(int)

# %%
# **The last step.** OpenCV ends an attempt with new centers, and with the labels of
# those before: some pixels are not with the nearest center. Here, labels are always
# those of the final centers.
#
# **How good it is.** Each attempt of OpenCV starts anew, and the best one is the
# answer. Here, what the attempts have found is put together and improved, and then
# refined over all pixels, by the same criteria: the compactness is smaller.
#
# **The order of the labels.** In OpenCV it is as the random generator has it; here, it
# is from dark to bright, and with other seeds it stays. Here is the red of each center:

for seed in 1, 2:
    cv2.setRNGSeed(seed)
    _, _, found = cv2.kmeans(Z, K, None, criteria, 10, flags)
    ours = quantize(image, 3, criteria=criteria, seed=seed)
    print(f"seed {seed}, OpenCV", found[:, 2].round())
    print(f"seed {seed}, here  ", ours.centers[:, 0].round())

# %%
# **The colors.** ``np.uint8`` cuts decimals off; here, centers are rounded.

print("center     ", center[0])
print("np.uint8   ", np.uint8(center)[0])
print("rounded    ", np.uint8(np.rint(center))[0])

# %%
# **The unit of epsilon.** OpenCV's is that of the values. Where these go from 0 to 1,
# as they do in many images of floats, centers hardly move as far as 1.0, and the
# script's criteria end each attempt at once. Here, where no epsilon is given, it is
# 1/255 of the range of the values: 1.0 in the photo, and the same of it in other units.
# For comparison, the compactness is told in the units of the photo:

cv2.setRNGSeed(0)
told, _, _ = cv2.kmeans(Z / 255, K, None, criteria, 10, flags)
ours = quantize(image / 255, 3)
print(f"OpenCV  {told * 255**2:,.0f}")
print(f"here    {ours.compactness * 255**2:,.0f}")

# %%
# **The sums.** OpenCV adds pixels up in float32, which goes wrong in large images:
# :doc:`/tutorials/opencv_kmeans` shows it.
#
# OpenCV itself, to the bit
# -------------------------
#
# Where the numbers of OpenCV are wanted, ``refine=False, max_samples=None`` is the
# plain call: its labels, centers and compactness, bit for bit. Only that labels begin
# at 1, and that the clusters are in the order of their brightness. Here it is given the
# image with blue first, as OpenCV was.

plain = quantize(img, 3, criteria=criteria, refine=False, max_samples=None)

firsts = [(label == i).argmax() for i in range(K)]  # a pixel of each cluster
order = np.argsort(plain.labels.flat[firsts])
same = np.array_equal(order[plain.labels.ravel() - 1], label.ravel())
print("labels:     ", same)
print("centers:    ", np.array_equal(plain.centers, center[order]))
print("compactness:", plain.compactness == ret)

# %%
# Other numbers of colors
# -----------------------
#
# The script is run again with another K. Here, the photo is read once: its distinct
# colors are counted, and clustered as often as you like.

samples = read_samples(image)
ks = 2, 3, 5, 8, 16
several = [quantize_samples(samples, k, criteria=criteria) for k in ks]

_, axes = plt.subplots(2, 3, figsize=(8, 4.2), layout="constrained")
axes[0, 0].imshow(image)
axes[0, 0].set_title("photo")
for ax, each in zip(axes.flat[1:], several):
    ax.imshow(each.quantized)
    ax.set_title(f"K={each.k}")
    print(f"K={each.k:<3} compactness {each.compactness:>13,.0f}")
for ax in axes.flat:
    ax.axis("off")

# %%
# Which K to take is a question of its own: `sweep` compares them.
#
# In the window
# -------------
#
# Open the photo in napari, choose **Plugins > K-means > K-means quantization**, set
# **K** to 3, and press **Run**. What the script sets is below **Criteria and start**:
# *max iterations* 10, *epsilon* 1, *attempts* 10, *start* random. Then move K: with
# **Live** on, labels and image follow.
#
# .. image:: /images/photo.png
#    :class: window
#    :alt: The window after a run on a photo: the quantized image, labels in the colors
#       of their centers, a point for each center, and the table of the clusters
#
# From Python, layers are made of the result (see `to_layers`):
#
# .. code-block:: python
#
#    import napari
#    from napari.layers import Layer
#    from napari_kmeans import to_layers
#
#    viewer = napari.Viewer()
#    photo = viewer.add_image(image, name="photo")
#    for layer in to_layers(result, photo):
#        viewer.add_layer(Layer.create(*layer))
#    napari.run()
#
# And in a terminal, one line writes picture, labels, table and palette into a folder:
#
# .. code-block:: sh
#
#    napari-kmeans quantize photo.png -k 3 --max-iter 10 --epsilon 1 --attempts 10
