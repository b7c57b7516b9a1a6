"""
OpenCV's color quantization, line by line
=========================================

*For who has quantized a photo with* ``cv2.kmeans``, *from one of the many tutorials.*

You have their script of a dozen lines. Here each of its lines runs, and beside it what
stands for it in this project: one line. At the end you have the same pictures, and know
which numbers differ, and why.
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
# than 1.0, whatever is first. Of 10 attempts, the most compact counts. (The seed is not in
# the script, whose numbers change from run to run.)

Z = np.float32(img.reshape((-1, 3)))
criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
K = 3
cv2.setRNGSeed(0)
ret, label, center = cv2.kmeans(Z, K, None, criteria, 10, cv2.KMEANS_RANDOM_CENTERS)

print(f"ret     {ret:,.0f}")
print(f"label   {label.shape}, from {label.min()} to {label.max()}")
print(f"center  {center.round(2).tolist()}")

# %%
# Here, `quantize` takes the image as it is, of any shape and dtype, and OpenCV's criteria
# as they are.

result = quantize(image, k=3, criteria=criteria, attempts=10, init="random", seed=0)

print(f"compactness  {result.compactness:,.0f}")
print(f"labels       {result.labels.shape}, {result.labels.min()} to {result.labels.max()}")
print(f"centers      {result.centers.round(2).tolist()}")

# %%
# All but K are the defaults, so ``quantize(image, 3)`` says the same:

short = quantize(image, 3)
print(np.array_equal(short.labels, result.labels), short.compactness == result.compactness)

# %%
# Paint
# -----
#
# In the script, each pixel gets the color of its center; here, that is done already.

center_of_bytes = np.uint8(center)
res = center_of_bytes[label.flatten()]
res2 = res.reshape(img.shape)

result.palette

# %%
# OpenCV shows an image in a window of its own, which takes blue first; matplotlib takes red
# first.
#
# .. code-block:: python
#
#    cv2.imshow("res2", res2)
#    cv2.waitKey(0)
#    cv2.destroyAllWindows()

pictures = {"photo": image, "cv2.kmeans": res2[:, :, ::-1], "quantize": result.quantized}
_, axes = plt.subplots(1, 3, figsize=(10, 2.6), layout="constrained")
for ax, (title, picture) in zip(axes, pictures.items()):
    ax.imshow(picture)
    ax.set_title(title)
    ax.axis("off")

# %%
# Line by line, that was:
#
# .. list-table::
#    :header-rows: 1
#
#    * - in the script
#      - here
#    * - ``cv2.imread(path)``
#      - `read`, or any other array
#    * - ``np.float32(img.reshape((-1, 3)))``
#      - not needed
#    * - ``criteria = (..., 10, 1.0)``
#      - `criteria`: that tuple, or `Criteria`, as ``Criteria(max_iter=10, epsilon=1.0)``
#    * - the 10 that follows
#      - `attempts`
#    * - ``cv2.KMEANS_RANDOM_CENTERS``, ``cv2.KMEANS_PP_CENTERS``
#      - `init`: ``"random"``, ``"k-means++"``
#    * - ``None``, or labels with ``cv2.KMEANS_USE_INITIAL_LABELS``
#      - `init`: labels, or centers
#    * - ``ret``
#      - ``result.compactness``
#    * - ``label``
#      - ``result.labels``, of the shape of the image, and from 1: in napari, 0 is what
#        has no label
#    * - ``center``
#      - ``result.centers``
#    * - ``np.uint8(center)[label.flatten()].reshape(img.shape)``
#      - ``result.quantized``
#
# What differs, and why
# ---------------------
#
# The compactness is the sum of the squared distances of the pixels to their centers: the
# smaller, the better. From labels and centers it can be computed anew, by brute force, and
# so can which center is the nearest to each pixel.

answers = {
    "cv2.kmeans": (Z, ret, label.ravel(), center),
    "quantize": (
        image.reshape(-1, 3),
        result.compactness,
        result.labels.ravel() - 1,
        result.centers,
    ),
}
rows = {}
for name, (pixels, told, labels, centers) in answers.items():
    differences = pixels[:, np.newaxis].astype(float) - centers
    distances = (differences**2).sum(axis=2)
    own = distances[np.arange(len(pixels)), labels]
    rows[name] = {
        "compactness, as told": told,
        "computed anew": own.sum(),
        "pixels not with the nearest center": (own > distances.min(axis=1)).sum(),
    }
pd.DataFrame(rows).T.round().astype(int)

# %%
# **The last step.** OpenCV ends an attempt with new centers and the labels of those
# before: some pixels are not with the nearest. Here, labels are always made of the final
# centers.
#
# **How far it goes.** Both stop where no center moves farther than 1.0. OpenCV's attempts
# are ten searches, one like the other; here, what they found is put together and improved
# first. So the compactness is smaller.
#
# **The order of the labels.** In OpenCV it is as the random generator has it; here, it is
# from dark to bright, and with other seeds it stays. Here is the red of each center:

for seed in 1, 2:
    cv2.setRNGSeed(seed)
    _, _, found = cv2.kmeans(Z, K, None, criteria, 10, cv2.KMEANS_RANDOM_CENTERS)
    ours = quantize(image, 3, criteria=criteria, seed=seed)
    print("seed", seed, " OpenCV", found[:, 2].round(), " here", ours.centers[:, 0].round())

# %%
# **The colors.** ``np.uint8`` cuts decimals off; here, centers are rounded.

print("center     ", center[0])
print("np.uint8   ", np.uint8(center)[0])
print("rounded    ", np.uint8(np.rint(center))[0])

# %%
# **The unit of epsilon.** OpenCV's is that of the values. In an image from 0 to 1, no
# center can move farther than 1.0 along a channel, so the script's criteria end each
# attempt at once. Here, where `Criteria` leaves epsilon open, it is 1/255 of the range of
# the values: 1.0 in this photo, and the same in other units.

small = Z / 255
cv2.setRNGSeed(0)
told, _, _ = cv2.kmeans(small, K, None, criteria, 10, cv2.KMEANS_RANDOM_CENTERS)
print(f"OpenCV, values from 0 to 1    {told * 255**2:,.0f}")
print(f"here, values from 0 to 1      {quantize(image / 255, 3).compactness * 255**2:,.0f}")

# %%
# **The sums.** OpenCV adds pixels up in float32, which goes wrong in large images:
# :doc:`/tutorials/opencv_kmeans` shows it.
#
# OpenCV itself, to the bit
# -------------------------
#
# Should all of this not be wanted, ``refine=False, max_samples=None`` is the plain call:
# its labels, centers and compactness, bit for bit. Only the order of the clusters is from
# dark to bright, and labels begin at 1. It is given the image with blue first, as OpenCV
# was.

plain = quantize(img, 3, criteria=criteria, refine=False, max_samples=None, seed=0)

firsts = [np.flatnonzero(label == i)[0] for i in range(K)]  # a pixel of each cluster
order = plain.labels.ravel()[firsts]
print("labels      ", np.array_equal(plain.labels.ravel(), order[label.ravel()]))
print("centers     ", np.array_equal(plain.centers[order - 1], center))
print("compactness ", plain.compactness == ret)

# %%
# Other numbers of colors
# -----------------------
#
# The script is run again with another K. Here, the photo is read once: its distinct colors
# are counted, and clustered as often as you like.

samples = read_samples(image)
several = [quantize_samples(samples, k, criteria=criteria) for k in (2, 3, 5, 8, 16)]

_, axes = plt.subplots(2, 3, figsize=(10, 5), layout="constrained")
axes[0, 0].imshow(image)
axes[0, 0].set_title("photo")
for ax, each in zip(axes.flat[1:], several):
    ax.imshow(each.quantized)
    ax.set_title(f"K={each.k}, compactness {each.compactness:,.0f}")
for ax in axes.flat:
    ax.axis("off")

# %%
# Which K to take is a question of its own: `sweep` compares them.
#
# In the window
# -------------
#
# Open the photo in napari, choose **Plugins > K-means > K-means quantization**, set **K**
# to 3, and press **Run**. What the script sets is below **Criteria and start**: *max
# iterations* 10, *epsilon* 1, *attempts* 10, *start* random. Then move K: with **Live** on,
# labels and image follow.
#
# .. image:: /images/photo.png
#    :class: window
#    :alt: The window after a run on a photo: the quantized image, labels in the colors of
#       their centers, a point for each center, and the table of the clusters
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
