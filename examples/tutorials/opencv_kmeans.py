"""
OpenCV's k-means tutorial, line by line
=======================================

*For those who have met* ``cv2.kmeans`` *in a tutorial: on points, then on a photo.*

You have its two scripts. Here each of their lines runs, and beside it what stands for
it in this project. At the end you have the same plots and the same picture, and know
what happens to a picture as large as the one of the tutorial.

Beside the package with ``pip install "napari-kmeans[plots]"``, the page uses
scikit-learn, for ``make_blobs`` alone: ``pip install scikit-learn``. Without it, leave
out that import, and write ``x = blobs()[0][0]`` for the call: these are the same
points.
"""

# %%
# Points
# ------
#
# Five clusters of 20 points each are drawn, with a standard deviation of 1.5. (In
# napari, **File > Open Sample** has them.)

import cv2
import matplotlib.pyplot as plt
import numpy as np
from skimage.data import coffee
from sklearn.datasets import make_blobs

from napari_kmeans import kmeans, quantize
from napari_kmeans.sample_data import blobs

x, y_true = make_blobs(
    n_samples=100,
    centers=5,
    cluster_std=1.5,
    random_state=10,
)
print("the sample data:", np.array_equal(x, blobs()[0][0]))

plt.figure(figsize=(5, 3.8))
plt.scatter(x[:, 0], x[:, 1])
plt.tight_layout()

# %%
# OpenCV takes them as float32. It stops after 10 steps, or when no center moves farther
# than 1.0, and of 10 attempts gives the most compact. (The seed is not in the
# tutorial.)

kind = cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS
criteria = (kind, 10, 1.0)
flags = cv2.KMEANS_RANDOM_CENTERS
cv2.setRNGSeed(0)
compactness, y_pred, centers = cv2.kmeans(
    x.astype(np.float32), 5, None, criteria, 10, flags
)
print(compactness)

# %%
# That number is of all points together: the sum of the squared distances to their
# centers. Here, points are clustered by `kmeans`, which takes numbers of any kind, and
# says the same of them. `criteria` end the last stage here, the refinement over all
# points. The attempts before it are short, of three iterations on at most 2,048 points
# or pixels, and are joined afterwards, so they do not have to converge.

found = kmeans(x, k=5, criteria=criteria, attempts=10, init="random")
print(found.compactness)

# %%
# The tutorial draws the points in the colors of their labels, and the centers in red.
# Here, labels are 0 to 4, too, but always in the same order, and a table says which
# color napari would give to each.

_, axes = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True)
axes[0].scatter(x[:, 0], x[:, 1], c=y_pred)
axes[0].scatter(centers[:, 0], centers[:, 1], c="red")
axes[0].set_title("cv2.kmeans")

colors = found.features["color"][found.labels]
axes[1].scatter(x[:, 0], x[:, 1], c=colors)
axes[1].scatter(found.centers[:, 0], found.centers[:, 1], c="red")
axes[1].set_title("kmeans")
plt.tight_layout()

# %%

found.features

# %%
# The clusters are the same, and so are the centers, but that OpenCV's are float32. Here
# they are the means of their points in float64, and each point is with its nearest:

distances = np.linalg.norm(x[:, np.newaxis] - found.centers, axis=2)
nearest = distances.argmin(axis=1)
means = np.array([x[found.labels == i].mean(axis=0) for i in range(5)])
print("nearest:", np.array_equal(nearest, found.labels))
print("means:", np.allclose(means, found.centers, rtol=1e-14))

# %%
# A photo
# -------
#
# The tutorial reads a photo, which OpenCV gives with blue first, and turns it to RGB.
# Its pixels become rows, and their distinct colors are counted. This photo comes with
# scikit-image:
#
# .. code-block:: python
#
#    img = cv2.imread("Images/bricks.jpg")
#    img_RGB = cv2.cvtColor(img, cv2.COLOR_BGR2RGB)

img_RGB = coffee()
img_data = img_RGB.reshape(-1, 3)
n_unique = len(np.unique(img_data, axis=0))
print(n_unique, "unique RGB values out of", img_data.shape[0], "pixels")

# %%
# Then they are clustered, and each gets the color of its center.

cv2.setRNGSeed(0)
compactness, labels, centers = cv2.kmeans(
    img_data.astype(np.float32), 5, None, criteria, 10, flags
)
colours = centers[labels].reshape(-1, 3)
n_unique = len(np.unique(colours, axis=0))
print(n_unique, "unique RGB values out of", img_data.shape[0], "pixels")
img_colours = colours.reshape(img_RGB.shape).astype(np.uint8)

# %%
# Here, all of that is `quantize`. It counts the colors in any case: that is how it is
# fast.

result = quantize(
    img_RGB,
    k=5,
    criteria=criteria,
    attempts=10,
    init="random",
)
print(result.n_colors, "unique RGB values before")
print(result.n_colors_quantized, "unique RGB values after")
print(f"compactness, OpenCV  {compactness:,.0f}")
print(f"compactness, here    {result.compactness:,.0f}")

pictures = {
    "photo": img_RGB,
    "cv2.kmeans": img_colours,
    "quantize": result.quantized,
}
_, axes = plt.subplots(1, 3, figsize=(8, 2.1), layout="constrained")
for ax, (title, picture) in zip(axes, pictures.items()):
    ax.imshow(picture)
    ax.set_title(title)
    ax.axis("off")

# %%

result.palette

# %%
# Now try another K: `sweep` compares several, and in the window K is a slider.
#
# Does K=1 give the mean of all pixels, as a reader of such tutorials asks? It does. For
# the main color of a thing in a photo, leave out the rest by a `mask`.

one = quantize(img_RGB, k=1)
print("center", one.centers[0])
print("mean  ", img_data.mean(axis=0))

# %%
# At the size of the tutorial's photo
# -----------------------------------
#
# The photo of the tutorial has 14,155,776 pixels. OpenCV adds pixels up in float32,
# which holds integers up to 2\ :sup:`24`: beyond it, each sum is rounded. Gray pixels
# of the value 100 show it, as the mean of any number of them is 100.

gray = np.full((3072, 4608), 100, np.uint8)
print("exact up to", 2**24 // 100, "pixels, of", gray.size)

rows = np.float32(gray.reshape(-1, 1))
told, _, center = cv2.kmeans(rows, 1, None, criteria, 1, flags)
print("OpenCV: center", center.item(), "compactness", told)

exact = quantize(gray, 1)
compactness = exact.compactness
print("here:   center", exact.centers.item(), "compactness", compactness)

# %%
# Here, OpenCV is asked for what it is good at, the search, in a sample of the pixels;
# the centers are then refined over all of them, in sums that are exact. How long both
# take is told in :doc:`/compared`. What else differs, and how to get OpenCV's own
# answer to the bit, is told in :doc:`/tutorials/opencv_color_quantization`.
#
# In the window
# -------------
#
# **File > Open Sample > K-means** has the points and a photo of this size. **Plugins >
# K-means > K-means quantization** clusters a Points layer by position: the points get
# the colors of their clusters, and the centers are red.
#
# .. image:: /images/blobs.png
#    :class: window
#    :alt: Points in the colors of their clusters, with the centers in red
#
# From Python:
#
# .. code-block:: python
#
#    import napari
#    from napari.layers import Layer
#    from napari_kmeans import to_layers
#
#    viewer = napari.Viewer()
#    points = viewer.add_layer(Layer.create(*blobs()[0]))
#    for layer in to_layers(found, points):
#        viewer.add_layer(Layer.create(*layer))
#    napari.run()
