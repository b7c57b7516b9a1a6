"""Options: keyword arguments that are written once and shown everywhere."""

import inspect

import numpy as np
import pytest

import napari_kmeans
from napari_kmeans import Criteria
from napari_kmeans.cli.commands.quantize import quantize as command
from napari_kmeans.cli.groups import grouped
from napari_kmeans.core.options.keywords import (
    BOUND,
    FIT,
    KEEP,
    READ,
    BoundOptions,
    FitOptions,
    K,
    KeepOptions,
    PlanesOptions,
    PointsOptions,
    QuantizeOptions,
    ReadOptions,
    SamplesOptions,
    SweepOptions,
)
from napari_kmeans.plugin.settings import DockSettings

IMAGE = np.arange(28, dtype=np.uint8).reshape(7, 4)
SAMPLES = napari_kmeans.read_samples(IMAGE)

#: What each function takes besides what is its own.
FUNCTIONS = {
    "quantize": (IMAGE, READ | FIT | BOUND | KEEP),
    "quantize_planes": (np.stack([IMAGE, IMAGE]), READ | FIT | BOUND),
    "read_samples": (IMAGE, READ),
    "quantize_samples": (SAMPLES, FIT | BOUND | KEEP),
    "fit": (SAMPLES, FIT | BOUND | KEEP),
    "kmeans": (IMAGE, FIT | BOUND),
}


def test_each_option_has_a_default_and_a_type():
    assert ReadOptions.__annotations__.keys() == READ.keys()
    assert FitOptions.__annotations__.keys() == FIT.keys()
    assert BoundOptions.__annotations__.keys() == BOUND.keys()
    assert KeepOptions.__annotations__.keys() == KEEP.keys()
    assert PointsOptions.__annotations__.keys() == (FIT | BOUND).keys()
    assert SamplesOptions.__annotations__.keys() == (FIT | BOUND | KEEP).keys()
    assert SweepOptions.__annotations__.keys() == (READ | FIT).keys()
    assert PlanesOptions.__annotations__.keys() == (READ | FIT | BOUND).keys()
    of_image = READ | FIT | BOUND | KEEP
    assert QuantizeOptions.__annotations__.keys() == of_image.keys()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_shows_its_options_with_their_defaults(name):
    function = getattr(napari_kmeans, name)
    parameters = inspect.signature(function).parameters
    shown = {key: one.default for key, one in parameters.items()}
    assert FUNCTIONS[name][1].items() <= shown.items()
    assert "progress" in shown
    assert not any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    assert all(key in function.__doc__ for key in parameters)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_no_option_is_refused_by_the_name_of_the_function(name):
    function, (data, _) = getattr(napari_kmeans, name), FUNCTIONS[name]
    message = rf"^{name}\(\) got an unexpected keyword argument 'atempts'$"
    with pytest.raises(TypeError, match=message):
        function(data, atempts=3)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_default_that_is_given_changes_nothing(name):
    function, (data, options) = getattr(napari_kmeans, name), FUNCTIONS[name]
    one, two = function(data), function(data, **options)
    if name == "read_samples":
        one, two = napari_kmeans.fit(one), napari_kmeans.fit(two)
    np.testing.assert_array_equal(one.centers, two.centers)
    assert one.settings == two.settings


def test_the_dock_and_the_command_line_have_the_defaults_of_scripts():
    options = inspect.signature(grouped(command)).parameters
    given = {key: one.default for key, one in options.items()}
    shared = READ | FIT
    assert {key: given[key] for key in shared.keys() & given.keys()} == {
        key: default for key, default in shared.items() if key in given
    }
    assert Criteria(given["max_iter"], given["epsilon"]) == FIT["criteria"]
    dock = DockSettings()
    assert (dock.k, given["k"]) == (K, None)
    for name in ("attempts", "init", "seed", "color_space", "scaling"):
        assert getattr(dock, name) == shared[name]
    assert dock.fitting(dock.epsilon)["criteria"] == FIT["criteria"]
