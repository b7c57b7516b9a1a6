"""Indexed pictures: what is written comes back, in few bits, whole or not at all."""

import struct
from functools import cache

import dask.array as da
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from napari_kmeans import quantize, write_indexed
from napari_kmeans.files import indexed

GRAY = np.arange(256, dtype=np.uint8).reshape(16, 16)


@cache
def palette_of(k):
    return quantize(GRAY, k=k, init="optimal").palette


def bits(path):
    """Return the bit depth and the color type that the header of a PNG has."""
    return struct.unpack(">BB", path.read_bytes()[24:26])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("indexed")


@given(
    k=st.integers(1, 256),
    shape=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    dtype=st.sampled_from(["u1", "u2", ">i4", "i8"]),
    left_out=st.booleans(),
    seed=st.integers(0, 9),
)
@example(k=256, shape=(5, 7), dtype="u2", left_out=False, seed=0)
def test_pixels_come_back_in_the_colors_of_their_clusters(
    k, shape, dtype, left_out, seed, folder
):
    rng = np.random.default_rng(seed)
    left_out = left_out and k < 256
    most = min(k, np.iinfo(dtype).max)
    labels = rng.integers(0 if left_out else 1, most + 1, shape).astype(dtype)
    palette = palette_of(k).recolor(k, rng.random(3))
    write_indexed(path := folder / "a.png", labels, palette)
    with Image.open(path) as image:
        assert image.mode == "P"
        index = np.asarray(image)
        rgba = np.asarray(image.convert("RGBA"))
    np.testing.assert_array_equal(index, labels - (k == 256))
    shown = np.rint(palette.colors * 255)[labels.astype(int) - 1]
    shown[labels == 0] = 0
    np.testing.assert_array_equal(rgba[..., :3], shown)
    np.testing.assert_array_equal(rgba[..., 3], np.where(labels == 0, 0, 255))


@pytest.mark.parametrize(
    ("k", "depth"), [(1, 1), (2, 2), (3, 2), (4, 4), (15, 4), (16, 8), (255, 8)]
)
def test_a_pixel_has_as_few_bits_as_hold_its_number(k, depth, tmp_path):
    labels = np.full((3, 5), k)
    write_indexed(path := tmp_path / "a.png", labels, palette_of(k))
    assert bits(path) == (depth, 3)


def test_the_picture_is_the_quantized_image(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    q = quantize(image, k=7, mask=image[..., 0] > 50)
    write_indexed(tmp_path / "a.PNG", q.labels, q.palette)
    with Image.open(tmp_path / "a.PNG") as written:
        rgb = np.asarray(written.convert("RGB"))
    np.testing.assert_array_equal(rgb[q.labels > 0], q.quantized[q.labels > 0])


def codes(data, bits):
    """Return what the codes of a GIF's frame stand for, from the lowest bit on."""
    table, width = [bytes([i]) for i in range(1 << bits)] + [b"", b""], bits + 1
    start, end = 1 << bits, (1 << bits) + 1
    found, before, value, n = [], None, 0, 0
    for byte in data:
        value, n = value | byte << n, n + 8
        while n >= width:
            code, value, n = value & (1 << width) - 1, value >> width, n - width
            if code == end:
                return b"".join(found)
            if code == start:
                table, width, before = table[: end + 1], bits + 1, None
                continue
            if before is not None and len(table) < 4096:
                first = table[code] if code < len(table) else before
                table.append(before + first[:1])
            before = table[code]
            found.append(before)
            if len(table) == 1 << width and width < 12:
                width += 1
    raise AssertionError


def frames_of(raw):
    """Return the color table of a GIF, and of each frame its control and its bytes."""
    assert raw[:6] == b"GIF89a"
    width, height, flags = struct.unpack("<HHB", raw[6:11])
    size = 3 << (flags & 7) + 1
    table, at = np.frombuffer(raw[13 : 13 + size], np.uint8).reshape(-1, 3), 13 + size
    frames, control, loops = [], None, False
    while raw[at] != 0x3B:
        kind, at = raw[at : at + 2], at + 2
        if kind[0] == 0x2C:
            at -= 1
            assert struct.unpack("<HHHHB", raw[at : at + 9]) == (0, 0, width, height, 0)
            bits, at = raw[at + 9], at + 10
        blocks = []
        while raw[at]:
            blocks.append(raw[at + 1 : at + 1 + raw[at]])
            at += 1 + raw[at]
        at += 1
        if kind[0] == 0x2C:
            index = np.frombuffer(codes(b"".join(blocks), bits), np.uint8)
            frames.append((control, index.reshape(height, width)))
            control = None
        elif kind == b"!\xf9":
            (control,) = blocks
        else:
            loops = blocks[0] == b"NETSCAPE2.0"
    assert at == len(raw) - 1
    return table, frames, loops


@given(
    k=st.integers(1, 256),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 20), st.integers(1, 20)),
    left_out=st.booleans(),
    seed=st.integers(0, 9),
)
@example(k=256, shape=(2, 90, 80), left_out=False, seed=0)
def test_frames_are_as_they_were_byte_for_byte(k, shape, left_out, seed, folder):
    rng = np.random.default_rng(seed)
    left_out = left_out and k < 256
    labels = rng.integers(0 if left_out else 1, k + 1, shape)
    labels[-1] = labels[0]  # one that is as another is a frame all the same
    palette = palette_of(k).recolor(k, rng.random(3))
    write_indexed(path := folder / "a.gif", labels, palette)
    table, frames, loops = frames_of(path.read_bytes())
    colors = np.rint(palette.colors * 255)
    np.testing.assert_array_equal(table[k < 256 :][:k], colors)
    assert len(table) == 2 ** max(1, int(k - (k == 256)).bit_length())
    assert loops
    assert len(frames) == len(labels)
    transparent = int((labels == 0).any())
    for (control, index), plane in zip(frames, labels, strict=True):
        np.testing.assert_array_equal(index, plane - (k == 256))
        assert control[0] == (2 if transparent else 1) << 2 | transparent
        assert control[1:] == bytes([10, 0, 0])


@pytest.mark.parametrize("k", [1, 2, 9, 200])
@pytest.mark.parametrize("n", [None, 1, 3])
def test_others_read_what_is_in_a_gif(k, n, tmp_path):
    shape = (40, 30) if n is None else (n, 40, 30)
    labels = np.random.default_rng(0).integers(0, k + 1, shape)
    palette = palette_of(k).recolor(1, "#ff8000")
    write_indexed(path := tmp_path / "a.GIF", labels, palette)
    with Image.open(path) as image:
        assert image.n_frames == (n or 1)
        found = []
        for frame in range(image.n_frames):
            image.seek(frame)
            found.append(np.asarray(image.convert("RGBA")))
            assert image.info.get("duration", 0) == (0 if n is None else 100)
    found = np.reshape(found, (*shape, 4))
    colors = np.vstack([np.zeros(3), np.rint(palette.colors * 255)])[labels]
    there = labels > 0
    np.testing.assert_array_equal(found[..., 3], np.where(there, 255, 0))
    np.testing.assert_array_equal(found[there][:, :3], colors[there])


def test_lazy_labels_are_computed_and_progress_is_told(tmp_path):
    labels = np.random.default_rng(0).integers(0, 4, (30, 20))
    told = []
    for name, some in (("a.png", labels), ("b.png", da.from_array(labels, chunks=7))):
        write_indexed(
            tmp_path / name,
            some,
            palette_of(3),
            progress=lambda *said: told.append(said),
        )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert {"Labeling", "Writing"} <= {stage for stage, _ in told}


def test_what_fails_leaves_all_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_text("earlier")

    def fail(self, path, *_, **__):
        path.write_text("half")
        raise OSError("full")

    monkeypatch.setattr(indexed.Image.Image, "save", fail)
    with pytest.raises(OSError, match="full"):
        write_indexed(tmp_path / "a.png", np.ones((2, 2), int), palette_of(2))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_text() == "earlier"


def test_an_earlier_file_is_replaced_and_a_link_followed(tmp_path):
    (tmp_path / "a.png").write_text("earlier")
    (tmp_path / "a.png").chmod(0o640)
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    write_indexed(str(tmp_path / "link.png"), np.ones((2, 2), int), palette_of(2))
    assert (tmp_path / "link.png").is_symlink()
    assert bits(tmp_path / "a.png") == (2, 3)
    assert (tmp_path / "a.png").stat().st_mode & 0o777 == 0o640
    assert len([*tmp_path.iterdir()]) == 2


ONES = np.ones((2, 2), int)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"path": 5}, TypeError, "path=5 should be a path."),
        ({"path": "a.jpg"}, ValueError, "path=a.jpg should end in .png or .gif."),
        ({"path": "no/a.png"}, ValueError, "in a folder that exists."),
        ({"palette": "a"}, TypeError, "palette='a' should be a Palette."),
        ({"labels": np.ones((2, 2, 2), int)}, ValueError, "integers of two axes"),
        (
            {"path": "a.gif", "labels": np.ones((1, 2, 2, 2), int)},
            ValueError,
            "integers of two or three axes",
        ),
        (
            {"path": "a.gif", "labels": np.ones((1, 65536), int)},
            ValueError,
            "at most 65,535 pixels along an axis",
        ),
        ({"path": "a.gif", "labels": ONES * 3}, ValueError, "but one is 3."),
        ({"labels": np.ones((2, 2))}, ValueError, "dtype float64 should be integers"),
        ({"labels": np.ones((0, 2), int)}, ValueError, "that are not empty."),
        ({"labels": ONES * 3}, ValueError, "from 0 to 2, .* but one is 3."),
        ({"labels": -ONES}, ValueError, "but one is -1."),
    ],
)
def test_what_cannot_be_written_is_refused(
    changes, error, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    given = {"path": "a.png", "labels": ONES, "palette": palette_of(2)} | changes
    with pytest.raises(error, match=message):
        write_indexed(**given)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(("k", "least"), [(257, 1), (256, 0)])
def test_more_colors_than_a_palette_holds_are_refused(k, least, tmp_path):
    image = np.arange(300, dtype=np.uint16).reshape(20, 15)
    palette = quantize(image, k=k, init="optimal").palette
    labels = np.full((2, 2), least, np.uint16)
    with pytest.raises(ValueError, match=f"palette of {k} clusters should have at"):
        write_indexed(tmp_path / "a.png", labels, palette)


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(ValueError, match="should be a file"):
        write_indexed(tmp_path / "a.png", ONES, palette_of(2))
