"""TIFF: what its tags say is heeded, or refused."""

import struct
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_kmeans import read
from napari_kmeans.files.pictures import upright
from napari_kmeans.files.scale import of_ome

RANDOM = np.random.default_rng(0)
GRAY = RANDOM.integers(0, 256, (9, 7), np.uint8)
ALPHA = RANDOM.integers(1, 256, (9, 7), np.uint8)
COLOR = RANDOM.integers(0, 256, (9, 7, 3), np.uint8)
DEEP = RANDOM.integers(0, 65_536, (9, 7, 4), np.uint16)
PALETTES = [Image.fromarray(pixels).quantize(8) for pixels in (COLOR, 255 - COLOR)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(pixels, **tags):
    tifffile.imwrite("a.tif", pixels, metadata=None, **tags)


def assert_read(expected, *, rgb=False, alpha=None):
    data, attributes, kind = read("a.tif")
    assert data.dtype == expected.dtype
    np.testing.assert_array_equal(data, expected)
    assert (attributes["rgb"], kind) == (rgb, "image")
    np.testing.assert_array_equal(attributes["metadata"].get("alpha"), alpha)


def fail():
    """Read what should fail, and return the reason."""
    with pytest.raises(ValueError, match=r"^a\.tif could not be read: .*\.$") as caught:
        read("a.tif")
    return str(caught.value)


def retag(code, value, name="a.tif"):
    """Write another value of a tag into a file."""
    with tifffile.TiffFile(name) as tiff:
        places = [page.aspage().tags[code].valueoffset for page in tiff.pages]
    with open(name, "r+b") as file:
        for place in places:
            file.seek(place)
            file.write(struct.pack("<H", value))


@pytest.mark.parametrize(
    "dtype", ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"]
)
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_gray_of_every_dtype(dtype, compression):
    pixels = (DEEP[..., 0] // 2).astype(dtype)
    write(pixels, photometric="minisblack", compression=compression)
    assert_read(pixels)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("n_channels", [3, 4])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_color_of_either_configuration(dtype, n_channels, planar):
    pixels = (DEEP[..., :n_channels] // 257).astype(dtype)
    stored = pixels if planar == "contig" else np.moveaxis(pixels, -1, 0).copy()
    write(stored, photometric="rgb", planarconfig=planar)
    assert_read(pixels, rgb=True)


@pytest.mark.parametrize("pixels", [GRAY > 99, GRAY, DEEP[..., 0]])
def test_white_that_is_0_is_bright(pixels):
    write(pixels, photometric="miniswhite")
    assert_read(~pixels)


def test_white_that_is_0_of_floats_is_refused():
    write(GRAY.astype(np.float32), photometric="miniswhite")
    assert "0 is white" in fail()


def test_without_a_word_on_it_0_is_dark():
    write(GRAY, photometric="minisblack")
    retag(262, 0)
    whole = bytearray(Path("a.tif").read_bytes())
    at = whole.index(struct.pack("<HHI", 262, 3, 1))
    whole[at : at + 2] = struct.pack("<H", 263)  # a tag of another meaning
    Path("a.tif").write_bytes(whole)
    assert_read(GRAY)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_images_are_upright(orientation, compression):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(COLOR).save("a.tif", compression=compression, exif=exif)
    assert_read(upright(COLOR, orientation, 0, 1), rgb=True)
    tag = [(274, "H", 1, orientation, False)]
    stored = np.moveaxis(np.stack([COLOR, COLOR[::-1]]), -1, 1).copy()
    write(stored, photometric="rgb", planarconfig="separate", extratags=tag)
    pages = [upright(page, orientation, 0, 1) for page in (COLOR, COLOR[::-1])]
    assert_read(np.stack(pages), rgb=True)


def test_each_page_has_its_own_orientation():
    with tifffile.TiffWriter("a.tif") as tiff:
        for orientation in (1, 3):
            tag = [(274, "H", 1, orientation, True)]
            tiff.write(GRAY, metadata=None, extratags=tag)
    assert_read(np.stack([GRAY, GRAY[::-1, ::-1]]))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits"])
def test_each_page_has_its_own_palette(compression):
    first, second = PALETTES
    first.save("a.tif", compression=compression)
    assert_read(np.asarray(first.convert("RGB")), rgb=True)
    first.save("a.tif", save_all=True, append_images=[second], compression=compression)
    expected = np.stack([np.asarray(one.convert("RGB")) for one in PALETTES])
    assert_read(expected, rgb=True)


@pytest.mark.parametrize(
    ("factor", "dtype"), [(1, "u1"), (256, "u1"), (257, "u1"), (250, "u2")]
)
def test_palettes_are_read_however_their_colors_are_stored(factor, dtype):
    colors = RANDOM.integers(0, 256, (3, 256)).astype(np.uint16)
    write(GRAY, photometric="palette", colormap=colors * factor)
    seen = colors * (factor if dtype == "u2" else 1)
    assert_read(seen.T[GRAY].astype(dtype), rgb=True)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("alpha", [False, True])
def test_inks_become_colors_as_pillow_has_it(dtype, alpha):
    inks = (DEEP // 257).astype(np.uint8)
    expected = np.asarray(
        Image.frombytes("CMYK", (7, 9), inks.tobytes()).convert("RGB")
    )
    factor, extra = np.array(257 if dtype == "u2" else 1, dtype), {}
    if alpha:
        inks, extra = np.dstack([inks, ALPHA]), {"extrasamples": ["unassalpha"]}
        expected = np.dstack([expected, ALPHA])
    write(inks * factor, photometric="separated", **extra)
    data, attributes, _ = read("a.tif")
    assert (data.dtype, attributes["rgb"]) == (dtype, True)
    np.testing.assert_array_equal(np.rint(data / factor), expected)


@pytest.mark.parametrize("compression", ["tiff_lzw", "jpeg"])
def test_luminance_and_chrominance_become_colors(compression):
    image = Image.fromarray(np.full((16, 16, 3), (200, 30, 90), np.uint8))
    image.convert("YCbCr").save("a.tif", compression=compression)
    data, attributes, _ = read("a.tif")
    assert (data.shape, attributes["rgb"]) == ((16, 16, 3), True)
    assert np.abs(data.astype(int) - (200, 30, 90)).max() <= 3


@pytest.mark.parametrize("photometric", ["cielab", "cfa", "logluv"])
def test_colors_of_other_kinds_are_refused(photometric):
    pixels = GRAY if photometric == "cfa" else COLOR
    write(pixels, photometric="rgb" if pixels.ndim == 3 else "minisblack")
    retag(262, tifffile.PHOTOMETRIC[photometric.upper()])
    assert f"interpretation is {photometric.upper()};" in fail()


def test_inks_of_other_kinds_are_refused():
    write(DEEP, photometric="separated", extratags=[(332, "H", 1, 2, True)])
    assert "interpretation is SEPARATED;" in fail()


def test_gray_with_alpha_is_gray_and_alpha():
    both = {"planarconfig": "contig", "extrasamples": ["unassalpha"]}
    write(np.dstack([GRAY, ALPHA]), photometric="minisblack", **both)
    assert_read(GRAY, alpha=ALPHA)
    write(np.dstack([GRAY, ALPHA]), photometric="miniswhite", **both)
    assert_read(~GRAY, alpha=ALPHA)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_alpha_is_taken_off_colors(dtype):
    most = 1.0 if dtype == "f4" else np.iinfo(dtype).max
    alpha = np.linspace(0, most, 63).reshape(9, 7, 1).astype(dtype)
    whole = (DEEP[..., :3] / 65_535 * most).astype(dtype)
    stored = whole * (alpha / most)
    stored = stored if dtype == "f4" else np.rint(stored)
    stored = np.concatenate([stored.astype(dtype), alpha], axis=-1)
    write(stored, photometric="rgb", extrasamples=["assocalpha"])
    data, attributes, _ = read("a.tif")
    assert (data.dtype, attributes["rgb"]) == (dtype, True)
    np.testing.assert_array_equal(data[..., 3:], alpha)
    seen = alpha[..., 0] > 0
    # What is stored is rounded, and so is what is read.
    rounding = 1e-6 if dtype == "f4" else most / alpha[seen] / 2 + 0.5
    error = np.abs(data[..., :3].astype(float) - whole)[seen]
    assert (error <= rounding + 1e-9).all()
    assert (data[~seen] == 0).all()


@pytest.mark.parametrize(
    ("photometric", "extra", "n"),
    [
        ("rgb", ["unspecified"], 4),
        ("rgb", ["unspecified"] * 2, 5),
        ("minisblack", ["unspecified"] * 2, 3),
        ("minisblack", ["unspecified"] * 5, 6),
    ],
)
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_samples_that_are_no_colors_are_channels(photometric, extra, n, planar):
    pixels = RANDOM.integers(0, 256, (9, 7, n), np.uint8)
    stored = pixels if planar == "contig" else np.moveaxis(pixels, -1, 0).copy()
    write(stored, photometric=photometric, planarconfig=planar, extrasamples=extra)
    data, attributes, _ = read("a.tif")
    np.testing.assert_array_equal(data, pixels)
    assert (attributes["channel_axis"], "rgb" in attributes) == (2, False)


def test_fourth_sample_of_which_nothing_is_said_is_alpha():
    write(DEEP, photometric="rgb")
    whole = bytearray(Path("a.tif").read_bytes())
    at = whole.index(struct.pack("<HHI", 338, 3, 1))
    whole[at : at + 2] = struct.pack("<H", 337)
    Path("a.tif").write_bytes(whole)
    assert_read(DEEP, rgb=True)


def test_more_than_colors_and_alpha_is_refused():
    extra = ["unassalpha", "unspecified"]
    pixels = np.dstack([COLOR, ALPHA, GRAY])
    write(pixels, photometric="rgb", extrasamples=extra)
    assert "its 5 samples a pixel are more than color and alpha" in fail()


@pytest.mark.parametrize("compression", ["tiff_lzw", "group4", "zstd"])
def test_bits_of_every_compression(compression):
    try:
        Image.fromarray(GRAY > 99).save("a.tif", compression=compression)
    except OSError:
        pytest.skip("this version of Pillow does not write it")
    assert_read(GRAY > 99)


@pytest.mark.parametrize("n_channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_lzw_of_every_depth(n_channels, dtype):
    pixels = (DEEP[..., :n_channels] // 257).astype(dtype)
    order = [2, 1, 0, 3][:n_channels] if n_channels > 1 else [0]
    cv2.imwrite("a.tif", pixels[..., order], [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    with tifffile.TiffFile("a.tif") as tiff:
        if tiff.pages[0].compression != 5:
            pytest.skip("this version of OpenCV does not write it")
    assert_read(pixels if n_channels > 1 else pixels[..., 0], rgb=n_channels > 1)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_white_that_is_0_in_lzw(dtype):
    pixels = GRAY.astype(dtype)
    cv2.imwrite("a.tif", pixels, [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    retag(262, 0)
    assert_read(~pixels)


@pytest.mark.skipif(find_spec("imagecodecs") is not None, reason="it is installed")
def test_lzw_of_another_kind_says_what_to_install():
    cv2.imwrite("a.tif", GRAY, [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    retag(339, 2)  # signed integers
    assert "pip install imagecodecs" in fail()


@pytest.mark.parametrize("depth", [2, 4])
def test_few_bits_are_scaled_as_pillow_has_it(depth):
    values = GRAY[:, :4] >> (8 - depth)
    bits = np.unpackbits(values[..., np.newaxis], axis=-1)[..., 8 - depth :]
    write(np.packbits(bits.reshape(9, -1), axis=-1), photometric="minisblack")
    retag(256, 4)
    retag(258, depth)
    assert_read((values * (255 // (2**depth - 1))).astype(np.uint8))


def test_pages_are_a_stack():
    with tifffile.TiffWriter("a.tif") as tiff:
        for page in (GRAY, ALPHA, GRAY):
            tiff.write(page, metadata=None)
    assert_read(np.stack([GRAY, ALPHA, GRAY]))


def test_pages_that_differ_are_several_images():
    with tifffile.TiffWriter("a.tif") as tiff:
        for page in (GRAY, ALPHA, GRAY[:5]):
            tiff.write(page, metadata=None)
    with pytest.raises(ValueError, match="holds 2 images") as caught:
        read("a.tif")
    assert "0: a page 1 (2 x 9 x 7), 1: a page 3 (5 x 7)." in str(caught.value)
    np.testing.assert_array_equal(read("a.tif", layer=1)[0], GRAY[:5])


def test_smaller_views_are_no_images():
    with tifffile.TiffWriter("a.tif") as tiff:
        tiff.write(GRAY, metadata=None)
        tiff.write(GRAY[::2, ::2], metadata=None, subfiletype=1)
        tiff.write(GRAY > 9, metadata=None, subfiletype=4)
    assert_read(GRAY)
    write(GRAY, subfiletype=1)
    assert "smaller views" in fail()


def test_pyramid_is_its_largest_level():
    with tifffile.TiffWriter("a.tif", ome=True) as tiff:
        tiff.write(COLOR, subifds=1, photometric="rgb")
        tiff.write(COLOR[::2, ::2], subfiletype=1, photometric="rgb")
    assert_read(COLOR, rgb=True)


@pytest.mark.parametrize("kind", ["ome", "imagej"])
def test_channels_are_named(kind):
    names = ["DAPI", "GFP"]
    said = {"Channel": {"Name": names}} if kind == "ome" else {"Labels": names}
    channels = DEEP[..., :2].transpose(2, 0, 1)
    tifffile.imwrite(
        "a.tif",
        channels,
        photometric="minisblack",
        metadata={"axes": "CYX", **said},
        **{kind: True},
    )
    data, attributes, _ = read("a.tif")
    np.testing.assert_array_equal(data, channels)
    assert attributes == {
        "name": "a",
        "axis_labels": ("y", "x"),
        "channel_axis": 0,
        "metadata": {"channel_names": ("DAPI", "GFP")},
    }


@pytest.mark.parametrize("names", [["DAPI", "DAPI"], ["", "DAPI"], None])
def test_names_that_do_not_tell_channels_apart_are_left(names):
    said = {"Channel": {"Name": names}} if names else {}
    channels = DEEP[..., :2].transpose(2, 0, 1)
    metadata = {"axes": "CYX", **said}
    meaning = {"photometric": "minisblack"}
    tifffile.imwrite("a.tif", channels, ome=True, metadata=metadata, **meaning)
    _, attributes, _ = read("a.tif")
    assert (attributes["channel_axis"], attributes["metadata"]) == (0, {})


@pytest.mark.parametrize("kind", ["ome", "imagej"])
def test_axes_of_stacks(kind):
    stack = RANDOM.integers(0, 99, (3, 2, 9, 7)).astype(np.uint16)
    axes = {"axes": "ZCYX"} if kind == "imagej" else {"axes": "TCYX"}
    tifffile.imwrite("a.tif", stack, metadata=axes, **{kind: True})
    data, attributes, _ = read("a.tif")
    np.testing.assert_array_equal(data, stack)
    assert attributes["channel_axis"] == 1
    colors = np.stack([COLOR, COLOR[::-1]])
    axes = {"axes": "ZYXS"}
    tifffile.imwrite("a.tif", colors, photometric="rgb", metadata=axes, **{kind: True})
    assert_read(colors, rgb=True)


def test_value_without_data_is_told():
    tag = (42_113, "s", 0, "-9999", True)
    write(GRAY.astype(np.float32), photometric="minisblack", extratags=[tag])
    assert read("a.tif")[1]["metadata"] == {"no_data": -9999}


@pytest.mark.parametrize("kind", ["plain", "zlib", "imagej", "ome", "pages"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_stacks_that_are_cut_off_are_refused(kind, part, capfd):
    stack = RANDOM.integers(0, 65_536, (5, 40, 50), np.uint16)
    more = {
        "zlib": {"compression": "zlib"},
        "imagej": {"imagej": True},
        "ome": {"ome": True},
        "pages": {"metadata": None},
    }
    tifffile.imwrite("a.tif", stack, photometric="minisblack", **more.get(kind, {}))
    whole = Path("a.tif").read_bytes()
    Path("a.tif").write_bytes(whole[: int(len(whole) * part)])
    fail()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_lzw_that_is_cut_off_is_refused(dtype, capfd):
    cv2.imwrite("a.tif", COLOR.astype(dtype), [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    whole = Path("a.tif").read_bytes()
    with tifffile.TiffFile("a.tif") as tiff:
        place = tiff.pages[0].tags[273].valueoffset
    with open("a.tif", "r+b") as file:  # the pixels, at the end
        file.seek(place)
        file.write(struct.pack("<I", len(whole) - 20))
    fail()
    assert capfd.readouterr() == ("", "")


def test_pages_in_a_circle_are_refused():
    write(GRAY, photometric="minisblack")
    with tifffile.TiffFile("a.tif") as tiff:
        first, n = tiff.pages[0].offset, len(tiff.pages[0].tags)
    with open("a.tif", "r+b") as file:
        file.seek(first + 2 + 12 * n)
        file.write(struct.pack("<I", first))
    assert "circle" in fail()


# How large a pixel is


MICROMETERS = ("micrometer",) * 2


def ome(**edges):
    """Return what OME has of edges: a number, or with a unit."""
    said = {}
    for axis, edge in edges.items():
        number, *unit = edge if isinstance(edge, tuple) else (edge,)
        said[f"PhysicalSize{axis}"] = number
        said |= {f"PhysicalSize{axis}Unit": one for one in unit}
    return said


def placed(name="a.tif"):
    """Return what a file says of its axes: scale, units and names."""
    attributes = read(name)[1]
    return tuple(attributes.get(key) for key in ("scale", "units", "axis_labels"))


def write_ome(shape, axes, **said):
    pixels = np.zeros(shape, np.uint8)
    meaning = {"photometric": "rgb" if axes[-1] == "S" else "minisblack"}
    metadata = {"axes": axes, **said}
    tifffile.imwrite("a.tif", pixels, ome=True, metadata=metadata, **meaning)


def write_imagej(pixels=GRAY, *, axes="YX", resolution=(4, 2), **said):
    metadata = {"axes": axes, **said}
    options = {"resolution": resolution, "metadata": metadata}
    tifffile.imwrite("a.tif", pixels, imagej=True, **options)


@pytest.mark.parametrize(
    ("shape", "axes", "scale", "labels"),
    [
        ((9, 7), "YX", (0.5, 0.25), ("y", "x")),
        ((9, 7, 3), "YXS", (0.5, 0.25), ("y", "x")),
        ((3, 9, 7), "ZYX", (2, 0.5, 0.25), ("z", "y", "x")),
        ((2, 9, 7), "CYX", (0.5, 0.25), ("y", "x")),
        ((3, 2, 9, 7), "ZCYX", (2, 0.5, 0.25), ("z", "y", "x")),
        ((2, 3, 9, 7), "CZYX", (2, 0.5, 0.25), ("z", "y", "x")),
        ((4, 2, 3, 9, 7), "TCZYX", (1, 2, 0.5, 0.25), ("t", "z", "y", "x")),
        ((4, 3, 9, 7, 3), "TZYXS", (1, 2, 0.5, 0.25), ("t", "z", "y", "x")),
    ],
)
def test_ome_says_how_large_a_pixel_is(shape, axes, scale, labels):
    sizes = ome(X=(0.25, "µm"), Y=(0.5, "µm"), Z=(2, "µm"))
    write_ome(shape, axes, TimeIncrement=3, **sizes)
    units = tuple("pixel" if axis == "t" else "micrometer" for axis in labels)
    assert placed() == (scale, units, labels)
    pytest.importorskip("napari")
    from napari.components import ViewerModel

    data, attributes, _ = read("a.tif")
    shown = ViewerModel().add_image(data, **attributes)
    for layer in shown if isinstance(shown, list) else [shown]:
        assert tuple(layer.scale) == scale
        assert tuple(map(str, layer.units)) == units
        assert layer.axis_labels == labels


def test_lengths_are_told_in_one_unit_exactly():
    sizes = ome(X=(250, "nm"), Y=(0.3, "µm"), Z=(0.0021, "mm"))
    write_ome((3, 9, 7), "ZYX", **sizes)
    assert placed()[:2] == ((2100, 300, 250), ("nanometer",) * 3)
    write_ome((9, 7), "YX", **ome(X=(3, "mm"), Y=(7, "Å")))
    assert placed()[:2] == ((7 / 10**7, 3), ("millimeter",) * 2)
    write_ome((9, 7), "YX", **ome(X=0.3, Y=0.7))  # the schema's unit
    assert placed()[:2] == ((0.7, 0.3), MICROMETERS)


WRONG = [0, -1, "NaN", "INF", "-INF", "0,5", "1e400", "9" * 5000, "true", "", "x"]
WRONG += [(1, "reference frame"), (1, "pixel"), (1, "s"), (1, ""), (1, "5")]
WRONG += [(1e-9, "nm"), (1e9, "km"), (1, "parsecs of doom")]


@pytest.mark.parametrize("wrong", WRONG)
def test_sizes_that_cannot_be_are_left(wrong):
    write_ome((9, 7), "YX", **ome(X=0.25, Y=wrong))
    assert placed() == (None, None, ("y", "x"))
    write_ome((3, 9, 7), "ZYX", **ome(X=0.25, Y=0.5, Z=wrong))
    units = ("pixel", *MICROMETERS)
    assert placed() == ((1, 0.5, 0.25), units, ("z", "y", "x"))


def test_a_width_without_a_height_is_left():
    write_ome((9, 7), "YX", **ome(X=0.25))
    assert placed() == (None, None, ("y", "x"))


def test_each_image_of_ome_has_its_own_pixels():
    with tifffile.TiffWriter("a.tif", ome=True) as tiff:
        for edge, pixels in ((0.25, GRAY), (0.75, GRAY[:5])):
            metadata = {"axes": "YX", **ome(X=edge, Y=edge)}
            tiff.write(pixels, photometric="minisblack", metadata=metadata)
    for layer, edge in enumerate((0.25, 0.75)):
        assert read("a.tif", layer=layer)[1]["scale"] == (edge, edge)


def test_ome_of_another_image_is_left():
    said = {"SizeX": 7, "SizeY": 9, **ome(X=0.25, Y=(500, "nm"))}
    expected = {"X": (0.25, "µm"), "Y": (500, "nm")}
    assert of_ome(said, {"Y": 9, "X": 7}) == expected
    assert of_ome(said, {"Y": 7, "X": 9}) == {}


def test_pyramid_has_the_pixels_of_its_largest_level():
    metadata = {"axes": "YX", **ome(X=0.25, Y=0.5)}
    with tifffile.TiffWriter("a.tif", ome=True) as tiff:
        tiff.write(GRAY, subifds=1, photometric="minisblack", metadata=metadata)
        tiff.write(GRAY[::2, ::2], subfiletype=1, photometric="minisblack")
    assert placed()[:2] == ((0.5, 0.25), MICROMETERS)


def test_pixels_are_turned_with_the_image():
    tag = [(274, "H", 1, 6, True)]
    for kind in ("ome", "plain"):
        if kind == "ome":
            metadata = {"axes": "YX", **ome(X=0.25, Y=0.5)}
            options = {"ome": True, "metadata": metadata}
        else:
            per_cm = {"resolution": (40_000, 20_000), "resolutionunit": "CENTIMETER"}
            options = {"metadata": None, **per_cm}
        tifffile.imwrite("a.tif", GRAY, extratags=tag, **options)
        data, attributes, _ = read("a.tif")
        assert data.shape == (7, 9)
        assert attributes["scale"] == (0.25, 0.5)


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        *[(unit, "micrometer") for unit in ("um", "micron", "microns")],
        *[(r"\u00B5m", "micrometer"), ("Micrometers", "micrometer")],
        *[("nm", "nanometer"), ("mm", "millimeter"), ("cm", "centimeter")],
    ],
)
def test_imagej_says_how_large_a_pixel_is(unit, name):
    stack = np.zeros((3, 2, 9, 7), np.uint16)
    write_imagej(stack, axes="ZCYX", unit=unit, spacing=1.5)
    assert placed() == ((1.5, 0.5, 0.25), (name,) * 3, ("z", "y", "x"))
    write_imagej(stack, axes="TZYX", unit=unit, finterval=2)
    units = ("pixel", "pixel", name, name)
    assert placed() == ((1, 1, 0.5, 0.25), units, ("t", "z", "y", "x"))


@pytest.mark.parametrize("unit", ["µm".encode("latin-1"), "µm".encode(), "μm".encode()])
def test_imagej_may_have_a_unit_beyond_ascii(unit):
    held = "-" * len(unit)
    write_imagej(unit=held)
    whole = Path("a.tif").read_bytes().replace(held.encode(), unit)
    Path("a.tif").write_bytes(whole)
    assert placed()[:2] == ((0.5, 0.25), MICROMETERS)


@pytest.mark.parametrize("unit", ["inch", "pixel", "", "furlong", 7, None])
def test_imagej_without_a_length_is_left(unit):
    write_imagej(unit=unit, spacing=2)
    assert placed() == (None, None, ("y", "x"))


def test_imagej_may_have_a_unit_for_each_axis():
    said = {"unit": "um", "yunit": "nm", "zunit": "mm", "spacing": 0.5}
    write_imagej(np.stack([GRAY] * 3), axes="ZYX", **said)
    assert placed()[:2] == ((500, 0.0005, 0.25), ("micrometer",) * 3)


@pytest.mark.parametrize("rational", [(0, 0), (0, 1), (2**32 - 1, 0)])
@pytest.mark.parametrize("unit", ["um", None])
def test_resolutions_that_cannot_be_are_left(rational, unit):
    in_centimeters = {"resolutionunit": "CENTIMETER", "resolution": (40_000, 40_000)}
    for options in ({"imagej": True}, in_centimeters):
        tifffile.imwrite("a.tif", GRAY, metadata={"unit": unit}, **options)
        with tifffile.TiffFile("a.tif") as tiff:
            place = tiff.pages[0].tags[282].valueoffset
            packed = struct.pack(f"{tiff.byteorder}II", *rational)
        with open("a.tif", "r+b") as file:
            file.seek(place)
            file.write(packed)
        assert placed()[:2] == (None, None)


@pytest.mark.parametrize(
    ("unit", "resolution", "edge"),
    [
        ("CENTIMETER", 40_000, 0.25),
        ("CENTIMETER", 500, 20),
        ("INCH", 101_600, 0.25),
        *[("INCH", dots, None) for dots in (1, 72, 96, 300, 1200, 4800)],
        *[("CENTIMETER", dots, None) for dots in (28, 28.346, 37.8, 118.11, 472.44)],
        ("NONE", 40_000, None),
        ("MILLIMETER", 4_000, None),
    ],
)
def test_resolution_counts_that_is_not_of_print(unit, resolution, edge):
    stack = np.stack([GRAY] * 2)
    for pixels in (GRAY, stack):
        write(
            pixels,
            photometric="minisblack",
            resolution=(resolution, resolution),
            resolutionunit=unit,
        )
        scale, units, labels = placed()
        assert labels is None
        if edge is None:
            assert (scale, units) == (None, None)
        else:
            frames = pixels.ndim - 2
            assert scale == (1,) * frames + (edge, edge)
            assert units == ("pixel",) * frames + MICROMETERS


@pytest.mark.parametrize(("name", "dots"), [("a.png", 101_600), ("a.jpg", 400)])
def test_resolution_of_other_pictures_is_of_print(name, dots):
    Image.fromarray(GRAY).save(name, dpi=(dots, dots))
    assert placed(name) == (None, None, None)


def test_stack_of_files_has_what_all_have():
    Path("both").mkdir()
    for name, edge in (("a", 0.5), ("b", 0.5), ("c", 0.25)):
        metadata = {"axes": "YX", **ome(X=0.25, Y=edge)}
        tifffile.imwrite(f"both/{name}.tif", GRAY, ome=True, metadata=metadata)
    assert placed("both") == (None, None, None)
    Path("both/c.tif").unlink()
    units = ("pixel", *MICROMETERS)
    assert placed("both") == ((1, 0.5, 0.25), units, ("frame", "y", "x"))
