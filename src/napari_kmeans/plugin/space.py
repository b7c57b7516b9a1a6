"""Space: the window in which the colors of clusters are seen as points."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from .cloud import Cloud, question

if TYPE_CHECKING:
    import napari.viewer

    from .cloud import Content
    from .desk import Desk
    from .job import Job

#: Milliseconds between looks whether the clusters are others by now, and how often it
#: is tried to show these, where other work comes first.
INTERVAL, TRIES = 50, 5

HINT = "Select colors, then drag a box: their clusters are selected in the image, too."


class Space(QObject):
    """What opens a viewer of the colors of a desk's clusters, and lets it follow them.

    It is closed with the window of the desk, or with the panel that has opened it.

    Parameters
    ----------
    desk : Desk

    Attributes
    ----------
    viewer : napari.viewer.Viewer or None
        None where it is not open.
    cloud : Cloud or None
        What it shows.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk, self._tries, self._ended = desk, 0, False
        self.viewer: napari.viewer.Viewer | None = None
        self.cloud: Cloud | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._follow)
        main = window_of(desk.model.viewer)
        main.installEventFilter(self)
        main.destroyed.connect(self.close)

    def open(self) -> None:
        """Show the colors, once they are found; where they are shown, raise them."""
        if self.viewer is None:
            self._desk.do(self._desk.model.do, self._asked)
        else:
            window = window_of(self.viewer)
            window.show()
            window.raise_()
            window.activateWindow()

    def close(self, *_: Any) -> None:
        """Close the viewer, and open no other."""
        self._ended = True
        self._shut()

    def _shut(self) -> None:
        if (viewer := self.viewer) is not None:
            self._on_closed()
            viewer.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Close the viewer as a whole, by its window, and with that of the desk.

        That may yet ask whether to close; then its end is told when it is deleted.
        """
        if event.type() == QEvent.Type.Close:
            by_hand = event.spontaneous()
            if watched is window_of(self._desk.model.viewer):
                if not by_hand:
                    self.close()
            elif by_hand:
                event.ignore()
                QTimer.singleShot(0, self._shut)
                return True
        return super().eventFilter(watched, event)

    # -- the first time ------------------------------------------------------------

    def _asked(self) -> Job:
        clusters = self._desk.clusters
        if clusters.palette is None:
            raise ValueError("There should be clusters of an image: run first.")
        return self._desk.model.asked(question(clusters, self._on_found))

    def _on_found(self, content: Content, _job: Job) -> None:
        # When the job is over: a viewer that opens lets other things happen.
        QTimer.singleShot(0, partial(self._show, content))

    def _show(self, content: Content) -> None:
        import napari

        if self._ended:
            return
        if self.viewer is None:
            self.viewer = napari.Viewer(title="Colors", show=False)
            self.viewer.theme = self._desk.model.viewer.theme
            self._desk.model.viewer.events.theme.connect(self._on_theme)
            self.cloud = Cloud(self._desk.clusters, self.viewer)
            bar = Bar(self.cloud, self._desk)
            self.viewer.window.add_dock_widget(bar, name="Colors", area="bottom")
            window = window_of(self.viewer)
            window.installEventFilter(self)
            window.destroyed.connect(self._on_closed)
            self._desk.clusters.changed.connect(self._on_changed)
            self.viewer.show()
        if self.cloud is not None:
            self.cloud.show(content)

    def _on_closed(self, *_: Any) -> None:
        """Let go of the viewer."""
        if self.cloud is None:
            return
        self._timer.stop()
        self.cloud.stop()
        self._desk.clusters.changed.disconnect(self._on_changed)
        self._desk.model.viewer.events.theme.disconnect(self._on_theme)
        self.viewer = self.cloud = None

    def _on_theme(self, event: Any) -> None:
        if self.viewer is not None:
            self.viewer.theme = event.value

    # -- what has changed ----------------------------------------------------------

    def _on_changed(self) -> None:
        self._tries = TRIES
        self._timer.start()

    def _follow(self) -> None:
        """Show other clusters, once nothing else is under way."""
        model, clusters, cloud = self._desk.model, self._desk.clusters, self.cloud
        if model.busy:
            return
        if cloud is None or not cloud.is_stale or not self._tries:
            self._timer.stop()
        elif clusters.palette is None:
            cloud.clear()
            self._timer.stop()
        else:
            self._tries -= 1
            asked = question(clusters, self._on_found)
            if job := model.begin_quietly(partial(model.asked, asked)):
                self._desk.start(job)


class Bar(QWidget):
    """What can be done to colors.

    Parameters
    ----------
    cloud : Cloud
    desk : Desk
    """

    def __init__(self, cloud: Cloud, desk: Desk) -> None:
        super().__init__()
        self._cloud, self._desk = cloud, desk
        self.select_button = QPushButton("Select colors")
        self.select_button.setCheckable(True)
        self.select_button.setToolTip(
            "Drag a box around colors, or click on one; else dragging turns the view."
        )
        self.select_button.toggled.connect(self._on_select)
        self.add_button = QPushButton("Make a cluster of these colors")
        self.add_button.setToolTip(
            "Add a center, the mean of the selected colors: what is nearest to it "
            "becomes a cluster."
        )
        self.add_button.clicked.connect(lambda: desk.do(cloud.add))
        self.said = QLabel(HINT)
        self.said.setWordWrap(True)
        row = QHBoxLayout(self)
        row.addWidget(self.select_button)
        row.addWidget(self.add_button)
        row.addWidget(self.said, 1)
        cloud.picked.connect(self._on_picked)
        self._on_picked()

    def _on_select(self, on: bool) -> None:
        self._cloud.selecting = on

    def _on_picked(self) -> None:
        """Tell what is selected."""
        n = len(self._cloud.colors)
        self.add_button.setEnabled(n > 0)
        self.select_button.setChecked(self._cloud.selecting)
        colors = "1 color" if n == 1 else f"{n:,} colors"
        labels = self._cloud.clusters.selected
        of = "of cluster" if len(labels) == 1 else "of clusters"
        told = f"{colors} selected, {of} {', '.join(map(str, labels))}"
        self.said.setText(told if n else HINT)


def window_of(viewer: Any) -> QWidget:
    """Return the window of a viewer."""
    window: QWidget = viewer.window._qt_window
    return window
