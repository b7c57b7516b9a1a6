"""K-means on points and on a photo: clusters of 100 points, then five colors.

    python kmeans_tutorial.py [FOLDER] [--show]

Writes the pictures as PNG into FOLDER, or here; --show opens them in napari, too.
Comments give the lines of an OpenCV script that a call stands for.
"""

import argparse
from pathlib import Path

import numpy as np
from skimage.data import coffee
from skimage.draw import disk
from skimage.io import imsave

from napari_kmeans import (
    ClusteredPoints,
    Criteria,
    QuantizedImage,
    kmeans,
    quantize,
    to_layers,
)
from napari_kmeans.sample_data import blobs

# criteria = (TERM_CRITERIA_MAX_ITER + TERM_CRITERIA_EPS, 10, 1.0)
CRITERIA = Criteria(max_iter=10, epsilon=1.0)

BLUE, RED = (31, 119, 180), (255, 0, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    parser.add_argument("--show", action="store_true", help="open napari")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)

    clusters = cluster_points(arguments.folder)
    quantized = quantize_photo(arguments.folder)
    if arguments.show:
        show(clusters, quantized)


def cluster_points(folder: Path) -> ClusteredPoints:
    """Find the five clusters of a set of points in two dimensions."""
    # x, y_true = make_blobs(
    #     n_samples=100, centers=5, cluster_std=1.5, random_state=10)
    x = blobs()[0][0]

    # scatter(x[:, 0], x[:, 1])
    imsave(folder / "blobs.png", scatter([(x, BLUE, 4)]))

    # compactness, y_pred, centers = kmeans(
    #     data=x.astype(float32), K=5, bestLabels=None, criteria=criteria,
    #     attempts=10, flags=KMEANS_RANDOM_CENTERS)
    c = kmeans(x, k=5, criteria=CRITERIA, attempts=10, init="random")
    print(f"{len(x)} points, compactness {c.compactness:.2f}")
    print(c.features.to_string(index=False))

    # scatter(x[:, 0], x[:, 1], c=y_pred)
    # scatter(centers[:, 0], centers[:, 1], c="red")
    colors = [tuple(bytes.fromhex(color[1:])) for color in c.features["color"]]
    drawn = [(x[c.labels == i], colors[i], 4) for i in range(c.k)]
    imsave(folder / "blobs_clusters.png", scatter([*drawn, (c.centers, RED, 6)]))
    return c


def quantize_photo(folder: Path) -> QuantizedImage:
    """Reduce a photo to the colors of five clusters."""
    # img_RGB = cvtColor(imread("Images/bricks.jpg"), COLOR_BGR2RGB)
    image = coffee()

    # img_data = img_RGB.reshape(-1, 3)
    # compactness, labels, centers = kmeans(
    #     data=img_data.astype(float32), K=5, bestLabels=None, criteria=criteria,
    #     attempts=10, flags=KMEANS_RANDOM_CENTERS)
    q = quantize(image, k=5, criteria=CRITERIA, attempts=10, init="random")

    # print(len(unique(img_data, axis=0)), "unique RGB values out of",
    #       img_data.shape[0], "pixels")
    print(f"{q.n_colors} unique RGB values out of {q.labels.size} pixels")
    # colours = centers[labels].reshape(-1, 3)
    # print(len(unique(colours, axis=0)), "unique RGB values out of",
    #       img_data.shape[0], "pixels")
    print(f"{q.n_colors_quantized} unique RGB values out of {q.labels.size} pixels")
    print(f"compactness {q.compactness:,.0f}")

    # imshow(colours.reshape(img_RGB.shape).astype(uint8))
    imsave(folder / "photo_5_colors.png", q.quantized)

    # Now try another number of clusters: with one, its center is the mean color.
    one = quantize(image, k=1)
    print("K=1", one.centers[0].round(2), "mean", image.mean(axis=(0, 1)).round(2))
    return q


def scatter(groups: list[tuple[np.ndarray, tuple[int, int, int], int]]) -> np.ndarray:
    """Draw points, each group in a color and of a radius, as an image of 480 x 640."""
    canvas = np.full((480, 640, 3), 255, np.uint8)
    points = np.concatenate([points for points, _, _ in groups])
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    for points, color, radius in groups:
        # The first axis to the right, the second up, and a margin around.
        right, up = (0.05 + 0.9 * (points - low) / span).T
        for row, column in zip(480 * (1 - up), 640 * right, strict=True):
            canvas[disk((row, column), radius)] = color
    return canvas


def show(clusters: ClusteredPoints, quantized: QuantizedImage) -> None:
    """Open napari twice: with the points, and with the photo."""
    import napari
    from napari.layers import Layer

    viewer = napari.Viewer(title="Points")
    points = viewer.add_layer(Layer.create(*blobs()[0]))
    for layer_data in to_layers(clusters, points):
        viewer.add_layer(Layer.create(*layer_data))

    viewer = napari.Viewer(title="Photo")
    photo = viewer.add_image(coffee(), name="photo")
    for layer_data in to_layers(quantized, photo):
        viewer.add_layer(Layer.create(*layer_data))
    napari.run()


if __name__ == "__main__":
    main()
