"""Model files: palettes written as JSON, and read to the last bit."""

import copy
import json
import re
import warnings
from dataclasses import fields, replace
from importlib import resources

import dask.array as da
import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_kmeans import Criteria, Palette, fit, quantize, read_samples
from napari_kmeans.core.cluster.moments import Moments
from napari_kmeans.core.data.distance import Space
from napari_kmeans.core.data.frame import Frame
from napari_kmeans.core.data.layout import Layout
from napari_kmeans.core.palettes.quantizer import Quantizer

SCHEMA = json.loads(
    resources.files("napari_kmeans.core.palettes")
    .joinpath("palette.schema.json")
    .read_text()
)

DTYPES = ("bool", "u1", "i1", "u2", ">u2", "i4", "u8", ">i8", "f2", "f4", ">f8")

scratch = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_valid(path):
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(path.read_text()))


def image_of(dtype, shape, seed):
    """Return an image whose values reach far, and have holes where they can."""
    rng, dtype = np.random.default_rng(seed), np.dtype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind == "f":
        scale = rng.choice([1.0, 1e-3, 2.0**13 if dtype.itemsize == 2 else 1e19])
        image = (rng.random(shape) * scale).astype(dtype)
        image[..., 0, :1] = np.nan
        return image
    info = np.iinfo(dtype)
    low = [info.min, max(info.min, info.max - 99)][rng.integers(2)]
    return rng.integers(low, info.max, shape, dtype.newbyteorder("=")).astype(dtype)


@st.composite
def palettes(draw):
    """Draw a palette, edited, and the image that it is of."""
    dtype, seed = draw(st.sampled_from(DTYPES)), draw(st.integers(0, 9))
    kind = draw(st.sampled_from(["gray", "rgb", "channels"]))
    shape = {"gray": (6, 7), "rgb": (6, 7, 3), "channels": (2, 6, 7)}[kind]
    image = image_of(dtype, shape, seed)
    options = {"rgb": kind == "rgb"}
    if kind == "channels":
        options |= {"channel_axis": 0, "channel_names": ["a", "ü"]}
    if kind == "rgb" and (float(np.nanmax(image)) < 1e9 or image.dtype.kind != "f"):
        options["color_space"] = draw(st.sampled_from(["rgb", "cielab", "oklab"]))
    options["scaling"] = draw(st.sampled_from(["none", "range", "variance"]))
    no_data = [None, 3, 0.5, np.nan, np.inf]
    options["no_data"] = draw(st.sampled_from(no_data))
    samples = read_samples(image, **options)
    k = min(draw(st.integers(1, 5)), 2 if dtype == "bool" else 5)
    criteria = Criteria(draw(st.integers(1, 5)), 0)
    reject = draw(st.sampled_from([None, 0.1, 9]))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "k=")  # fewer distinct colors
        warnings.filterwarnings("ignore", "reject should")  # no pixel is left
        palette = fit(samples, k, attempts=1, criteria=criteria, reject=reject)
    return draw(edited(palette, samples)), image


@st.composite
def edited(draw, palette, samples):
    """Draw edits of a palette."""
    for edit in draw(st.lists(st.sampled_from("mrclosn"), max_size=5)):
        label = draw(st.integers(1, palette.k))
        if edit == "m" and palette.k > 1:
            palette = palette.merge([label, label % palette.k + 1])
        elif edit == "r":
            palette = palette.recolor(label, draw(st.sampled_from(["#ff8001"])))
        elif edit == "o":
            order = draw(st.permutations(range(1, palette.k + 1)))
            palette = palette.reorder(order)
        elif edit == "n":
            palette = palette.rename(label, draw(st.text(max_size=5)))
        elif edit == "s" and palette.counts[label - 1] > 3:
            try:
                palette = palette.split(label, samples, 2)
            except ValueError:  # fewer distinct colors
                continue
        elif edit == "l":
            return palette.lock(label)
    return palette


@scratch
@given(palettes())
def test_what_is_loaded_is_what_was_saved(tmp_path, drawn):
    palette, image = drawn
    path = tmp_path / "model.json"
    palette.save(path)
    is_valid(path)
    loaded = Palette.load(path)
    assert loaded == palette
    assert hash(loaded) == hash(palette)
    assert loaded.settings == palette.settings or "nan" in str(palette.settings)
    assert loaded.layout.dtype == palette.layout.dtype
    assert loaded.quantizer.values.dtype == palette.quantizer.values.dtype
    for name, found in zip(Moments._fields, loaded.moments, strict=True):
        np.testing.assert_array_equal(found, getattr(palette.moments, name))
    assert (loaded.n_iter, loaded.converged) == (palette.n_iter, palette.converged)
    first = path.read_bytes()
    loaded.save(path)
    assert path.read_bytes() == first
    given_images = [image, da.from_array(image, 3)]
    if not palette.layout.rgb or image.dtype.kind == "f":  # else of another full value
        given_images.append(image.astype("f4"))
    for given_ in given_images:
        for name in ("label", "paint"):
            np.testing.assert_array_equal(
                np.asarray(getattr(loaded, name)(given_)),
                np.asarray(getattr(palette, name)(given_)),
            )


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(0)
    return read_samples(rng.integers(0, 200, (9, 8, 3), np.uint8), rgb=True)


@pytest.fixture(scope="module")
def palette(samples):
    palette = fit(samples, 4, seed=3).merge([2, 4]).rename(1, "Grün")
    return palette.recolor(2, "#ff8000").lock(3)


@pytest.fixture(scope="module")
def model(palette, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.json"
    palette.save(path)
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        (
            Palette,
            "centers counts compactness names colors locked n_iter converged "
            "value_range settings layout space quantizer moments",
        ),
        (Quantizer, "centers values frame codes table owners reject"),
        (Frame, "origin unit scale space full"),
        (Layout, "rgb channel_axis channels dtype no_data"),
        (Space, "rgb name scaling full"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_all_that_a_palette_is_made_of_is_known_to_the_model(kind, known):
    # Codes and the table are of the image, and speed labeling up.
    assert [field.name for field in fields(kind)] == known.split()


def test_what_comes_of_edits_is_the_same_after_loading(samples, palette, tmp_path):
    palette.save(tmp_path / "m.json")
    loaded = Palette.load(tmp_path / "m.json")
    for edit in (
        lambda p: p.split(1, samples, 3),
        lambda p: p.merge([1, 2]),
        lambda p: p.merge_closer(50),
        lambda p: p.delete(1, samples),
        lambda p: p.add([20, 30, 40], samples),
        lambda p: p.reorder("hue"),
        lambda p: p.inherit(palette),
        lambda p: fit(samples, 5, keep=p),
    ):
        assert edit(loaded) == edit(palette)


def test_clusters_without_a_partner_and_distances_by_formula(tmp_path):
    image = np.random.default_rng(1).integers(0, 200, (9, 8, 3), np.uint8)
    samples = read_samples(image, rgb=True)
    few = fit(samples, 2, seed=1).matched(fit(samples, 4).rename(3, "stain"))
    chart = Palette.of_colors(["#ff8000", "#102030", "#70a0c0"])
    mapped = quantize(image, rgb=True, init=chart, fixed=True, color_space="ciede2000")
    assert len(few.unmatched) == 2
    for palette in few, mapped.palette:
        palette.save(tmp_path / "m.json")
        is_valid(tmp_path / "m.json")
        loaded = Palette.load(tmp_path / "m.json")
        assert loaded == palette
        np.testing.assert_array_equal(loaded.label(image), palette.label(image))


def test_a_file_is_read_by_people(palette, tmp_path):
    palette.save(tmp_path / "m.json")
    text = (tmp_path / "m.json").read_text(encoding="utf-8")
    assert text.startswith('{\n  "format": "napari-kmeans palette",\n  "version": 1,')
    assert '"name": "Grün",' in text
    assert '"hex": "#ff8000",\n      "color": [1.0, 0.5019607843137255, 0.0],' in text
    assert max(map(len, text.splitlines())) < 100


def test_not_finite_numbers_are_text(palette, tmp_path):
    moments = palette.moments._replace(squared=np.array([np.nan, np.inf, -np.inf]))
    odd = replace(palette, compactness=-np.nan, moments=moments)
    odd.save(tmp_path / "m.json")
    is_valid(tmp_path / "m.json")
    loaded = Palette.load(tmp_path / "m.json")
    assert loaded == odd
    np.testing.assert_array_equal(loaded.moments.squared, moments.squared)


def test_an_earlier_file_is_replaced_whole_or_not_at_all(palette, tmp_path):
    path = tmp_path / "m.json"
    path.write_text("before")
    bad = replace(palette, settings={"what": object()})
    with pytest.raises(TypeError):
        bad.save(path)
    assert path.read_text() == "before"
    palette.save(str(path))
    assert Palette.load(str(path)) == palette
    assert [*tmp_path.iterdir()] == [path]


def places(value, above=()):
    """Yield where in a model there is something."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for name, each in inside:
        yield (*above, name)
        if isinstance(each, (dict, list)):
            yield from places(each, (*above, name))


def loaded(model, folder):
    path = folder / "model.json"
    path.write_text(json.dumps(model))
    return Palette.load(path)


ODD = [
    *(None, True, "red", "NaN", "Infinity", "", -1, 0, 1, 2, 10**400, 2**64, 0.5),
    *(1e308, -1e-320, [], [1], [[]], {}, {"a": 1}, [None] * 3, ["NaN"] * 3, [1e999]),
]


@settings(scratch, max_examples=400)
@given(st.data())
def test_whatever_is_changed_is_refused_or_a_palette(tmp_path, model, samples, data):
    changed = copy.deepcopy(model)
    *above, last = data.draw(st.sampled_from([*places(model)]))
    within = changed
    for name in above:
        within = within[name]
    how = data.draw(st.sampled_from(["delete", "replace", "add"]))
    if how == "delete":
        del within[last]
    elif how == "add" and isinstance(within, list):
        within.append(copy.deepcopy(within[last]))
    elif how == "add":
        within["more"] = within[last]
    else:
        within[last] = data.draw(st.sampled_from(ODD))
    palette, said = None, ""
    try:
        palette = loaded(changed, tmp_path)
    except ValueError as error:
        said = str(error)
    if palette is None:
        assert "model.json" in said
        assert len(said) < 300
        assert said.endswith(".")
        return
    free = above and above[0] in ("settings", "nearest")  # of centers any number
    assert how == "replace" or free
    path = tmp_path / "again.json"
    palette.save(path)
    is_valid(path)
    assert Palette.load(path) == palette
    repr(palette), palette._repr_html_(), palette.table()


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (
            ("clusters", 2, "center"),
            [1, "red", 3],
            "clusters[2].center of model.json should be 3 finite numbers, but is "
            "[1, 'red', 3].",
        ),
        (
            ("clusters", 0, "count"),
            -1,
            "clusters[0].count of model.json should be an integer from 0 to "
            "9,223,372,036,854,775,807, but is -1.",
        ),
        (
            ("clusters", 1, "hex"),
            "#123456",
            "clusters[1].hex of model.json should be '#ff8000', as its color, but is "
            "'#123456'.",
        ),
        (
            ("clusters", 1, "value"),
            [0, 1, 256],
            "clusters[1].value of model.json should be 3 values of uint8, but is "
            "[0, 1, 256].",
        ),
        (
            ("image", "dtype"),
            "complex64",
            "image.dtype of model.json should be a dtype such as 'uint8' or '>f4', but "
            "is 'complex64'.",
        ),
        (
            ("distances", "color_space"),
            "hsv",
            "distances.color_space of model.json should be one of 'rgb', 'cielab', "
            "'oklab', 'ciede2000', but is 'hsv'.",
        ),
        (
            ("moments", "weights"),
            [1.0],
            "moments.weights of model.json should be 3 finite numbers, at least 0, "
            "but is [1.0].",
        ),
        (("nearest",), [], "nearest of model.json should be a list of 1 to 65,535"),
        (("distances", "reject"), -1, "distances.reject of model.json should be a fin"),
        (("version",), 2, "model.json of version 2 should be of version 1: a later"),
        (("format",), "other", "model.json should be a model, a list of colors, or"),
        (("fit", "more"), 1, "model.json should not have 'fit.more'."),
    ],
)
def test_a_field_is_refused_by_its_name(model, tmp_path, place, value, said):
    changed = copy.deepcopy(model)
    *above, last = place
    within = changed
    for name in above:
        within = within[name]
    within[last] = value
    with pytest.raises(ValueError, match=re.escape(said)):
        loaded(changed, tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 900 + b"]" * 900,
        b"1" * 10_000,
        b'{"format": "napari-kmeans palette", "version": NaN}',
        b'{"format": "napari-kmeans palette"}',
        b'{"format": "napari-kmeans palette", "version": "1"}',
        b"null",
        b'"napari-kmeans palette"',
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_what_is_no_model_is_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model.json .*\.$"):
        Palette.load(path)


@given(st.data())
@scratch
def test_a_truncated_file_is_refused(palette, tmp_path, data):
    path = tmp_path / "model.json"
    palette.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ValueError, match=r"model.json"):
        Palette.load(path)


def test_settings_that_are_nested_too_deep_are_refused(model, tmp_path):
    deep = {}
    for _ in range(30):
        deep = {"a": deep}
    with pytest.raises(ValueError, match="at most 16 deep"):
        loaded(model | {"settings": deep}, tmp_path)


def test_paths_are_checked_before_any_work(palette, tmp_path):
    with pytest.raises(TypeError, match="path=3 should be a path"):
        palette.save(3)
    with pytest.raises(ValueError, match="should end in"):
        palette.save(tmp_path / "model.txt")
    with pytest.raises(ValueError, match="in a folder that exists"):
        palette.save(tmp_path / "none" / "model.json")
    (tmp_path / "a.json").mkdir()
    with pytest.raises(ValueError, match="but is a folder"):
        Palette.load(tmp_path / "a.json")
    with pytest.raises(FileNotFoundError):
        Palette.load(tmp_path / "b.json")


def test_any_nan_that_stands_for_none_is_the_same(tmp_path):
    image = np.array([[np.nan, 1, 2, 7]])
    palette = quantize(image, 2, no_data=float("nan")).palette
    palette.save(tmp_path / "model.json")
    assert Palette.load(tmp_path / "model.json") == palette
    assert quantize(image, 2, no_data=float("nan")).palette == palette
