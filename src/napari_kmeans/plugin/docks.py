"""Docks: the panels of the plugin in a window, opened by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.components import ViewerModel

#: What the manifest calls the panels.
CLUSTERS, CHOOSE = "Clusters", "Choose K"


def open_panel(viewer: ViewerModel, name: str) -> Any:
    """Show a panel, and return it; None for a viewer that has no window."""
    window = getattr(viewer, "window", None)
    if window is None:
        return None
    for title, there in window.dock_widgets.items():
        if title.startswith(name):
            there.parent().show()
            return there
    tabbed = name == CHOOSE  # beside the clusters, as there is no room for all
    return window.add_plugin_dock_widget("napari-kmeans", name, tabify=tabbed)[1]
