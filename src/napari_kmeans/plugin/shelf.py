"""Shelf: palettes saved, opened, dropped, and put on other images, by their user."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from ..core.run.systems import usable
from ..palettes import palette_of
from .palettes import Named
from .targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Image, Layer
    from qtpy.QtWidgets import QMenu, QWidget

    from .desk import Desk

#: What palettes are saved as: what it is called, and how the file ends.
KINDS = {
    "All of it, for napari-kmeans": "json",
    "GIMP, Inkscape, Krita": "gpl",
    "Adobe Swatch Exchange": "ase",
    "Adobe Photoshop colors": "aco",
    "Adobe color table": "act",
    "Lospec": "hex",
    "JASC": "pal",
    "Table of colors": "csv",
    "Strip of squares": "png",
}

#: How a file ends that napari opens as a palette.
MODEL = ".kmeans.json"

#: The most sentences that are asked about.
MOST = 8


class Shelf:
    """What a user does with palettes.

    Parameters
    ----------
    parent : QWidget
        Over which dialogs are shown.
    desk : Desk
        Whose clusters these are of.
    """

    def __init__(self, parent: QWidget, desk: Desk) -> None:
        self._parent, self._desk, self._clusters = parent, desk, desk.clusters

    def fill(self, menu: QMenu) -> None:
        """Offer what can be done with palettes."""
        edited = self._clusters.palette is not None
        images = bool(self._clusters.model.choice.offers.images)
        for text, act, can, tip in (
            ("Save palette…", self.save, edited, "For other images and programs."),
            ("Open palette…", self.open, images, "Put it on this image."),
            ("Apply to…", self.apply, edited, "Put it on other layers, or a folder."),
        ):
            action = menu.addAction(text)
            action.setEnabled(can)
            action.setToolTip(tip)
            action.triggered.connect(lambda _on=False, act=act: self._desk.do(act))
        of_layers = menu.addMenu("Palette of layer")
        layers = self._holding if images else []
        of_layers.setEnabled(bool(layers))
        for layer in layers:
            action = of_layers.addAction(layer.name)
            action.triggered.connect(lambda _on=False, layer=layer: self.take(layer))
        menu.setToolTipsVisible(True)

    @property
    def _holding(self) -> list[Layer]:
        """The layers that hold a palette, but for those of these clusters."""
        shown = self._clusters.shown
        own = shown.layers if shown else []
        layers = self._clusters.model.viewer.layers
        return [one for one in layers if one not in own and palette_of(one.metadata)]

    def save(self) -> None:
        """Ask for a file, and write the palette into it."""
        kinds = [f"{what} (*.{suffix})" for what, suffix in KINDS.items()]
        path, kind = QFileDialog.getSaveFileName(
            self._parent, "Save the palette", self._proposed(), ";;".join(kinds)
        )
        if path:
            end = kind.rpartition("*")[2].rstrip(")") or ".json"
            if not Path(path).suffix:
                path += MODEL if end == ".json" else end
            self._clusters.save(path)

    def open(self) -> None:
        """Ask for a file, and put the palette in it on the image."""
        kinds = " ".join(f"*.{suffix}" for suffix in KINDS.values())
        path, _ = QFileDialog.getOpenFileName(
            self._parent, "Open a palette", str(self._beside), f"Palettes ({kinds})"
        )
        if path:
            self.take(path)

    def take(self, source: str | Layer) -> None:
        """Put the palette of a file, or a layer, on the image; ask where that differs.

        Parameters
        ----------
        source : str or napari.layers.Layer
        """
        self._desk.do(self._take, source)

    def _take(self, source: str | Layer) -> None:
        named = Named.of(source)
        title = f"{named.name}: put it on this image?"
        act = partial(self._clusters.put, named)
        self._clusters.compare(named, None, partial(self._ask, title, act))

    def apply(self) -> None:
        """Ask for layers, or a folder, to put the palette on."""
        Targets(self._parent, self._clusters, self.apply_to, self._on_folder).open()

    def apply_to(self, layers: list[Image]) -> None:
        """Put the palette on layers; where these differ, ask first."""
        clusters = self._clusters
        act = partial(clusters.apply_to, layers)
        then = partial(self._ask, "Put the palette on these layers?", act)
        self._desk.do(lambda: clusters.compare(clusters.own, layers, then))

    def _on_folder(self) -> None:
        self._desk.do(self.apply_folder)

    def apply_folder(self) -> None:
        """Ask for a folder of images, and one for results."""
        choose, clusters = QFileDialog.getExistingDirectory, self._clusters
        folder = choose(self._parent, "Folder of images", str(self._beside))
        if not folder:
            return
        output = self._for_results(Path(folder))
        if not output:
            return
        act = partial(clusters.apply_to_folder, folder, output, force=True)
        title = "Put the palette on the images of this folder?"
        clusters.compare_folder(folder, output, partial(self._ask, title, act))

    def _for_results(self, folder: Path) -> str:
        """Ask for the folder of results, which need not be there yet."""
        proposed = str(folder.parent / f"{folder.name}-kmeans")
        chosen, given = QInputDialog.getText(
            self._parent,
            "Folder for the results",
            "Made where it is not there; apart from that of the images:",
            text=proposed,
        )
        return chosen.strip() if given else ""

    def _ask(self, title: str, act: Callable[[], Any], told: tuple[str, ...]) -> None:
        """Do an act; where there is something to be told before, once that is heard."""
        if not told:
            self._desk.do(act)
            return
        box = QMessageBox(self._parent)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("K-means")
        box.setText(title)
        more = [f"And {len(told) - MOST} more."] if len(told) > MOST else []
        box.setInformativeText("\n".join([*told[:MOST], *more]))
        box.setStyleSheet("QLabel { min-width: 300px; }")
        button = box.addButton("Apply", QMessageBox.ButtonRole.AcceptRole)
        box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.accepted.connect(lambda: self._desk.do(act))
        box.setDefaultButton(button)
        box.open()

    @property
    def _beside(self) -> Path:
        """The folder of the image."""
        sources = self._clusters.model.sources
        path = sources[0].source.path if sources else None
        return Path(path).parent if path else Path.cwd()

    def _proposed(self) -> str:
        """Return the file that is proposed for the palette."""
        name = self._clusters.model.sources[0].name
        return str(self._beside / usable(f"{name}{MODEL}"))
