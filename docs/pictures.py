"""Take the README's pictures: the window after runs on the sample data.

Run it as ``python docs/pictures.py``; without a screen, under ``xvfb-run -a -s
"-screen 0 1600x1000x24"``. Writes PNG files beside itself.
"""

import time
from pathlib import Path

import imageio.v3 as iio
import napari
import numpy as np
from napari.layers import Layer
from qtpy.QtWidgets import QApplication

from napari_kmeans import sample_data

FOLDER = Path(__file__).parent
SIZE = (1200, 760)


def open_sample(viewer, sample):
    """Open sample data as napari's File menu does."""
    [layer] = sample()
    return viewer.add_layer(Layer.create(*layer))


def settle(seconds=0.5):
    """Let Qt draw."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def take(viewer, name):
    """Write a picture of the whole window."""
    settle()
    viewer.reset_view()
    settle()
    picture = viewer.screenshot(canvas_only=False, flash=False)
    iio.imwrite(FOLDER / f"{name}.png", picture[..., :3], optimize=True)


def main():
    """Take them all."""
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    open_sample(viewer, sample_data.photo)
    _, widget = viewer.window.add_plugin_dock_widget("napari-kmeans")
    for _ in range(2):  # the first may compile the kernels
        widget.run(block=True)
    take(viewer, "photo")
    viewer.layers.clear()
    open_sample(viewer, sample_data.blobs)
    for _ in range(2):
        widget.run(block=True)
    take(viewer, "blobs")
    viewer.layers.clear()
    source = open_sample(viewer, sample_data.photo)
    source.rotate = 15
    ellipse = [(50, 150), (50, 500), (350, 500), (350, 150)]
    region = viewer.add_shapes(name="cup")
    region.add_ellipses(np.array([source.data_to_world(c) for c in ellipse]))
    viewer.layers.selection.active = source
    widget.color_space.value, widget.mask.value = "oklab", region
    for _ in range(2):
        widget.run(block=True)
    take(viewer, "mask")
    viewer.close()


if __name__ == "__main__":
    main()
