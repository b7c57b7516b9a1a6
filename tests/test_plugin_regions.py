"""Masks from layers, against a reference that asks each pixel where it is."""

import itertools
import subprocess
import sys

import dask.array
import napari
import numpy as np
import pytest
from hypothesis import assume, example, given, reject
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from napari.layers import Image, Labels, Points, Shapes
from packaging.version import Version

from napari_kmeans.plugin.regions import is_region, mask

SHAPE = (13, 17)
SQUARE = np.array([[2.0, 3.0], [2, 8], [6, 8], [6, 3]])

#: Napari shows no slices across the planes, but knows where they are in the world.
tilted = pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")

#: Nearer than this to an outline, in pixels, float32 decides.
NEAR = 5e-3


def positions(region, source, shape):
    """Return where the center of each pixel is in the data of a region."""
    found = np.empty((*shape, region.ndim))
    for pixel in np.ndindex(shape):
        found[pixel] = region.world_to_data(source.data_to_world(pixel))
    return found


def in_polygon(point, vertices):
    """Return whether a point is in a polygon, and its distance from the outline."""
    inside, nearest = False, np.inf
    for a, b in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
        if (a[0] > point[0]) != (b[0] > point[0]):
            at = a[1] + (point[0] - a[0]) / (b[0] - a[0]) * (b[1] - a[1])
            inside ^= bool(point[1] < at)
        length = max(((b - a) ** 2).sum(), 1e-30)
        along = np.clip(((point - a) * (b - a)).sum() / length, 0, 1)
        nearest = min(nearest, np.linalg.norm(point - a - along * (b - a)))
    return inside, nearest


def in_ellipse(point, corners):
    """Return whether a point is in the ellipse within a rectangle, and how near."""
    center = corners.mean(axis=0)
    a, b = (corners[1] - corners[0]) / 2, (corners[2] - corners[1]) / 2
    radii = np.array([np.linalg.norm(a), np.linalg.norm(b)])
    offset = point - center
    scaled = np.array([offset @ a, offset @ b]) / radii**2
    distance = np.linalg.norm(scaled)
    return distance <= 1, abs(distance - 1) * radii.min()


def in_shape(point, kind, vertices):
    return (in_ellipse if kind == "ellipse" else in_polygon)(point, vertices)


def reference(region, source, shape):
    """Return which pixels of a 2-D image are inside of shapes, and which are clear."""
    inside, clear = np.zeros(shape, bool), np.ones(shape, bool)
    points = positions(region, source, shape)
    for kind, vertices in zip(region.shape_type, region.data, strict=True):
        for pixel in np.ndindex(shape):
            within, near = in_shape(points[pixel], kind, vertices.astype(float))
            inside[pixel] |= within
            clear[pixel] &= near > NEAR
    return inside, clear


def check(region, source, inside, clear=True):
    """Compare a mask with the reference, where that is clear."""
    if not inside[clear].any():
        assume(np.all(clear))
        with pytest.raises(ValueError, match="should have a pixel of 'image' inside"):
            mask(region, source)
        return
    got = mask(region, source)
    assert got.dtype == np.bool_
    assert got.shape == inside.shape
    np.testing.assert_array_equal(got[clear], inside[clear])


def place(ndim=2):
    """Place a layer anywhere in the world; in 3-D, planes stay planes."""
    scale = st.floats(0.4, 2.5)
    angle, shear = st.floats(-180, 180), st.floats(-0.4, 0.4)
    move = st.floats(-9, 9)

    def attributes(scale, translate, angle, shear, affine):
        c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        rotate, world = np.eye(ndim), np.eye(ndim + 1)
        rotate[-2:, -2:] = [[c, -s], [s, c]]
        sheared = np.zeros(ndim * (ndim - 1) // 2)
        sheared[-1] = shear
        world[-3:-1, -3:] += np.reshape(affine, (2, 3))
        return {
            "scale": scale,
            "translate": translate,
            "rotate": rotate,
            "shear": sheared,
            "affine": world,
        }

    return st.builds(
        attributes,
        st.tuples(*[scale] * ndim),
        st.tuples(*[move] * ndim),
        angle,
        shear,
        st.tuples(*[st.floats(-0.2, 0.2)] * 6),
    )


@st.composite
def shapes_over(draw, source, attributes, ndim=2):
    """Draw shapes near the middle of an image, in whatever data they have."""
    region = Shapes(ndim=ndim, name="region", **attributes)
    inside = st.tuples(*[st.floats(-2, n + 1) for n in SHAPE])
    kinds = st.sampled_from(["rectangle", "ellipse", "polygon", "path", "line"])
    drawn = []
    for kind in draw(st.lists(kinds, min_size=1, max_size=3)):
        if kind in ("rectangle", "ellipse"):
            middle = region.world_to_data(source.data_to_world(draw(inside)))
            a, b = draw(st.tuples(*[st.floats(0.5, 9)] * 2))
            t = draw(st.floats(0, 3.2))
            turn = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
            box = np.array([[-a, -b], [-a, b], [a, b], [a, -b]]) @ turn.T
            drawn.append((middle + box, kind))
        else:
            size = 2 if kind == "line" else 3
            most = 2 if kind == "line" else 6
            ends = draw(st.lists(inside, min_size=size, max_size=most, unique=True))
            drawn.append(
                ([region.world_to_data(source.data_to_world(p)) for p in ends], kind)
            )
    return drawn


def shapes_layer(drawn, **attributes):
    """Return a Shapes layer; pass over shapes that napari cannot triangulate."""
    try:
        return Shapes(drawn, **attributes)
    except (IndexError, RuntimeError) as error:
        # The first is what an older napari says.
        if not str(error).startswith(("getitem out of range", "Triangulation failed")):
            raise
        reject()


@given(st.data(), place(), place())
def test_shapes_anywhere_in_the_world(data, of_image, of_region):
    source = Image(np.zeros(SHAPE), name="image", **of_image)
    drawn = data.draw(shapes_over(source, of_region))
    filled = [d for d in drawn if d[1] not in ("path", "line")]
    region = shapes_layer(drawn, name="region", **of_region)
    if not filled:
        with pytest.raises(ValueError, match="nothing else has an inside"):
            mask(region, source)
        return
    expected = reference(Shapes(filled, **of_region), source, SHAPE)
    check(region, source, *expected)


halves = st.tuples(*[st.integers(-6, 2 * n + 4).map(lambda x: x / 2) for n in SHAPE])


@pytest.mark.skipif(
    Version(napari.__version__) < Version("0.9"),
    reason="earlier versions of napari draw some outlines otherwise",
)
@given(
    st.lists(halves, min_size=3, max_size=9, unique=True),
    place(),
    st.sampled_from(["polygon", "rectangle"]),
)
@example([(0, 0), (12, 0), (12, 16), (0, 16)], {}, "polygon")
@example([(2, 2.5), (2, 8.5), (6, 8.5), (6, 2.5)], {}, "polygon")
@example([(0, 4.5), (0, 8.5), (5, 12.5), (5, 0.5)], {}, "polygon")
@example([(3, 3), (3, 9), (9, 9), (9, 3), (4, 4), (8, 8)], {}, "polygon")
def test_outlines_through_centers_are_inside_as_in_napari(vertices, attributes, kind):
    points = np.array(vertices, float)
    if kind == "rectangle":
        points = points[:2]
        assume((points[0] != points[1]).all())
    assume(np.linalg.matrix_rank(points - points[0]) == 2)
    source = Image(np.zeros(SHAPE), name="image", **attributes)
    region = Shapes([points], shape_type=kind, **attributes)
    check(region, source, region.to_masks(SHAPE)[0])


@pytest.mark.parametrize("radius", [1, 3, 5, 8.5])
def test_an_ellipse_is_round(radius):
    source = Image(np.zeros((20, 20)))
    box = [[10 - radius, 10 - radius], [10 + radius, 10 + radius]]
    corners = np.array(list(itertools.product(*np.transpose(box))))[[0, 1, 3, 2]]
    y, x = np.ogrid[:20, :20]
    got = mask(Shapes([corners], shape_type="ellipse"), source)
    np.testing.assert_array_equal(got, (y - 10) ** 2 + (x - 10) ** 2 <= radius**2)


def test_large_shapes_are_drawn_in_bands_and_clipped(monkeypatch):
    rng = np.random.default_rng(0)
    source = Image(np.zeros((60, 50)), name="image")
    polygon = rng.uniform(-20, 80, (40, 2))
    box = np.array([[-10, 30], [40, -30], [100, 20], [50, 80.0]])
    for vertices, kind in [(polygon, "polygon"), (box, "ellipse"), (box, "rectangle")]:
        region = Shapes([vertices], shape_type=kind)
        whole = mask(region, source)
        inside, clear = reference(region, source, (60, 50))
        np.testing.assert_array_equal(whole[clear], inside[clear])
        with monkeypatch.context() as patch:
            patch.setattr("napari_kmeans.plugin.regions._BAND", 200)
            np.testing.assert_array_equal(mask(region, source), whole)


def test_far_vertices():
    source = Image(np.zeros(SHAPE))
    far = np.array([[-1e9, -1e9], [-1e9, 1e9], [1e9, 1e9], [1e9, -1e9]])
    assert mask(Shapes([far], shape_type="polygon"), source).all()


@given(
    st.data(),
    place(),
    place(),
    hnp.arrays(np.uint8, (7, 9), elements=st.integers(0, 2)),
)
def test_labels_anywhere_in_the_world(data, of_image, of_region, labels):
    source = Image(np.zeros(SHAPE), name="image", **of_image)
    region = Labels(labels, name="region", **of_region)
    at = positions(region, source, SHAPE)
    nearest = np.floor(at + 0.5).astype(int)
    within = ((nearest >= 0) & (nearest < labels.shape)).all(axis=-1)
    inside = np.zeros(SHAPE, bool)
    inside[within] = labels[tuple(nearest[within].T)] != 0
    clear = (np.abs(at + 0.5 - np.rint(at + 0.5)) > 1e-9).all(axis=-1)
    check(region, source, inside, clear)


@given(place(3), hnp.arrays(np.int32, (3, 4, 5), elements=st.integers(0, 2)))
def test_labels_of_the_same_place(attributes, labels):
    source = Image(np.zeros(labels.shape), name="image", **attributes)
    check(Labels(labels, **attributes), source, labels != 0)


@pytest.mark.parametrize("size", [(13, 17), (9, 17), (20, 30)])
def test_labels_without_a_place_begin_at_the_first_pixel(size):
    labels = np.random.default_rng(0).integers(0, 2, size)
    expected = np.zeros(SHAPE, bool)
    shared = tuple(slice(min(a, b)) for a, b in zip(size, SHAPE, strict=True))
    expected[shared] = labels[shared] != 0
    np.testing.assert_array_equal(
        mask(Labels(labels), Image(np.zeros(SHAPE))), expected
    )


@pytest.mark.parametrize("scale", [0.1, 0.3, 0.65, 7])
def test_labels_of_half_the_resolution(scale):
    labels = np.random.default_rng(0).integers(0, 2, (7, 9))
    source = Image(np.zeros((14, 18)), scale=(scale, scale), rotate=30)
    middle = source.data_to_world((0.5, 0.5))
    region = Labels(labels, scale=(2 * scale,) * 2, rotate=30, translate=middle)
    expected = labels.repeat(2, 0).repeat(2, 1) != 0
    np.testing.assert_array_equal(mask(region, source), expected)
    # Not so placed, every other pixel lies between two labels; the later is taken.
    region.translate = (0, 0)
    expected = np.zeros((14, 18), bool)
    expected[:13, :17] = (labels != 0)[
        np.ix_((np.arange(13) + 1) // 2, (np.arange(17) + 1) // 2)
    ]
    np.testing.assert_array_equal(mask(region, source), expected)


LABELS = np.random.default_rng(1).integers(0, 2, (6, 40, 50)).astype(np.uint8)


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize(
    "make",
    [
        lambda labels: labels,
        lambda labels: dask.array.from_array(labels, chunks=(2, 13, 17)),
        lambda labels: [labels, labels[:, ::2, ::2]],
        lambda labels: [
            dask.array.from_array(level, chunks=16)
            for level in (labels, labels[:, ::2, ::2])
        ],
    ],
    ids=["array", "dask", "multiscale", "lazy multiscale"],
)
def test_kinds_of_labels(make, scale):
    data = make(LABELS)
    region = Labels(data, scale=[scale] * 3, multiscale=isinstance(data, list))
    source = Image(np.zeros(LABELS.shape))
    got = mask(region, source)
    if scale == 1:
        np.testing.assert_array_equal(got, LABELS != 0)
    else:
        indices = [(np.arange(n) + 1) // 2 for n in LABELS.shape]
        np.testing.assert_array_equal(got, (LABELS != 0)[np.ix_(*indices)])


def test_labels_on_disk(tmp_path):
    zarr = pytest.importorskip("zarr")
    stored = zarr.create_array(
        tmp_path / "labels.zarr", data=LABELS, chunks=(2, 20, 20)
    )
    source = Image(np.zeros(LABELS.shape))
    np.testing.assert_array_equal(mask(Labels(stored), source), LABELS != 0)


PHOTO = np.zeros((40, 50, 3), np.uint8)


@pytest.mark.parametrize(
    "source",
    [
        Image(PHOTO),
        Image([PHOTO, PHOTO[::2, ::2]], multiscale=True),
        Image(PHOTO[..., 0]),
        Image([PHOTO[..., 0], PHOTO[::2, ::2, 0]], multiscale=True),
        Image(dask.array.zeros((40, 50, 3), dtype=np.uint8, chunks=16), rgb=True),
    ],
    ids=["rgb", "rgb multiscale", "gray", "multiscale", "dask"],
)
def test_kinds_of_images(source):
    expected = np.zeros((40, 50), bool)
    expected[2:7, 3:9] = True
    got = mask(Shapes([SQUARE], shape_type="rectangle"), source)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(mask(Labels(expected.astype(int)), source), expected)


@pytest.mark.parametrize("kind", ["labels", "shapes"])
def test_a_plane_beside_a_stack_holds_for_all_planes(kind):
    source = Image(np.zeros((5, 4, 20, 30)), scale=(9, 3, 2, 2), translate=(7, 5, 1, 2))
    expected = np.zeros((20, 30), bool)
    expected[2:7, 3:9] = True
    place = {"scale": (2, 2), "translate": (1, 2)}
    region = (
        Labels(expected.astype(int), **place)
        if kind == "labels"
        else Shapes([SQUARE], shape_type="rectangle", **place)
    )
    got = mask(region, source)
    assert got.shape == (5, 4, 20, 30)
    assert got.strides[:2] == (0, 0)
    assert (got == expected).all()


def test_labels_of_another_scale_beside_a_stack_are_sampled_once():
    labels = np.random.default_rng(0).integers(0, 2, (10, 15))
    got = mask(Labels(labels, scale=(2, 2)), Image(np.zeros((3, 19, 29))))
    indices = [(np.arange(n) + 1) // 2 for n in (19, 29)]
    assert got.shape == (3, 19, 29)
    assert got.strides[0] == 0
    assert (got == (labels != 0)[np.ix_(*indices)]).all()


@given(st.data(), place(3), place(2))
def test_shapes_beside_a_stack(data, of_image, of_region):
    source = Image(np.zeros((3, *SHAPE)), name="image", **of_image)
    plane = Image(
        np.zeros(SHAPE),
        **{name: of_image[name][-2:] for name in ("scale", "translate")},
        rotate=of_image["rotate"][1:, 1:],
        shear=of_image["shear"][-1:],
        affine=of_image["affine"][1:, 1:],
    )
    drawn = data.draw(shapes_over(plane, of_region))
    assume(any(kind in ("rectangle", "ellipse", "polygon") for _, kind in drawn))
    region = shapes_layer(drawn, **of_region)
    try:
        expected = mask(region, plane)
    except ValueError:
        with pytest.raises(ValueError, match="inside, but has none"):
            mask(region, source)
        return
    np.testing.assert_array_equal(
        mask(region, source), np.broadcast_to(expected, (3, *SHAPE))
    )


@tilted
def test_a_sheared_stack():
    # As of a light sheet: each plane lies 3 pixels further on.
    affine = np.eye(4)
    affine[1, 0] = 3
    source = Image(np.zeros((4, 30, 20)), affine=affine)
    expected = np.zeros((4, 30, 20), bool)
    for z in range(4):
        expected[z, max(10 - 3 * z, 0) : 16 - 3 * z, 4:8] = True
    square = [[10, 4], [15, 7]]
    got = mask(Shapes([square], shape_type="rectangle"), source)
    np.testing.assert_array_equal(got, expected)
    labels = np.zeros((40, 20), int)
    labels[10:16, 4:8] = 1
    np.testing.assert_array_equal(mask(Labels(labels), source), expected)


@given(place(3), place(3), st.integers(0, 3))
def test_shapes_of_a_stack_hold_for_their_plane(of_image, of_region, z):
    source = Image(np.zeros((4, *SHAPE)), name="image", **of_image)
    region = Shapes(ndim=3, **of_region)
    box = [(z, *corner) for corner in [(2.3, 3.3), (2.3, 9.4), (8.6, 9.4), (8.6, 3.3)]]
    box = [region.world_to_data(source.data_to_world(corner)) for corner in box]
    expected = np.zeros((4, *SHAPE), bool)
    expected[z, 3:9, 4:10] = True
    got = mask(Shapes([box], shape_type="polygon", **of_region), source)
    np.testing.assert_array_equal(got, expected)


def test_shapes_in_several_planes_and_beyond():
    source = Image(np.zeros((4, 20, 30)))
    planes = [0, 1.6, 2.4, 17, -1]
    squares = [
        np.column_stack([np.full(4, z), SQUARE + 5 * (z == 2.4)]) for z in planes
    ]
    got = mask(Shapes(squares, shape_type="polygon"), source)
    expected = np.zeros((4, 20, 30), bool)
    expected[[0, 2], 2:7, 3:9] = True
    expected[2, 7:12, 8:14] = True
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("kind", ["rectangle", "ellipse", "polygon"])
def test_shapes_drawn_with_other_axes_shown(axis, kind):
    source = Image(np.zeros((12, 13, 14)))
    plane = mask(Shapes([SQUARE], shape_type=kind), Image(np.zeros((12, 12))))
    got = mask(Shapes([np.insert(SQUARE, axis, 5, axis=1)], shape_type=kind), source)
    expected = np.zeros((12, 13, 14), bool)
    others = [slice(12)] * 3
    others[axis] = 5
    expected[tuple(others)] = plane
    np.testing.assert_array_equal(got, expected)


def test_a_plane_beside_a_hyperstack_of_shapes():
    source = Image(np.zeros((2, 4, 20, 30)))
    got = mask(Shapes([np.insert(SQUARE, 0, 3, axis=1)], shape_type="polygon"), source)
    expected = np.zeros((2, 4, 20, 30), bool)
    expected[:, 3, 2:7, 3:9] = True
    np.testing.assert_array_equal(got, expected)
    assert got.strides[0] == 0


def test_shapes_of_a_stack_over_a_photo_that_is_in_all_planes():
    source = Image(PHOTO, scale=(2, 2))
    drawn = [np.insert(2 * SQUARE, 0, z, axis=1) for z in (1, 8)]
    drawn[1][:, 1:] += 20
    expected = np.zeros((40, 50), bool)
    expected[2:7, 3:9] = expected[12:17, 13:19] = True
    np.testing.assert_array_equal(
        mask(shapes_layer(drawn, shape_type="rectangle"), source), expected
    )


@pytest.mark.parametrize("ndim", [2, 3])
def test_units_are_converted_as_in_napari(ndim):
    units = ("s", "um", "um")[-ndim:]
    source = Image(np.zeros((3, 20, 30)[-ndim:]), units=units, scale=(0.5,) * ndim)
    shapes = Shapes([SQUARE * 500], shape_type="polygon", units=("nm", "nm"))
    expected = np.zeros((20, 30), bool)
    expected[2:7, 3:9] = True
    assert (mask(shapes, source) == expected).all()
    labels = Labels(expected.astype(int), units=("nm", "nm"), scale=(500, 500))
    assert (mask(labels, source) == expected).all()
    # Pixels are no length: as if there were no units.
    for units in [("pixel", "pixel"), ("nm", "pixel")]:
        labels = Labels(expected.astype(int), units=units, scale=(0.5, 0.5))
        assert (mask(labels, source) == expected).all()


def test_holes_follow_the_even_odd_rule():
    source = Image(np.zeros((12, 12)))
    ring = [(0.5, 0.5), (0.5, 9.5), (9.5, 9.5), (9.5, 0.5), (0.5, 0.5)]
    ring += [(3.5, 3.5), (3.5, 6.5), (6.5, 6.5), (6.5, 3.5), (3.5, 3.5)]
    expected = np.zeros((12, 12), bool)
    expected[1:10, 1:10] = True
    expected[4:7, 4:7] = False
    # The way to the hole and back goes through centers: an outline.
    bridge = np.zeros((12, 12), bool)
    got = mask(Shapes([ring], shape_type="polygon"), source)
    bridge[[1, 2, 3], [1, 2, 3]] = True
    np.testing.assert_array_equal(got | bridge, expected | bridge)


@pytest.mark.parametrize(
    ("kind", "flat"),
    [
        ("rectangle", [[2.5, 3], [2.5, 9], [2.5, 9], [2.5, 3]]),
        ("polygon", [[2.5, 3], [2.5, 9], [2.5, 5]]),
        ("ellipse", [[2, 3], [2, 9], [2, 9], [2, 3]]),
    ],
)
def test_shapes_without_an_area(kind, flat):
    source = Image(np.zeros(SHAPE), name="image")
    with pytest.raises(ValueError, match="inside, but has none"):
        mask(Shapes([flat], shape_type=kind), source)


def test_what_can_be_a_region():
    labels, shapes = Labels(np.zeros((3, 3), int)), Shapes()
    assert is_region(labels)
    assert is_region(shapes)
    assert not is_region(Image(np.zeros((3, 3))))
    assert not is_region(Points())


@pytest.mark.parametrize(
    ("region", "shape", "message"),
    [
        (Labels(np.zeros(SHAPE, int)), SHAPE, "Labels layer 'region' .*'image' inside"),
        (Labels(np.ones((2, *SHAPE), int)), SHAPE, "of 3 dim.* the 2 of 'image'"),
        (Labels(np.ones(SHAPE, int), translate=(99, 0)), SHAPE, "inside, but has none"),
        (Shapes(), SHAPE, "'region' should have a rectangle, an ellipse or a polygon"),
        (Shapes([SQUARE], shape_type="path"), SHAPE, "nothing else has an inside"),
        (
            Shapes([SQUARE + 99], shape_type="polygon"),
            SHAPE,
            "'region'.*'image' inside",
        ),
        (
            Shapes([np.insert(SQUARE, 0, 9, axis=1)], shape_type="polygon"),
            (4, *SHAPE),
            "inside, but has none",
        ),
        (
            Shapes([np.insert(SQUARE, 0, [1, 1, 2, 2], axis=1)], shape_type="polygon"),
            (4, *SHAPE),
            "'region' should have each shape in one plane of 'image', .*polygon across",
        ),
    ],
)
def test_errors_name_the_layers(region, shape, message):
    region.name = "region"
    with pytest.raises(ValueError, match=message):
        mask(region, Image(np.zeros(shape), name="image"))


@tilted
def test_shapes_out_of_the_planes():
    drawn = [np.insert(SQUARE, 0, 1, axis=1)]
    region = shapes_layer(drawn, shape_type="rectangle", rotate=(0, 30, 40))
    with pytest.raises(ValueError, match="in one plane of 'image'"):
        mask(region, Image(np.zeros((4, *SHAPE)), name="image"))


@tilted
def test_shapes_at_a_right_angle_to_the_planes():
    # The image's rows lie along the axis of the world that the shapes lack.
    rotate = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    source = Image(np.zeros((4, *SHAPE)), name="image", rotate=rotate)
    with pytest.raises(ValueError, match="at a right angle to the planes of 'image'"):
        mask(Shapes([SQUARE], shape_type="polygon", name="region"), source)


def test_another_layer_is_no_region():
    with pytest.raises(TypeError, match="The Points layer 'spots' should be a Labels"):
        mask(Points(name="spots"), Image(np.zeros(SHAPE)))


@pytest.mark.parametrize(
    "region",
    [
        Labels(np.ones((10, 10), int), name="region"),
        Shapes([SQUARE], shape_type="polygon", name="region"),
    ],
    ids=["labels", "shapes"],
)
def test_a_mask_without_room_is_told_before_it_is_made(region, monkeypatch):
    monkeypatch.setattr("napari_kmeans.plugin.regions.free_memory", lambda: 399)
    source = Image(np.zeros((20, 20)), name="large")
    with pytest.raises(ValueError, match="for 'large' it needs"):
        mask(region, source)
    # As a view of a plane, there is room.
    assert mask(region, Image(np.zeros((9, 19, 21)), scale=(9, 1, 1))).shape[0] == 9


def test_no_window_is_needed():
    code = (
        "import sys, napari_kmeans.plugin.regions\n"
        "assert not any(m in sys.modules for m in ('napari.layers', 'qtpy', 'PySide6'))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_drawn_over_a_rotated_and_scaled_image(viewer):
    image = viewer.add_image(
        np.zeros((60, 80)), name="image", scale=(2, 3), rotate=30, translate=(40, -7)
    )
    shapes = viewer.add_shapes(name="region")
    corners = [(20, 20), (20, 50.5), (40.5, 50.5), (40.5, 20)]
    world = np.array([image.data_to_world(corner) for corner in corners])
    shapes.add_polygons(world)
    middle = np.array(image.data_to_world((10, 70)))
    shapes.add_ellipses(middle + 9 * np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]))
    inside, clear = reference(shapes, image, (60, 80))
    got = mask(shapes, image)
    np.testing.assert_array_equal(got[clear], inside[clear])
    assert clear.mean() > 0.95
    # What napari shows at a pixel of the image is what the mask says.
    for pixel in itertools.product(range(0, 60, 7), range(0, 80, 7)):
        if clear[pixel]:
            value = shapes.get_value(image.data_to_world(pixel), world=True)
            assert got[pixel] == (value[0] is not None)
