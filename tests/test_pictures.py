"""Pictures: what their files say of them is heeded, or refused."""

import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps, features

from napari_kmeans import read
from napari_kmeans.files.pictures import check_room, upright

RANDOM = np.random.default_rng(0)
GRAY = RANDOM.integers(0, 256, (9, 7), np.uint8)
ALPHA = RANDOM.integers(0, 256, (9, 7), np.uint8)
COLOR = RANDOM.integers(0, 256, (9, 7, 3), np.uint8)
DEEP = RANDOM.integers(0, 65_536, (9, 7, 4), np.uint16)
PALETTE = Image.fromarray(COLOR).quantize(8)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def assert_read(path, expected, *, rgb, alpha=None):
    data, attributes, kind = read(path)
    assert isinstance(data, np.ndarray)
    assert data.dtype == expected.dtype
    np.testing.assert_array_equal(data, expected)
    assert (attributes["rgb"], kind) == (rgb, "image")
    np.testing.assert_array_equal(attributes["metadata"].get("alpha"), alpha)


def fail(path):
    """Read what should fail, and return the reason."""
    with pytest.raises(
        ValueError, match=rf"^{path} could not be read: .*\.$"
    ) as caught:
        read(path)
    return str(caught.value)


def png(depth, color, rows, *chunks):
    """Return a PNG of rows of bytes, as Pillow does not write all of them."""

    def chunk(name, content):
        body = name + content
        return (
            struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
        )

    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    width = len(rows[0]) * 8 // (depth * samples)
    header = struct.pack(">IIBBBBB", width, len(rows), depth, color, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*one)
        for one in [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    )


@pytest.mark.parametrize(
    ("name", "pixels", "rgb"),
    [
        ("gray.png", GRAY, False),
        ("bits.png", GRAY > 100, False),
        ("deep.png", DEEP[..., 0], False),
        ("color.png", COLOR, True),
        ("clear.png", np.dstack([COLOR, ALPHA]), True),
        ("color.bmp", COLOR, True),
        ("color.tga", COLOR, True),
        ("color.ppm", COLOR, True),
        ("gray.jp2", GRAY, False),
        ("deep.jp2", DEEP[..., 0], False),
        ("color.jp2", COLOR, True),
        ("of-no-suffix", COLOR, True),
        ("of-another.tif", COLOR, True),
    ],
)
def test_pixels_are_those_that_were_saved(name, pixels, rgb):
    suffix = name.partition(".")[2]
    kinds = {"jp2": "JPEG2000", "": "PNG", "tif": "PNG"}
    Image.fromarray(pixels).save(name, kinds.get(suffix))
    assert_read(name, pixels, rgb=rgb)


def test_small_pictures_in_color_are_in_color():
    Image.new("RGB", (1, 1), "red").save("dot.png")
    assert_read("dot.png", np.array([[[255, 0, 0]]], np.uint8), rgb=True)


def test_gray_with_alpha_is_gray_and_alpha():
    Image.fromarray(np.dstack([GRAY, ALPHA])).save("both.png")
    assert_read("both.png", GRAY, rgb=False, alpha=ALPHA)


@pytest.mark.parametrize("suffix", ["png", "gif"])
@pytest.mark.parametrize("clear", [None, 3])
def test_palettes_are_colors(suffix, clear):
    path = f"palette.{suffix}"
    PALETTE.save(path, **({} if clear is None else {"transparency": clear}))
    colors = np.asarray(PALETTE.convert("RGB"))
    if clear is None:
        assert_read(path, colors, rgb=True)
        return
    data, attributes, _ = read(path)
    assert attributes["rgb"]
    left = np.asarray(PALETTE) == clear
    np.testing.assert_array_equal(data[..., 3] == 0, left)
    np.testing.assert_array_equal(data[~left, :3], colors[~left])


def test_transparent_colors_are_transparent():
    key = tuple(COLOR[0, 0].tolist())
    Image.fromarray(COLOR).save("color.png", transparency=key)
    alpha = np.where((key == COLOR).all(axis=-1), 0, 255).astype(np.uint8)
    assert_read("color.png", np.dstack([COLOR, alpha]), rgb=True)
    Image.fromarray(GRAY).save("gray.png", transparency=int(GRAY[0, 0]))
    alpha = np.where(GRAY[0, 0] == GRAY, 0, 255).astype(np.uint8)
    assert_read("gray.png", GRAY, rgb=False, alpha=alpha)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_transparent_gray_of_every_depth(depth, tmp_path):
    most = 2**depth - 1
    values = np.array([0, 1, most, 1, 0, most, most, 0])
    if depth == 16:
        row = values.astype(">u2").tobytes()
    else:
        bits = np.unpackbits(values.astype(np.uint8)).reshape(-1, 8)[:, 8 - depth :]
        row = np.packbits(bits).tobytes()
    key = struct.pack(">H", 1)
    (tmp_path / "key.png").write_bytes(png(depth, 0, [row], (b"tRNS", key)))
    full, dtype = (65_535, np.uint16) if depth == 16 else (255, np.uint8)
    scaled = (values * full // most).astype(dtype)
    alpha = np.where(values == 1, 0, full).astype(dtype)
    assert_read("key.png", scaled[np.newaxis], rgb=False, alpha=alpha[np.newaxis])


@pytest.mark.parametrize(
    ("n_channels", "key"), [(2, False), (3, False), (3, True), (4, False)]
)
def test_16_bits_a_channel_are_kept(n_channels, key, tmp_path):
    pixels = DEEP[..., :n_channels]
    color = {2: 4, 3: 2, 4: 6}[n_channels]
    rows = [row.tobytes() for row in pixels.astype(">u2")]
    chunks = [(b"tRNS", pixels[0, 0].astype(">u2").tobytes())] if key else []
    (tmp_path / "deep.png").write_bytes(png(16, color, rows, *chunks))
    if n_channels == 2:
        assert_read("deep.png", pixels[..., 0], rgb=False, alpha=pixels[..., 1])
        return
    if key:
        other = (pixels != pixels[0, 0]).any(axis=-1)
        pixels = np.dstack([pixels, np.where(other, 65_535, 0).astype(np.uint16)])
    assert_read("deep.png", pixels, rgb=True)


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("most", [1023, 65_535])
def test_netpbm_of_more_than_8_bits(n_channels, most, tmp_path):
    pixels = DEEP[..., :n_channels].astype(int) * most // 65_535
    content = pixels.astype(">u2").tobytes()
    magic = {1: "P5", 3: "P6"}[n_channels]
    (tmp_path / "deep.ppm").write_bytes(f"{magic} 7 9 {most}\n".encode() + content)
    expected = np.rint(pixels * (65_535 / most)).astype(np.uint16)
    assert_read("deep.ppm", expected.squeeze(), rgb=n_channels == 3)


def test_jpeg_2000_of_16_bits():
    pixels = np.kron(DEEP[..., :3], np.ones((8, 8, 1), np.uint16))
    lossless = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000]
    cv2.imwrite("deep.jp2", pixels[..., ::-1], lossless)
    data, attributes, _ = read("deep.jp2")
    assert (data.dtype, data.shape, attributes["rgb"]) == ("u2", (72, 56, 3), True)
    assert np.abs(data - pixels.astype(int)).mean() < 300


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_pictures_are_upright(orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(COLOR).save(f"photo.{suffix}", exif=exif)
    with Image.open(f"photo.{suffix}") as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert_read(f"photo.{suffix}", expected, rgb=True)
    turned = upright(np.stack([GRAY, GRAY]), orientation, 1, 2)
    np.testing.assert_array_equal(turned[1], upright(GRAY, orientation, 0, 1))


def test_orientation_behind_the_pixels_is_heeded(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    rows = [row.tobytes() for row in GRAY]
    content = exif.tobytes().removeprefix(b"Exif\0\0")
    before = png(8, 0, rows, (b"eXIf", content))
    length = len(content) + 12
    at = before.index(b"eXIf") - 4
    chunk, end = before[at : at + length], before[-12:]
    behind = before[:at] + before[at + length : -12] + chunk + end
    for name, whole in (("before.png", before), ("behind.png", behind)):
        (tmp_path / name).write_bytes(whole)
        assert_read(name, np.rot90(GRAY, -1), rgb=False)


@pytest.mark.parametrize("exif", [b"garbage", b"Exif\0\0garbage", b"Exif\0\0II*\0\xff"])
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_damaged_exif_is_no_orientation(exif, suffix):
    Image.fromarray(COLOR).save(f"photo.{suffix}", exif=exif, lossless=True)
    assert read(f"photo.{suffix}")[0].shape == COLOR.shape


@pytest.mark.parametrize("said", [0, 9])
def test_orientation_that_there_is_not_is_none(said):
    exif = Image.Exif()
    exif[0x0112] = said
    for name in ("photo.png", "photo.tif"):
        Image.fromarray(COLOR).save(name, exif=exif)
        assert_read(name, COLOR, rgb=True)


def test_inks_become_colors():
    inks = Image.frombytes("CMYK", (7, 9), RANDOM.bytes(7 * 9 * 4))
    inks.save("inks.jpg", quality=100)  # as Adobe has them: inverted
    with Image.open("inks.jpg") as image:
        expected = np.asarray(image.convert("RGB"))
    assert_read("inks.jpg", expected, rgb=True)
    assert np.abs(expected - np.asarray(inks.convert("RGB")).astype(int)).mean() < 10


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_frames_are_a_stack(suffix):
    frames = [Image.fromarray(np.roll(COLOR, shift, 0)) for shift in range(3)]
    first, *others = frames
    first.save(f"film.{suffix}", save_all=True, append_images=others, lossless=True)
    assert_read(f"film.{suffix}", np.stack([np.asarray(f) for f in frames]), rgb=True)


def test_frames_that_differ_are_composed():
    frames = [Image.new("RGB", (7, 9), color) for color in ("red", "lime", "blue")]
    frames[1].paste((255, 255, 255), (1, 1, 3, 4))
    for disposal in (1, 2, 3):
        frames[0].save(
            "film.gif", save_all=True, append_images=frames[1:], disposal=disposal
        )
        assert_read("film.gif", np.stack([np.asarray(f) for f in frames]), rgb=True)


def test_frames_of_which_one_is_transparent_are_all_with_alpha():
    frames = [Image.new("RGBA", (7, 9), (255, 0, 0, a)) for a in (0, 255)]
    frames[0].save("film.gif", save_all=True, append_images=frames[1:], disposal=2)
    data, attributes, _ = read("film.gif")
    assert (data.shape, attributes["rgb"]) == ((2, 9, 7, 4), True)
    np.testing.assert_array_equal(data[..., 3].max(axis=(1, 2)), [0, 255])


def test_picture_instead_of_an_animation_is_no_frame():
    frames = [Image.new("RGB", (7, 9), color) for color in ("red", "lime", "blue")]
    frames[0].save(
        "film.png", save_all=True, append_images=frames[1:], default_image=True
    )
    assert_read("film.png", np.stack([np.asarray(f) for f in frames[1:]]), rgb=True)


def test_photo_with_a_preview_is_the_photo():
    small = Image.fromarray(COLOR[:3])
    Image.fromarray(COLOR).save("photo.mpo", save_all=True, append_images=[small])
    assert read("photo.mpo")[0].shape == COLOR.shape


@pytest.mark.skipif(
    not (cv2.haveImageWriter("a.avif") and features.check("avif")),
    reason="these versions have no AVIF",
)
def test_bits_that_are_not_read_are_told(tmp_path):
    _, encoded = cv2.imencode(".avif", DEEP[..., :3] >> 6, [cv2.IMWRITE_AVIF_DEPTH, 10])
    (tmp_path / "photo.avif").write_bytes(encoded.tobytes())
    with pytest.warns(
        UserWarning, match=r"^photo has more than the 8 bits that are read"
    ):
        data = read("photo.avif")[0]
    assert (data.dtype, data.shape) == (np.uint8, (9, 7, 3))


@pytest.mark.parametrize("kind", ["BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP"])
def test_files_that_are_cut_off_are_refused(kind, tmp_path):
    whole = BytesIO()
    image = Image.fromarray(np.repeat(np.repeat(COLOR, 9, 0), 9, 1))
    image.save(whole, kind)
    (tmp_path / "cut").write_bytes(whole.getvalue()[: whole.tell() * 2 // 3])
    fail("cut")


def test_damaged_16_bits_are_refused_without_a_word_from_opencv(tmp_path, capfd):
    whole = bytearray(png(16, 2, [row.tobytes() for row in DEEP[..., :3]]))
    whole[len(whole) // 2] ^= 0xFF
    (tmp_path / "deep.png").write_bytes(whole)
    fail("deep.png")
    assert capfd.readouterr() == ("", "")


def test_frames_of_16_bits_are_refused(tmp_path):
    frames = [Image.fromarray(COLOR), Image.fromarray(COLOR[::-1])]
    frames[0].save("film.png", save_all=True, append_images=frames[1:])
    whole = bytearray((tmp_path / "film.png").read_bytes())
    whole[24] = 16
    whole[29:33] = struct.pack(">I", zlib.crc32(whole[12:29]))
    (tmp_path / "film.png").write_bytes(whole)
    assert "frames of 16 bits" in fail("film.png")


def test_large_pictures_are_opened_without_a_warning(monkeypatch):
    Image.fromarray(COLOR).save("large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
    assert_read("large.png", COLOR, rgb=True)
    assert Image.MAX_IMAGE_PIXELS == 1


def test_pictures_beyond_the_memory_are_refused(monkeypatch):
    Image.fromarray(COLOR).save("large.png")
    monkeypatch.setattr(
        "napari_kmeans.files.pictures.free_memory", lambda: 9 * 7 * 3 - 1
    )
    assert "it needs 189 bytes of memory, and 188 are free" in fail("large.png")
    check_room(188)
