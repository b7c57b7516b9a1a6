"""Take the pictures of the window, for README and book, on the sample data.

Run it as ``python docs/pictures.py``; without a screen, under ``xvfb-run -a -s
"-screen 0 1600x1000x24"``. Writes PNG files, and an animation, into ``docs/images``,
each with a digest of the sources: ``docs/age.py`` says which are older than the code.
"""

import tempfile
import time

import napari
import numpy as np
from napari.layers import Layer
from PIL import Image
from qtpy.QtCore import QSettings, Qt
from qtpy.QtWidgets import QApplication

from age import PICTURES, stamp
from napari_kmeans import sample_data
from napari_kmeans.plugin.cloud import CLOSER, camera_and_axes
from napari_kmeans.plugin.docks import CHOOSE, CLUSTERS, open_panel

SIZE = (1200, 760)

#: The pixels across the docks where there is more in the table.
WIDER = 360

#: What the animation shows of the window (left, top, right, bottom), its pixels across,
#: how many colors each of its frames has, and how long it is seen, in milliseconds.
PART, WIDTH, COLORS, DURATION = (333, 24, 1200, 740), 700, 96, 500


def open_sample(viewer, sample):
    """Open sample data as napari's File menu does."""
    viewer.layers.clear()
    [layer] = sample()
    return viewer.add_layer(Layer.create(*layer))


def settle(seconds=0.5):
    """Let Qt draw."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def finish(desk):
    """Let what is under way come to its end."""
    settle(0.1)
    while desk.model.busy or desk.worker is not None or desk.live.waiting:
        settle(0.1)
    settle(1)


def run(widget, **settings):
    """Run with these settings; twice, as the first may compile the kernels."""
    for name, value in settings.items():
        getattr(widget, name).value = value
    for _ in range(2):
        widget.run_button.native.click()
        finish(widget.desk)
    return widget.desk.clusters


def screen(viewer):
    """Return a picture of the whole window."""
    settle()
    return viewer.screenshot(canvas_only=False, flash=False)[..., :3]


def take(viewer, name):
    """Write a picture of the whole window."""
    path = PICTURES / f"{name}.png"
    Image.fromarray(screen(viewer)).save(path, optimize=True, **stamp())


def take_whole(viewer, name):
    """Write a picture in which all of the image is seen."""
    settle()
    viewer.reset_view()
    take(viewer, name)


def take_moving(viewer, name, frames):
    """Write an animation of a part of the window, a picture a frame."""
    height = round(WIDTH * (PART[3] - PART[1]) / (PART[2] - PART[0]))
    pictures = []
    for _ in frames:
        picture = Image.fromarray(screen(viewer)).crop(PART)
        picture = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
        pictures.append(picture.quantize(COLORS, dither=Image.Dither.NONE))
    first, *rest = pictures
    path = PICTURES / f"{name}.gif"
    timing = {"loop": 0, "duration": DURATION}
    first.save(path, append_images=rest, optimize=True, **timing, **stamp())


def select(clusters, labels):
    """Select rows of the table, whose clusters then are seen alone."""
    clusters.select(labels)
    clusters.isolate(bool(labels))


def do(widget, act, *args):
    """Do to clusters what the panel does."""
    widget.desk.do(act, *args)
    finish(widget.desk)


def photo(viewer, widget):
    """Take the dock after a run, and a cluster that is seen alone."""
    open_sample(viewer, sample_data.photo)
    clusters = run(widget, k=5)
    take_whole(viewer, "photo")
    viewer.layers["coffee centers"].visible = False
    do(widget, clusters.rename, 5, "china")
    select(clusters, [5])
    take(viewer, "clusters")
    select(clusters, [])


def choose(viewer, widget):
    """Take the choice of K."""
    widget.choose_button.native.click()
    panel = open_panel(viewer, CHOOSE)
    panel.sweep()
    finish(widget.desk)
    take(viewer, "choose")
    viewer.window.remove_dock_widget(panel)


def live(viewer, widget):
    """Take the image as it follows the slider."""

    def slide():
        for k in [*range(2, 11), 8, 6, 5]:
            widget.scale.setValue(k)
            finish(widget.desk)
            yield

    widget.scale.setFocus()
    take_moving(viewer, "live", slide())


def colors(viewer, widget):
    """Take the colors in 3-D."""
    space = open_panel(viewer, CLUSTERS).space
    space.open()
    finish(widget.desk)
    space.viewer.window.resize(*SIZE)
    settle()
    camera, _ = camera_and_axes(space.viewer)
    angles = camera.angles
    space.viewer.reset_view()
    camera.angles, camera.zoom = angles, CLOSER * camera.zoom
    take(space.viewer, "colors")
    space.viewer.window._qt_window.close()


def tissue(viewer, widget):
    """Take a cluster that is named and measured, with the background hidden."""
    source = open_sample(viewer, sample_data.microscopy)
    source.scale, source.units = (0.5, 0.5), "um"
    clusters = run(widget, k=3)
    viewer.layers["immunohistochemistry centers"].visible = False
    do(widget, clusters.rename, 1, "brown")
    do(widget, clusters.rename, 3, "background")
    clusters.hide([3])
    panel = open_panel(viewer, CLUSTERS)
    panel.rows.show_column("pixels", False)
    window, across = viewer.window._qt_window, Qt.Orientation.Horizontal
    width = panel.parent().width()
    window.resizeDocks([panel.parent()], [WIDER], across)
    take_whole(viewer, "tissue")
    window.resizeDocks([panel.parent()], [width], across)
    panel.rows.show_column("pixels")


def blobs(viewer, widget):
    """Take points in clusters."""
    open_sample(viewer, sample_data.blobs)
    run(widget, k=5)
    take_whole(viewer, "blobs")


def mask(viewer, widget):
    """Take a photo of which a part is clustered."""
    source = open_sample(viewer, sample_data.photo)
    source.rotate = 15
    ellipse = [(50, 150), (50, 500), (350, 500), (350, 150)]
    region = viewer.add_shapes(name="cup")
    region.add_ellipses(np.array([source.data_to_world(c) for c in ellipse]))
    viewer.layers.selection.active = source
    run(widget, k=5, color_space="oklab", mask=region)
    take_whole(viewer, "mask")


def main():
    """Take them all."""
    with tempfile.TemporaryDirectory() as settings:  # not those of whoever runs it
        ini, user = QSettings.Format.IniFormat, QSettings.Scope.UserScope
        QSettings.setPath(ini, user, settings)
        viewer = napari.Viewer()
        viewer.window.resize(*SIZE)
        _, widget = viewer.window.add_plugin_dock_widget("napari-kmeans")
        for picture in (photo, choose, live, colors, tissue, blobs, mask):
            picture(viewer, widget)
        viewer.close()


if __name__ == "__main__":
    main()
