"""Targets: which layers, or which folder, a palette is to be put on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
)

from .layers import is_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Image
    from qtpy.QtWidgets import QWidget

    from .clusters import Clusters

#: Where in an item its layer is.
LAYER = Qt.ItemDataRole.UserRole


class Targets(QDialog):
    """The images of a viewer, to be ticked.

    Parameters
    ----------
    parent : QWidget
    clusters : Clusters
        Whose palette it is.
    chosen : callable
        Gets the layers that were ticked.
    folder : callable
        Called where a folder is to be chosen instead.
    """

    def __init__(
        self,
        parent: QWidget,
        clusters: Clusters,
        chosen: Callable[[list[Image]], None],
        folder: Callable[[], None],
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Apply palette to")
        self._chosen, self._folder = chosen, folder
        self.layers = QListWidget()
        self.layers.setMinimumSize(300, 120)
        for layer in images_beside(clusters):
            why_not, has = clusters.why_not(layer), clusters.model.has_result(layer)
            self.layers.addItem(_item(layer, why_not, has))
        self.layers.itemChanged.connect(self._enable)
        said = "Labels and quantized images are added beside the layers, as by a run."
        if not self.layers.count():
            said = "There is no other image in the viewer: open some, or take a folder."
        label = QLabel(said)
        label.setWordWrap(True)
        buttons = QDialogButtonBox()
        roles = QDialogButtonBox.ButtonRole
        self.apply_button = buttons.addButton("Apply", roles.AcceptRole)
        self.folder_button = buttons.addButton("Folder…", roles.ActionRole)
        self.folder_button.setToolTip("Read the images of a folder, and write results.")
        self.cancel_button = buttons.addButton("Cancel", roles.RejectRole)
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        self.folder_button.clicked.connect(self._on_folder)
        layout = QVBoxLayout(self)
        layout.addWidget(label)
        layout.addWidget(self.layers)
        layout.addWidget(buttons)
        self._enable()

    @property
    def ticked(self) -> list[Image]:
        """The layers that are ticked."""
        items = [self.layers.item(row) for row in range(self.layers.count())]
        checked = Qt.CheckState.Checked
        return [item.data(LAYER) for item in items if item.checkState() == checked]

    def _enable(self, _item: Any = None) -> None:
        self.apply_button.setEnabled(bool(self.ticked))

    def _on_accepted(self) -> None:
        layers = self.ticked
        self.accept()
        self._chosen(layers)

    def _on_folder(self) -> None:
        self.accept()
        self._folder()


def images_beside(clusters: Clusters) -> list[Image]:
    """Return the images of a viewer but those of the clusters, and results."""
    from napari.layers import Image

    model = clusters.model
    return [
        layer
        for layer in model.viewer.layers
        if isinstance(layer, Image)
        and layer not in model.sources
        and not is_result(layer)
    ]


def _item(layer: Image, why_not: str, has: bool) -> QListWidgetItem:
    """Return the line of a layer: gray where the palette does not fit, and why.

    It is ticked, but where there is a result that would be another then.
    """
    item = QListWidgetItem(layer.name)
    item.setData(LAYER, layer)
    if why_not:
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setCheckState(Qt.CheckState.Unchecked)
        item.setToolTip(why_not)
    else:
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
        checked = Qt.CheckState.Unchecked if has else Qt.CheckState.Checked
        item.setCheckState(checked)
        item.setToolTip("Its clusters would be replaced." if has else "")
    return item
