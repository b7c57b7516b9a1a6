"""Preferences: the defaults of the dock, as napari's page has them."""

import pytest
from napari.components import ViewerModel
from npe2 import PluginManager

from napari_kmeans.plugin import settings
from napari_kmeans.plugin.model import KMeansModel
from napari_kmeans.plugin.preferences import Preferences, preferences

napari_settings = pytest.importorskip("napari.settings")


@pytest.fixture
def page(monkeypatch):
    """Return the page in napari's Preferences, as it is at first."""
    if not hasattr(napari_settings, "get_plugin_settings"):
        pytest.skip("this napari has no pages of plugins")
    PluginManager.instance().discover()
    monkeypatch.setattr(settings, "preferences", preferences)
    page = napari_settings.get_plugin_settings("napari-kmeans").dock
    before = {name: getattr(page, name) for name in Preferences._fields}
    yield page
    for name, value in before.items():
        setattr(page, name, value)


def test_the_page_begins_with_the_defaults(page):
    assert preferences() == Preferences()


def test_a_dock_begins_with_what_is_preferred(page):
    page.k, page.color_space, page.seed, page.live = 8, "oklab", 3, False
    page.memory = 1.5
    found = KMeansModel(ViewerModel()).settings
    assert (found.k, found.color_space, found.seed, found.live) == (
        *(8, "oklab", 3, False),
    )
    assert preferences().memory == 1_500_000_000
