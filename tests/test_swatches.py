"""Swatches: palettes of other programs, read and written."""

import io
import itertools
import struct

import numpy as np
import pytest
import swatch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import GimpPaletteFile, Image, ImageCms

from napari_kmeans import Palette, fit, read_samples
from napari_kmeans.core.swatches import mixing
from napari_kmeans.core.swatches.formats import FORMATS, decode, encode
from napari_kmeans.core.swatches.swatches import Swatches

NAMED = (".aco", ".ase", ".csv", ".gpl")
TITLED = (".ase", ".gpl")

scratch = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

words = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8)


@st.composite
def swatches(draw):
    """Draw some that differ, as a picture needs."""
    packed = draw(st.lists(st.integers(0, 2**24 - 1), min_size=1, unique=True))
    colors = [[*value.to_bytes(3)] for value in packed]
    n = len(colors)
    names = draw(st.lists(words, min_size=n, max_size=n))
    return Swatches(draw(words), tuple(names), np.array(colors, np.uint8))


@given(swatches(), st.sampled_from([*FORMATS]))
def test_what_is_written_is_read(drawn, suffix):
    data = encode(drawn, suffix)
    found = decode(data, suffix, "some")
    np.testing.assert_array_equal(found.colors, drawn.colors)
    assert found.names == (drawn.names if suffix in NAMED else ("",) * len(found.names))
    assert found.title == (drawn.title if suffix in TITLED else "")
    assert encode(found, suffix) == data


TWO = Swatches("Some", ("red one", ""), np.array([[255, 0, 0], [0, 128, 9]], np.uint8))

#: As the programs write them, by the descriptions of the formats.
FILES = {
    ".gpl": b"GIMP Palette\nName: Some\nColumns: 0\n#\n255   0   0\tred one\n"
    b"  0 128   9\tUntitled\n",
    ".hex": b"ff0000\n008009\n",
    ".pal": b"JASC-PAL\r\n0100\r\n2\r\n255 0 0\r\n0 128 9\r\n",
    ".act": b"\xff\0\0\0\x80\x09" + bytes(762) + b"\0\x02\xff\xff",
    ".csv": b"name,hex,red,green,blue\r\nred one,#ff0000,255,0,0\r\n"
    b",#008009,0,128,9\r\n",
    ".aco": bytes.fromhex(
        "0001 0002 0000 ffff 0000 0000 0000 0000 0000 8080 0909 0000"
        "0002 0002 0000 ffff 0000 0000 0000 00000008"
        "0072 0065 0064 0020 006f 006e 0065 0000"
        "0000 0000 8080 0909 0000 00000001 0000"
    ),
    ".ase": b"ASEF"
    + bytes.fromhex(
        "0001 0000 00000004"
        "c001 0000000c 0005 0053 006f 006d 0065 0000"
        "0001 00000024 0008 0072 0065 0064 0020 006f 006e 0065 0000"
        "52474220 3f800000 00000000 00000000 0002"
        "0001 00000016 0001 0000 52474220 00000000 3f008081 3d109091 0002"
        "c002 00000000"
    ),
}


@pytest.mark.parametrize("suffix", FILES)
def test_files_are_byte_for_byte_as_the_formats_say(suffix):
    assert encode(TWO, suffix) == FILES[suffix]
    found = decode(FILES[suffix], suffix, "some")
    assert found.colors.tolist() == TWO.colors.tolist()


@pytest.mark.parametrize(
    ("suffix", "data", "names", "hexes"),
    [
        (
            ".gpl",
            b"GIMP Palette\r\nName: Caf\xe9\r\n#\r\n# c\r\n\r\n 1 2 3 Dark #2\r\n4 5 6",
            ["Dark #2", ""],
            ["010203", "040506"],
        ),
        (
            ".gpl",  # as Aseprite writes it
            b"GIMP Palette\nChannels: RGBA\n#\n  1   2   3 255 a b\n4 5 6 0\tc\n",
            ["a b", "c"],
            ["010203", "040506"],
        ),
        (".gpl", b"GIMP Palette\n1 2 3\n", [""], ["010203"]),  # of before 2004
        (".hex", b"\xef\xbb\xbf#FF0000\r\n\r\n0f8\r\n", ["", ""], ["ff0000", "00ff88"]),
        (
            ".pal",
            b"JASC-PAL\n0100\n2\n1 2 3 255\n4 5 6 0\n\n",
            ["", ""],
            ["010203", "040506"],
        ),
        (".act", b"\1\2\3\4\5\6" + bytes(762) + b"\0\2\0\0", [""], ["040506"]),
        (".act", bytes(range(256)) * 3, [""] * 256, None),
        (
            ".aco",  # of one version: the second alone
            bytes.fromhex("0002 0001 0008 1388 0000 0000 0000 00000002 0041 0000"),
            ["A"],
            ["808080"],
        ),
        (
            ".aco",  # HSB, CMYK, wide CMYK, Lab
            bytes.fromhex(
                "0001 0004 0001 5555 ffff ffff 0000 0002 0000 ffff ffff ffff"
                "0009 0000 2710 2710 0000 0007 2710 0000 0000 0000"
            ),
            [""] * 4,
            ["00ff00", "00ffff", "ff0000", "ffffff"],
        ),
        (
            ".ase",
            b"ASEF\0\1\0\0\0\0\0\4"
            b"\0\1\0\0\0\x1c\0\2\0A\0\0CMYK" + struct.pack(">4fH", 1, 0, 0, 0, 0) + b""
            b"\0\1\0\0\0\x18\0\2\0B\0\0LAB " + struct.pack(">3fH", 1, 0, 0, 1) + b""
            b"\x12\x34\0\0\0\3abc"
            b"\0\1\0\0\0\x10\0\2\0C\0\0Gray" + struct.pack(">fH", 0.5, 2),
            ["A", "B", "C"],
            ["00ffff", "ffffff", "808080"],
        ),
        (
            ".csv",
            b"Floss#,DMC Name,R,G,B,RGB code\n"
            b'3713,"Salmon, Very Light",255,226,226,FFE2E2\n310,Black,0,0,0,000000\n',
            ["3713 Salmon, Very Light", "310 Black"],
            ["ffe2e2", "000000"],
        ),
        (
            ".csv",
            b"Perler;;\n\nHEX;Code;Name\n#FF0000;P01;Red\n;;\n00f;P02;Bleu fonc\xe9",
            ["P01 Red", "P02 Bleu fonc\xe9"],
            ["ff0000", "0000ff"],
        ),
        (".csv", b"b\tg\tr\n1\t2\t3\n", [""], ["030201"]),
    ],
)
def test_files_of_other_programs_are_read(suffix, data, names, hexes):
    found = decode(data, suffix, "some")
    assert [*found.names] == names
    assert hexes is None or found.hexes == hexes


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('["#ff0000", "00F"]', ["", ""]),
        ('{"name": "x", "author": "y", "colors": ["ff0000", "0000ff"]}', ["", ""]),
        ('[{"name": "a", "hex": "#f00"}, {"color": "0000ff"}]', ["a", ""]),
        ('{"colors": [{"rgb": [255, 0, 0]}, {"name": "b", "rgb": "#00f"}]}', ["", "b"]),
    ],
)
def test_json_of_other_programs_is_read(tmp_path, text, names):
    path = tmp_path / "some.json"
    path.write_text(text)
    found = Palette.load(path)
    assert found.centers.tolist() == [[255, 0, 0], [0, 0, 255]]
    assert [*found.names] == names


def test_another_library_reads_and_writes_swatches_of_adobe(tmp_path):
    colors, names = ["#ff0000", "#010203"], ["a", "b c"]
    Palette.of_colors(colors, names).save(tmp_path / "ours.ase")
    found = swatch.parse(str(tmp_path / "ours.ase"))
    (group,) = [one for one in found if "swatches" in one] or [{"swatches": found}]
    assert [one["name"] for one in group["swatches"]] == names
    values = np.array([one["data"]["values"] for one in group["swatches"]])
    np.testing.assert_array_equal(np.rint(values * 255), [[255, 0, 0], [1, 2, 3]])
    swatch.write(found, str(tmp_path / "theirs.ase"))
    theirs = Palette.load(tmp_path / "theirs.ase")
    assert theirs == Palette.load(tmp_path / "ours.ase")


def test_another_library_reads_what_is_written_for_gimp(tmp_path):
    Palette.of_colors(["#ff0000", "#010203"], ["a", "b c"]).save(tmp_path / "x.gpl")
    with (tmp_path / "x.gpl").open("rb") as file:
        data, mode = GimpPaletteFile.GimpPaletteFile(file).getpalette()
    assert mode == "RGB"
    # Before Pillow 11.3, lines that are no colors count, too.
    assert bytes([255, 0, 0, 1, 2, 3]) in data


@given(st.integers(0, 100), st.integers(-100, 100), st.integers(-100, 100))
def test_lab_is_converted_as_by_little_cms(lightness, a, b):
    profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    exact = {"renderingIntent": 1, "flags": ImageCms.Flags.NOOPTIMIZE}
    transform = ImageCms.buildTransform(*profiles, "LAB", "RGB", **exact)
    bytes_ = [round(lightness * 255 / 100), a % 256, b % 256]
    image = Image.frombytes("LAB", (1, 1), bytes(bytes_))
    expected = np.array(ImageCms.applyTransform(image, transform).getpixel((0, 0)), int)
    inside = (expected > 0) & (expected < 255)
    if inside.all():
        found = np.array(mixing.lab([bytes_[0] * 100 / 255, a, b]))
        assert abs(found - expected).max() <= 1


def test_a_strip_has_squares_in_rows_and_nothing_besides(tmp_path):
    colors = np.arange(60, dtype=np.uint8).reshape(20, 3)
    Palette.of_colors(colors).save(tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as image:
        pixels = np.asarray(image)
    assert pixels.shape == (32, 256, 4)
    assert (pixels[:16, 16:32] == [3, 4, 5, 255]).all()
    assert (pixels[16:, :16] == [48, 49, 50, 255]).all()
    assert not pixels[16:, 64:].any()
    loaded = Palette.load(tmp_path / "x.png")
    np.testing.assert_array_equal(loaded.centers, colors)


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


BAD = [
    (".gpl", b"GIMP Palette\n", "x.gpl of 0 colors should have 1 to 65,535."),
    (".gpl", b"GIMP", "x.gpl should begin with 'GIMP Palette'."),
    (
        ".gpl",
        b"GIMP Palette\n#\n1 2 256 a\n",
        "line 3 of x.gpl should begin with red, green and blue from 0 to 255, but is "
        "'1 2 256 a'.",
    ),
    (
        ".hex",
        b"ff0000\nred\n",
        "line 2 of x.hex should be a color such as '#ff8000', but is 'red'.",
    ),
    (
        ".pal",
        b"RIFF\x10\0\0\0PAL data",
        "x.pal should begin with the lines JASC-PAL and 0100, as Paint Shop Pro "
        "writes them.",
    ),
    (
        ".pal",
        b"JASC-PAL\n0100\n3\n1 2 3\n",
        "line 3 of x.pal should be how many colors follow, 1, but is '3'.",
    ),
    (".act", bytes(767), "x.act of 767 bytes should have 768 or 772."),
    (".act", bytes(772), "x.act of 0 colors should have 1 to 256."),
    (".aco", b"\0\7\0\0", "x.aco should begin with version 1 or 2, not 7."),
    (
        ".aco",
        b"\0\1\0\2" + bytes(10),
        "x.aco of 14 bytes should have 24 or more, and is cut off.",
    ),
    (
        ".aco",
        b"\0\1\0\1\0\3" + bytes(8),
        "color 1 of x.aco should be of RGB, HSB, CMYK, Lab or gray, but is of the "
        "color space 3, such as of a book of inks.",
    ),
    (".ase", b"", "x.ase should begin with ASEF, as Adobe writes it."),
    (
        ".ase",
        b"ASEF\0\1\0\0\0\0\0\1\0\1\0\0\0\x14\0\1\0\0RGB " + b"\x7f\xc0\0\0" * 3,
        "color 1 of x.ase should have finite numbers, but has (nan, nan, nan).",
    ),
    (
        ".ase",
        b"ASEF\0\1\0\0\0\0\0\1\0\1\0\0\0\x08\0\1\0\0HSB ",
        "color 1 of x.ase should be of RGB, CMYK, LAB or Gray, but is of b'HSB '.",
    ),
    (
        ".csv",
        b"name,tint\na,b\n",
        "x.csv should have a header with the columns red, green and blue, or hex.",
    ),
    (
        ".csv",
        b"r,g,b\n1,2\n",
        "line 2 of x.csv should have red, green and blue from 0 to 255, but has "
        "['1', '2', ''].",
    ),
    (".png", b"GIF89a", "x.png should be a PNG, but is not."),
    (
        ".png",
        png(np.zeros((2, 2), np.uint16)),
        "x.png of 2 x 2 pixels and mode I;16 should have at most 16,777,216, of 8 bits",
    ),
    (
        ".png",
        png(np.arange(3 * 90**2).reshape(90, 90, 3).astype("<u2").view("u1")[..., :3]),
        "should be squares of at most 4,096.",
    ),
    (
        ".png",
        png(np.full((1, 1, 4), 9, np.uint8)),
        "x.png should have no pixels that are half transparent.",
    ),
    (
        ".json",
        b"[1]",
        "[0] of x.json should be a color such as '#ff8000', but is 1.",
    ),
    (
        ".json",
        b'{"colors": [{"rgb": [1, 2, 256]}]}',
        "colors[0] of x.json should have red, green and blue from 0 to 255, but has "
        "[1, 2, 256].",
    ),
    (".json", b"[]", "x.json of 0 colors should have 1 to 65,535."),
]


@pytest.mark.parametrize(("suffix", "data", "said"), BAD)
def test_what_is_malformed_is_refused_in_a_sentence(tmp_path, suffix, data, said):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"\.$") as caught:
        Palette.load(path)
    assert said in str(caught.value)


@settings(scratch, max_examples=300)
@given(swatches(), st.sampled_from([*FORMATS]), st.data())
def test_whatever_is_changed_is_refused_or_a_palette(tmp_path, drawn, suffix, data):
    changed = bytearray(encode(drawn, suffix))
    if data.draw(st.booleans()):
        del changed[data.draw(st.integers(0, len(changed))) :]
    for _ in range(data.draw(st.integers(0, 3)) if changed else 0):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    path = tmp_path / f"some{suffix}"
    path.write_bytes(changed)
    said, palette = "", None
    try:
        palette = Palette.load(path)
    except ValueError as error:
        said = str(error)
    if palette is None:
        assert f"some{suffix}" in said
        assert said.endswith(".")
        assert "\n" not in said


@pytest.mark.parametrize(
    ("was", "suffix"), [*itertools.permutations([*FORMATS, ".json"], 2)]
)
def test_content_that_belies_the_suffix_is_refused(tmp_path, was, suffix):
    Palette.of_colors(["#102030", "#405060"], ["a", "b"]).save(tmp_path / f"x{was}")
    (tmp_path / f"x{was}").rename(tmp_path / f"y{suffix}")
    with pytest.raises(ValueError, match=rf"y\{suffix} .*\.$"):
        Palette.load(tmp_path / f"y{suffix}")


def test_more_colors_than_a_file_holds_are_refused(tmp_path):
    colors = np.arange(257 * 3).reshape(257, 3) % 256
    palette = Palette.of_colors(colors)
    with pytest.raises(ValueError, match=r"palette of 257 colors should have at most"):
        palette.save(tmp_path / "x.act")
    assert not [*tmp_path.iterdir()]
    palette.merge([1, 2]).save(tmp_path / "x.act")
    assert (tmp_path / "x.act").stat().st_size == 768


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_palette_is_saved_as_it_is_shown(tmp_path, suffix):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 4000, (20, 20), np.uint16)
    palette = fit(read_samples(image), 5).rename(2, "a").recolor(3, "#ff8000")
    path = tmp_path / f"x{suffix.upper()}"
    palette.save(path)
    loaded = Palette.load(path)
    assert loaded.colors.tolist() == (np.rint(palette.colors * 255) / 255).tolist()
    assert loaded.names == (palette.names if suffix in NAMED else ("",) * 5)
