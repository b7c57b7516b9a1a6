"""Color quantization of a photo: three colors, then several numbers of colors.

    python color_quantization.py [FOLDER] [--show]

Writes the pictures as PNG into FOLDER, or here; --show opens them in napari, too.
Comments give the lines of an OpenCV script that a call stands for.
"""

import argparse
from pathlib import Path

import numpy as np
from skimage.data import coffee
from skimage.io import imsave

from napari_kmeans import Criteria, QuantizedImage, quantize, to_layers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    parser.add_argument("--show", action="store_true", help="open napari")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)

    # img = cv2.imread("example2.jpg")
    image = coffee()

    # criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
    criteria = Criteria(max_iter=10, epsilon=1.0)

    # Z = np.float32(img.reshape((-1, 3)))
    # ret, label, center = cv2.kmeans(
    #     Z, 3, None, criteria, 10, cv2.KMEANS_RANDOM_CENTERS)
    q = quantize(image, k=3, criteria=criteria, attempts=10, init="random")

    # ret: the sum of squared distances from each pixel to its center
    print(f"compactness {q.compactness:,.0f}")
    # label: for each pixel the number of its cluster, here 1 to 3
    print(
        f"labels of shape {q.labels.shape}, from {q.labels.min()} to {q.labels.max()}"
    )
    # center: the color of each cluster, and how many pixels it has
    print(q.features.to_string(index=False))

    # res2 = np.uint8(center)[label.flatten()].reshape(img.shape)
    # cv2.imshow("res2", res2)
    imsave(arguments.folder / "photo.png", image)
    imsave(arguments.folder / "photo_3_colors.png", q.quantized)

    # The number of colors changes with K: the photo, then 2, 3, 5, 8 and 16 of them.
    several = [quantize(image, k, criteria=criteria) for k in (2, 3, 5, 8, 16)]
    imsave(arguments.folder / "photo_several_k.png", side_by_side(image, several))
    for each in several:
        print(f"K={each.k:<3} compactness {each.compactness:>13,.0f}")

    if arguments.show:
        show(image, q, several)


def side_by_side(image: np.ndarray, several: list[QuantizedImage]) -> np.ndarray:
    """Return the image and its quantized ones in two rows of three."""
    pictures = [image, *(each.quantized for each in several)]
    return np.vstack([np.hstack(pictures[:3]), np.hstack(pictures[3:])])


def show(
    image: np.ndarray, quantized: QuantizedImage, several: list[QuantizedImage]
) -> None:
    """Open napari with the three layers of one, and the images of the others."""
    import napari
    from napari.layers import Layer

    viewer = napari.Viewer()
    photo = viewer.add_image(image, name="photo")
    for each in several:
        viewer.add_image(each.quantized, name=f"K={each.k}", visible=False)
    for layer_data in to_layers(quantized, photo):
        viewer.add_layer(Layer.create(*layer_data))
    napari.run()


if __name__ == "__main__":
    main()
