"""Settings and fixtures of the tests."""

import signal
import time

import hypothesis
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtGui import QOpenGLContext

from dock import ROADS
from napari_kmeans.core import kernels
from napari_kmeans.core.cluster import opencv
from napari_kmeans.core.run.progress import step

hypothesis.settings.register_profile(
    "deterministic",
    derandomize=True,
    deadline=None,
    max_examples=50,
    print_blob=False,
)
# For a shorter look, as at other versions: pytest --hypothesis-profile=brief
hypothesis.settings.register_profile(
    "brief", hypothesis.settings.get_profile("deterministic"), max_examples=10
)
# For a longer look: pytest --hypothesis-profile=search
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("deterministic")


# A job of a shell in the background is started to ignore some signals that tests send.
for _name in {"SIGINT", "SIGHUP"} & {*signal.Signals.__members__}:
    if signal.getsignal(signal.Signals[_name]) is signal.SIG_IGN:
        _default = signal.SIG_DFL if _name == "SIGHUP" else signal.default_int_handler
        signal.signal(signal.Signals[_name], _default)


def pytest_collection_modifyitems(items):
    """Mark the tests that open a window of napari."""
    for item in items:
        if "viewer" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.window)


@pytest.fixture(params=["compiled", "python"], scope="module")
def jit(request):
    """Run a test with the kernels compiled, and again as plain Python."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "python":
            parts = ("tiles", "colors", "intervals", "steps", "merging", "components")
            parts += ("words", "dithering")
            for module in (kernels, *(getattr(kernels, part) for part in parts)):
                for name, kernel in vars(module).copy().items():
                    if hasattr(kernel, "py_func"):
                        patch.setattr(module, name, kernel.py_func)
        yield request.param


@pytest.fixture
def canvas():
    """Leave no context of OpenGL behind as the current one.

    Another thread may delete it as garbage; then Qt dies of it at the exit.
    """
    yield
    if context := QOpenGLContext.currentContext():
        context.doneCurrent()


@pytest.fixture
def viewer(canvas, make_napari_viewer):
    """Return a viewer of napari with its window."""
    return make_napari_viewer()


@pytest.fixture(params=ROADS)
def road(request):
    """What opens the dock in a viewer."""
    return ROADS[request.param]


@pytest.fixture
def searched(monkeypatch):
    """Searches that never end; grows with each of their steps."""
    steps = []

    def endless(*args, **kwargs):
        while True:
            steps.append(1)
            time.sleep(0.01)  # as a search would, so that the window keeps up
            step(1)

    monkeypatch.setattr(opencv, "search", endless)
    return steps


@pytest.fixture
def notified():
    """The messages of the notifications that were shown during a test."""
    messages = []
    notification_manager.notification_ready.connect(
        receive := lambda notification: messages.append(notification.message)
    )
    yield messages
    notification_manager.notification_ready.disconnect(receive)


@pytest.fixture(autouse=True)
def preferred(monkeypatch, tmp_path_factory):
    """What a dock begins with: nothing happens that was not asked for."""
    from qtpy.QtCore import QSettings

    from napari_kmeans.plugin import settings
    from napari_kmeans.plugin.preferences import Preferences

    monkeypatch.setattr(settings, "preferences", lambda: Preferences(live=False))
    folder = str(tmp_path_factory.mktemp("settings"))
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
