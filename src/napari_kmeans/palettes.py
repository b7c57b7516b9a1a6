"""Palettes: as napari opens them, a strip of their colors, and saves them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .layers.metadata import METADATA

if TYPE_CHECKING:
    from collections.abc import Callable

    from .core.palettes.palette import Palette
    from .layers.metadata import LayerData

#: How the files of palettes end that napari opens: others' JSON and tables do not.
SUFFIXES = (".kmeans.json", ".gpl", ".ase", ".aco", ".act", ".hex", ".pal")

#: How pictures end whose entries are the labels.
PICTURES = (".png", ".gif")

#: The most labels of a picture whose entries they are, beside 0.
MOST = 255


def napari_get_reader(
    path: str | list[str],
) -> Callable[[str], list[LayerData]] | None:
    """Return what opens a palette; None where it is none."""
    if isinstance(path, list) or not path.lower().endswith(SUFFIXES):
        return None
    return read


def read(path: str) -> list[LayerData]:
    """Return the colors of a palette as an image: squares, in the order of labels.

    The palette is in the metadata of the layer, for scripts, and for **Palette > Of
    layer** in the window.

    Parameters
    ----------
    path : str

    Raises
    ------
    ValueError, OSError
        Where it is no palette, or cannot be read.
    """
    import numpy as np

    from .core.palettes.palette import Palette
    from .core.swatches.strip import squares

    palette = Palette.load(path)
    colors = np.rint(np.clip(palette.colors, 0, 1) * 255).astype(np.uint8)
    name = Path(path).name.partition(".")[0]
    record = {"palette": palette, "k": palette.k}
    attributes = {"name": name, "rgb": True, "metadata": {METADATA: record}}
    return [(squares(colors), attributes, "image")]


def palette_of(metadata: dict[str, Any]) -> Palette | None:
    """Return the palette in the metadata of a layer; None where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_kmeans import quantize, to_layers
    >>> q = quantize(np.array([[1, 2, 9]], np.uint8), k=2)
    >>> _, (_, labels, _), _ = to_layers(q, "tiny")
    >>> palette_of(labels["metadata"]) == q.palette
    True
    """
    palette: Palette | None = metadata.get(METADATA, {}).get("palette")
    return palette


def write(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Save labels: as an indexed picture, or the palette of those of a result.

    Parameters
    ----------
    path : str
        Ends in ``.png`` or ``.gif``: the labels, of any layer, in their colors. Or as
        for `Palette.save`: their palette.
    data : array, or list of arrays
    attributes : dict
        Of the layer.

    Returns
    -------
    list of str
        The file.

    Raises
    ------
    RuntimeError, OSError
        Where a palette is asked of a layer of no result, or the file cannot be written,
        or not hold it.
    """
    try:
        if Path(path).suffix.lower() in PICTURES:
            several = isinstance(data, (list, tuple)) or attributes.get("multiscale")
            _write_picture(path, data[0] if several else data, attributes)
        else:
            _write_palette(path, attributes)
    except ValueError as error:  # of which napari would only say that nothing can write
        raise RuntimeError(str(error)) from error
    return [path]


def _write_palette(path: str, attributes: dict[str, Any]) -> None:
    palette = palette_of(attributes.get("metadata", {}))
    if palette is None:
        name = attributes.get("name", "")
        raise ValueError(
            f"layer={name!r} should be the labels of a result of k-means, to be saved "
            f"as {Path(path).suffix}."
        )
    palette.save(path)


def _write_picture(path: str, labels: Any, attributes: dict[str, Any]) -> None:
    import numpy as np

    from .files import write_indexed

    palette = palette_of(attributes.get("metadata", {}))
    if palette is None:
        labels = np.asarray(labels)  # of dask, computed once
        palette = _shown(labels, attributes)
    write_indexed(path, labels, palette)


def _shown(labels: Any, attributes: dict[str, Any]) -> Palette:
    """Return the colors in which a layer shows labels, as a palette."""
    import numpy as np

    from .core.palettes.palette import Palette

    least, most = int(labels.min(initial=0)), int(labels.max(initial=0))
    if least < 0 or most > MOST:
        wrong = least if least < 0 else most
        name = attributes.get("name", "")
        raise ValueError(
            f"layer={name!r} should have labels from 0 to {MOST}, "
            f"to be saved as an indexed picture, but one is {wrong}."
        )
    colors = attributes["colormap"].map(np.arange(1, max(most, 1) + 1))
    return Palette.of_colors(colors[:, :3].astype(np.float64))
