"""Validation: what is wrong is refused in one sentence, before any work."""

import inspect
import re
from decimal import Decimal

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_kmeans import kmeans, quantize, quantize_planes
from napari_kmeans.core import validation

IMAGE = np.arange(20, dtype=np.uint8).reshape(4, 5)
RGB = np.zeros((40, 50, 3), np.uint8)
POINTS = np.arange(12.0).reshape(6, 2)
NAN = np.full((4, 5), np.nan)
HUGE = np.array([[0.0, 1e30], [1.0, 2.0]])
STRUCTURED = np.zeros((4, 5), [("red", "u1"), ("green", "u1")])
MASKED = np.ma.masked_less(IMAGE, 3)

WRONG_TYPES = [
    ({"k": True}, "k=True"),
    ({"k": 2.5}, "k=2.5"),
    ({"k": 2.0}, "k=2.0"),
    ({"k": "5"}, "k='5'"),
    ({"k": np.True_}, "k=np.True_"),
    ({"k": np.array([3])}, "k=array([3])"),
    ({"k": Decimal(3)}, "k=Decimal('3')"),
    ({"attempts": 1.0}, "attempts=1.0"),
    ({"attempts": True}, "attempts=True"),
    ({"attempts": None}, "attempts=None"),
    ({"criteria": 10}, "criteria=10"),
    ({"criteria": None}, "criteria=None"),
    ({"criteria": (3, 10)}, "criteria=(3, 10)"),
    ({"criteria": (3, 2.5, 1.0)}, "max_iter=2.5"),
    ({"criteria": (3, 10, "1")}, "epsilon='1'"),
    ({"init": None}, "init of NoneType"),
    ({"init": np.zeros(IMAGE.shape)}, "init of dtype float64"),
    ({"init": np.zeros(IMAGE.shape, bool)}, "init of dtype bool"),
    ({"seed": None}, "seed=None"),
    ({"seed": 1.5}, "seed=1.5"),
    ({"seed": np.random.default_rng(0)}, "seed=Generator(PCG64)"),
    ({"max_samples": 1e5}, "max_samples=100000.0"),
    ({"max_samples": "all"}, "max_samples='all'"),
    ({"refine": 1}, "refine=1"),
    ({"refine": None}, "refine=None"),
]

WRONG_VALUES = [
    ({"k": 0}, "k=0"),
    ({"k": -1}, "k=-1"),
    ({"k": 65_536}, "k=65536"),
    ({"k": np.int64(-7)}, "k=-7"),
    ({"attempts": 0}, "attempts=0"),
    ({"attempts": 2**31}, "attempts=2147483648"),
    ({"criteria": (0, 10, 1.0)}, "criteria=(0, 10, 1.0)"),
    ({"criteria": (3, 0, 1.0)}, "max_iter=0"),
    ({"criteria": (3, 10, -1.0)}, "epsilon=-1.0"),
    ({"criteria": (3, 10, float("nan"))}, "epsilon=nan"),
    ({"init": "kmeans++"}, "init='kmeans++'"),
    ({"init": ""}, "init=''"),
    ({"init": 3}, "init of shape ()"),
    ({"init": np.zeros((4, 6), int)}, "init of shape (4, 6)"),
    ({"seed": -1}, "seed=-1"),
    ({"seed": 2**31}, "seed=2147483648"),
    ({"max_samples": 0}, "max_samples=0"),
    ({"k": 3, "max_samples": 2}, "max_samples=2"),
]

IMAGE_TYPES = [
    ({"image": IMAGE.astype(complex)}, "image of dtype complex128"),
    ({"image": IMAGE.astype(object)}, "image of dtype object"),
    ({"image": IMAGE.astype(str)}, "image of dtype <U3"),
    ({"image": IMAGE.astype("S3")}, "image of dtype |S3"),
    ({"image": IMAGE.astype("m8[s]")}, "image of dtype timedelta64[s]"),
    ({"image": IMAGE.astype("M8[s]")}, "image of dtype datetime64[s]"),
    ({"image": IMAGE.astype(np.longdouble)}, "image of dtype float128"),
    ({"image": STRUCTURED}, "image of dtype [('red', 'u1'), ('green', 'u1')]"),
    ({"image": None}, "image of NoneType"),
    ({"image": "photo.png"}, "image of dtype <U9"),
    ({"image": MASKED}, "image"),
    ({"image": IMAGE, "mask": IMAGE}, "mask of dtype uint8"),
    ({"image": IMAGE, "mask": "all"}, "mask of dtype <U3"),
    ({"image": IMAGE, "rgb": 1}, "rgb=1"),
    ({"image": IMAGE, "rgb": "yes"}, "rgb='yes'"),
    ({"image": RGB, "rgb": "yes", "channel_axis": 2}, "rgb='yes'"),
    ({"image": RGB, "channel_axis": 1.0}, "channel_axis=1.0"),
    ({"image": RGB, "channel_axis": True}, "channel_axis=True"),
]

IMAGE_VALUES = [
    ({"image": np.zeros((0, 5))}, "image of shape (0, 5)"),
    ({"image": []}, "image of shape (0,)"),
    ({"image": np.zeros((4, 5, 0)), "channel_axis": 2}, "image of shape (4, 5, 0)"),
    ({"image": np.zeros(5)}, "image of shape (5,)"),
    ({"image": np.float64(3)}, "image of shape ()"),
    ({"image": [[1, 2], [3]]}, "image of 2 nested sequences"),
    ({"image": NAN}, "image"),
    ({"image": NAN * np.inf}, "image"),
    ({"image": IMAGE, "mask": np.zeros(IMAGE.shape, bool)}, "image"),
    ({"image": np.zeros((40, 50, 4), np.uint8)}, "image"),
    ({"image": IMAGE, "k": 21}, "k=21"),
    ({"image": IMAGE, "mask": IMAGE < 3, "k": 4}, "k=4"),
    ({"image": np.where(IMAGE < 3, 1.0, np.nan), "k": 4}, "k=4"),
    ({"image": IMAGE, "mask": np.ones((5, 4), bool)}, "mask of shape (5, 4)"),
    ({"image": RGB, "mask": np.ones(RGB.shape, bool)}, "mask of shape (40, 50, 3)"),
    ({"image": IMAGE, "rgb": True}, "rgb=True"),
    ({"image": np.zeros((4, 5, 2)), "rgb": True}, "rgb=True"),
    ({"image": RGB, "channel_axis": 3}, "channel_axis=3"),
    ({"image": RGB, "channel_axis": -4}, "channel_axis=-4"),
    ({"image": IMAGE, "channel_axis": 0}, "channel_axis=0"),
    ({"image": RGB, "channel_axis": 1, "rgb": True}, "channel_axis=1"),
    ({"image": RGB, "rgb": True, "channel_names": "rgb"}, "channel_names='rgb'"),
    ({"image": IMAGE, "k": 2, "init": IMAGE}, "init with labels from 0 to 19"),
    ({"image": IMAGE, "k": 20, "init": IMAGE - 1}, "init with labels from 0 to 255"),
    (
        {"image": IMAGE, "k": 20, "init": IMAGE.astype(int) - 1},
        "init with labels from -1 to 18",
    ),
    ({"image": RGB, "init": np.zeros(RGB.shape, int)}, "init of shape (40, 50, 3)"),
    ({"image": HUGE, "k": 2, "refine": False}, "image with values up to 1e+30"),
]

POINTS_TYPES = [
    ({"points": POINTS.astype(complex)}, "points of dtype complex128"),
    ({"points": POINTS.astype(object)}, "points of dtype object"),
    ({"points": np.ma.masked_less(POINTS, 3)}, "points"),
    ({"points": POINTS, "weights": ["a"] * 6}, "weights of dtype <U1"),
    ({"points": POINTS, "weights": np.ones(6, complex)}, "weights of dtype complex128"),
]

POINTS_VALUES = [
    ({"points": np.zeros(6)}, "points of shape (6,)"),
    ({"points": np.zeros((2, 3, 2))}, "points of shape (2, 3, 2)"),
    ({"points": np.zeros((0, 2))}, "points of shape (0, 2)"),
    ({"points": np.zeros((6, 0))}, "points of shape (6, 0)"),
    ({"points": [[1, 2], [3]]}, "points of 2 nested sequences"),
    ({"points": POINTS * np.nan}, "points"),
    ({"points": POINTS, "k": 7}, "k=7"),
    ({"points": POINTS, "weights": np.ones(5)}, "weights of shape (5,)"),
    ({"points": POINTS, "weights": np.ones((6, 1))}, "weights of shape (6, 1)"),
    ({"points": POINTS, "weights": 1}, "weights of shape ()"),
    ({"points": POINTS, "weights": [1, 1, 1, 1, 1, -2]}, "weights down to -2"),
    ({"points": POINTS, "weights": [1, 1, 1, 1, 1, np.nan]}, "weights with NaN"),
    ({"points": POINTS, "weights": [1, 1, 1, 1, 1, np.inf]}, "weights with"),
    ({"points": POINTS, "weights": np.zeros(6)}, "weights of zero throughout"),
    ({"points": POINTS, "weights": np.full(6, 1e300)}, "weights up to 1e+300"),
    ({"points": POINTS, "weights": np.full(6, 1e-300)}, "weights up to 1e-300"),
    ({"points": POINTS, "weights": [1, 1, 0, 0, 0, 0], "k": 3}, "k=3"),
    ({"points": POINTS, "init": np.zeros(5, int)}, "init of shape (5,)"),
    ({"points": HUGE, "k": 2, "refine": False}, "points with values up to 1e+30"),
]

SHARED = [
    (error, function, dict(data) | arguments, begins)
    for error, cases in ((TypeError, WRONG_TYPES), (ValueError, WRONG_VALUES))
    for arguments, begins in cases
    for function, data in (
        (quantize, {"image": IMAGE}),
        (kmeans, {"points": POINTS}),
    )
    # An image's labels have no shape that points' have.
    if not (function is kmeans and np.ndim(arguments.get("init")) == 2)
]

OWN = [
    (error, function, {"k": 2} | arguments, begins)
    for error, function, cases in (
        (TypeError, quantize, IMAGE_TYPES),
        (ValueError, quantize, IMAGE_VALUES),
        (TypeError, kmeans, POINTS_TYPES),
        (ValueError, kmeans, POINTS_VALUES),
    )
    for arguments, begins in cases
]


@pytest.mark.parametrize(
    ("error", "function", "arguments", "begins"),
    SHARED + OWN,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_refused_at_once_in_one_sentence(
    error, function, arguments, begins
):
    with pytest.raises(error) as caught:
        function(**arguments)
    message = str(caught.value)
    assert message.startswith(begins)
    assert " should " in message
    assert re.fullmatch(r"[^\n]*[^.\n]\.", message)
    assert not re.search(r"[.!?] [A-Z]", message)


@pytest.mark.parametrize(
    ("function", "data"), [(quantize, IMAGE), (kmeans, POINTS)], ids=["image", "points"]
)
def test_the_functions_refuse_what_their_steps_refuse(function, data):
    with pytest.raises(ValueError, match=r"^k=0 should be at least 1\.$"):
        function(data, 0)
    with pytest.raises(TypeError, match=r"^k='5' should be an integer\.$"):
        function(data, "5")


def test_unknown_arguments_are_refused():
    with pytest.raises(TypeError, match="colour"):
        quantize(IMAGE, 2, colour=True)
    with pytest.raises(TypeError, match="mask"):
        kmeans(POINTS, 2, mask=None)


ODD = [
    *(None, True, -1, 0, 1.5, 10**400, np.nan, -np.inf, 1j, "", "x" * 500, b"x"),
    *((), [1, 2], ["a\nb"], {"a": 1}, {1, 2}, object(), len, np.float64, IMAGE.dtype),
    *(np.zeros((30, 40)), np.zeros(3, object), STRUCTURED, np.datetime64("2026-01-01")),
]

FUNCTIONS = {
    quantize: {"image": IMAGE, "k": 2},
    quantize_planes: {"image": np.stack([IMAGE, IMAGE]), "k": 2},
    kmeans: {"points": POINTS, "k": 2},
}


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (function, name)
        for function in FUNCTIONS
        for name in inspect.signature(function).parameters
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
@pytest.mark.filterwarnings("ignore:k=:UserWarning")
@pytest.mark.filterwarnings("ignore:reject should be greater:UserWarning")
def test_odd_arguments_are_taken_or_refused_in_a_sentence(function, name):
    for odd in ODD:
        if name == "progress" and callable(odd):
            continue  # is told of it, and what it raises comes out
        try:
            function(**FUNCTIONS[function] | {name: odd})
        except (TypeError, ValueError) as error:
            message = str(error)
            assert re.fullmatch(r"[^\n]* should [^\n]*[^.\n]\.", message), odd
            assert message.startswith((name, f"max_{name}", "init", "axes=(0,)")), odd
            assert len(message) < 300


UNKNOWN = da.from_array(np.arange(20).reshape(4, 5), chunks=2)
UNKNOWN = UNKNOWN[UNKNOWN.sum(axis=1) > 20]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        *((quantize, name) for name in ("image", "mask", "weights", "init")),
        *((kmeans, name) for name in ("points", "weights", "init")),
    ],
)
def test_dask_of_an_unknown_shape_is_refused(function, name):
    with pytest.raises(ValueError, match=rf"^{name} of unknown shape .*compute_chunk"):
        function(**FUNCTIONS[function] | {name: UNKNOWN})


@pytest.mark.parametrize("lazy", [True, False])
def test_dask_and_numpy_go_together(lazy):
    rng = np.random.default_rng(0)
    mask, weights = rng.random((4, 5)) < 0.7, rng.random((4, 5))
    start = np.zeros((4, 5), int)
    start[2:] = 1
    expected = quantize(IMAGE, 2, mask=mask)
    image = da.from_array(IMAGE) if lazy else IMAGE
    for chosen in (mask, da.from_array(mask, chunks=2)):
        q = quantize(image, 2, mask=chosen)
        np.testing.assert_array_equal(q.labels, expected.labels)
        labels, _ = q.palette.apply(image, mask=chosen)
        np.testing.assert_array_equal(labels, expected.labels)
        other, _ = expected.palette.apply(image, mask=chosen)
        np.testing.assert_array_equal(other, expected.labels)
    for name, array in {"weights": weights, "init": start}.items():
        one = quantize(image, 2, **{name: array})
        two = quantize(image, 2, **{name: da.from_array(array, chunks=3)})
        np.testing.assert_array_equal(one.labels, two.labels)
    movie = da.stack([image, image]) if lazy else np.stack([IMAGE, IMAGE])
    both = da.from_array(np.stack([mask, mask]), chunks=1)
    planes = quantize_planes(movie, 2, mask=both)
    np.testing.assert_array_equal(planes.labels[1], expected.labels)


def test_points_of_dask_are_points():
    lazy = kmeans(da.from_array(POINTS, chunks=2), 2, weights=da.ones(6, chunks=4))
    assert isinstance(lazy.points, np.ndarray)
    np.testing.assert_array_equal(lazy.labels, kmeans(POINTS, 2).labels)


@given(st.integers(-(2**70), 2**70), st.integers(-5, 5), st.integers(6, 2**40))
def test_integers_are_held_to_their_bounds(value, least, most):
    if least <= value <= most:
        assert validation.check_integer("n", value, least, most) == value
    else:
        with pytest.raises(ValueError, match=rf"^n={value} should be at (least|most) "):
            validation.check_integer("n", value, least, most)


@pytest.mark.parametrize("k", [3, np.int8(3), np.uint64(3)])
def test_integers_of_numpy_are_integers(k):
    assert type(validation.check_k(k)) is int


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((31, 31, 3), True),
        ((31, 31, 4), True),
        ((30, 31, 3), False),
        ((31, 30, 3), False),
        ((31, 31, 5), False),
        ((31, 3), False),
        ((2, 31, 31, 3), True),
        ((31, 31, 2, 3), False),
    ],
)
def test_rgb_is_guessed_as_by_napari(shape, expected):
    from napari.layers.image._image_utils import guess_rgb

    assert validation.check_rgb(None, shape) == guess_rgb(shape) == expected


@pytest.mark.parametrize("axis", range(-3, 3))
def test_channel_axes_count_from_either_end(axis):
    assert validation.check_channel_axis(axis, 3) == axis % 3


def test_masked_arrays_without_masked_elements_are_arrays():
    image = np.ma.masked_array(IMAGE)
    np.testing.assert_array_equal(validation.check_image(image), IMAGE)


def test_weights_may_be_of_any_real_dtype():
    for dtype in (bool, np.uint8, np.int64, np.float16, np.float32):
        weights = validation.check_weights(np.ones(3, dtype), 3)
        assert weights.dtype == np.float64
    assert validation.check_weights(None, 3).size == 0


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.zeros((4, 5)), TypeError, "start labels of dtype float64"),
        (np.zeros((5, 4), int), ValueError, "start labels of shape (5, 4)"),
        (np.zeros((4, 5), int), ValueError, "start labels of 0 throughout"),
        (np.full((4, 5), 4), ValueError, "start labels from 4 to 4"),
        (np.full((4, 5), -1), ValueError, "start labels from -1 to -1"),
    ],
)
def test_painted_labels_are_checked(labels, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)} should .*[.]$"):
        validation.check_painted(labels, 3, (4, 5))
