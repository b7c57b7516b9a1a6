"""The dock as its user opens and drives it, for tests in the real viewer."""

from qtpy.QtCore import QPoint, Qt

TITLE = "K-means quantization"


def actions_below(menu):
    for action in menu.actions():
        if action.menu() is None:
            yield action
        else:
            yield from actions_below(action.menu())


def open_from(menu, viewer, title=TITLE):
    [action] = [a for a in actions_below(menu) if a.text().startswith(title)]
    action.trigger()
    dock = next(d for name, d in viewer.window.dock_widgets.items() if title in name)
    return getattr(dock, "_magic_widget", dock)


def by_script(viewer):
    return viewer.window.add_plugin_dock_widget("napari-kmeans")[1]


ROADS = {
    "plugins_menu": lambda viewer: open_from(viewer.window.plugins_menu, viewer),
    "layers_menu": lambda viewer: open_from(viewer.window.layers_menu, viewer),
    "by_script": by_script,
}


def below(action):
    """Return the actions of the menu that an action opens."""
    menu = action.menu()  # PySide6 6.8 ends the menu with what holds it
    return list(menu.actions())


def click(button, qtbot):
    """Click on a button of the dock, or of napari's."""
    qtbot.mouseClick(getattr(button, "native", button), Qt.MouseButton.LeftButton)


def tick(box, qtbot):
    """Click on the square of a check box."""
    place = QPoint(8, box.native.height() // 2)
    qtbot.mouseClick(box.native, Qt.MouseButton.LeftButton, pos=place)


def type_into(box, text, qtbot):
    """Type over what a box shows."""
    box.native.selectAll()
    qtbot.keyClicks(box.native, text)


def run(widget, qtbot):
    """Press Run, and wait for the end."""
    click(widget.run_button, qtbot)
    wait(widget, qtbot)


def wait(widget, qtbot):
    qtbot.waitUntil(lambda: not widget.running, timeout=120_000)


def names(viewer):
    return [layer.name for layer in viewer.layers]


def select(viewer, *layers):
    viewer.layers.selection.clear()
    viewer.layers.selection.update(layers)
