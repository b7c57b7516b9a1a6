"""Which pictures of the window are older than the code.

Each picture that ``docs/pictures.py`` takes holds a digest of the sources that it was
taken of. Run as a script, as the build of the book does, this names the pictures of
other sources; a release has none.
"""

from hashlib import sha256
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

DOCS = Path(__file__).parent
PICTURES = DOCS / "images"

KEY = "sources"


def digest() -> str:
    """Return a digest of all that a picture of the window depends on."""
    package = DOCS.parent / "src" / "napari_kmeans"
    sources = sorted(
        path for path in package.rglob("*") if path.suffix in {".py", ".yaml"}
    )
    total = sha256()
    for path in (DOCS / "pictures.py", *sources):
        # The same on a system whose lines end otherwise.
        total.update(path.read_text(encoding="utf-8").encode())
    return total.hexdigest()[:16]


def stamp() -> dict[str, object]:
    """Return what to save a picture with, as PNG or GIF."""
    text = PngInfo()
    text.add_text(KEY, digest())
    return {"pnginfo": text, "comment": digest()}


def older() -> list[str]:
    """Return the names of the pictures that were taken of other sources."""
    today = digest()
    return [path.name for path in sorted(PICTURES.iterdir()) if _taken(path) != today]


def _taken(path: Path) -> str:
    with Image.open(path) as picture:
        info = picture.info
        return info.get(KEY) or info.get("comment", b"").decode()


if __name__ == "__main__":
    for name in older():
        print(f"docs/images/{name} is older than the code")
