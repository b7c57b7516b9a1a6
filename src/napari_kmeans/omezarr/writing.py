"""Writing: a result as an OME-Zarr folder, region by region."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.run import replacement
from ..core.run.lazy import is_distributed, is_lazy
from ..core.run.progress import follow
from ..core.validation import check_progress
from ..layers.metadata import METADATA
from . import pyramid
from .disk import Stored, in_threads
from .gate import Gate
from .layout import Layout, Piece
from .reading import RGB
from .space import Space

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from ..core.results.clusters import ImageClusters
    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..core.run.progress import Report

#: What of a result is written at once, in bytes, by each thread.
REGION_BYTES = 2**24


def replacing(path: Path, *, force: bool = False) -> AbstractContextManager[Path]:
    """Give a new folder for `fill`, that takes its place at the end.

    As `replacement.replacing`: an earlier result is replaced where `force` is True, and
    nothing else is.

    Raises
    ------
    ModuleNotFoundError
        Without zarr.
    """
    try:
        import zarr  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"output={path} needs zarr, which is missing: "
            'pip install "napari-kmeans[zarr]".'
        ) from error
    return replacement.replacing(path, _written, force=force)


def _written(folder: Path) -> str:
    """Return a regular expression of what a result holds; "" where there is none."""
    try:
        attributes = json.loads((folder / "zarr.json").read_bytes())["attributes"]
        if METADATA not in attributes:
            return ""
        (multiscale,) = attributes["ome"]["multiscales"]
        levels = "|".join(re.escape(item["path"]) for item in multiscale["datasets"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ""
    of_array = r"zarr\.json|c/(\d+/)*(\d+)?"
    of_image = rf"zarr\.json|({levels})/({of_array})?"
    of_labels = rf"labels/(zarr\.json|kmeans/({of_image})?)?"
    return rf"centers\.csv|palette\.json|{of_image}|{of_labels}"


def write(
    path: str | Path,
    result: QuantizedImage | QuantizedPlanes,
    attributes: dict[str, Any] | None = None,
    *,
    force: bool = False,
    progress: Report | None = None,
) -> None:
    """Write a result as an OME-Zarr.

    What is lazy is computed region by region: labels and quantized image of a region
    together, and every level of their pyramids from it. The folder appears when it is
    whole; where writing fails, or is stopped, all is as it was before.

    Parameters
    ----------
    path : str or Path
        The folder, which holds the quantized image with its pyramid, the labels below
        ``labels/kmeans``, the table of centers, ``centers.csv``, and the clusters as a
        palette, ``palette.json``, unless planes have their own.
    result : QuantizedImage or QuantizedPlanes
        Its labels and its quantized image may be dask arrays.
    attributes : dict, optional
        Of the layer that was quantized: ``name``, ``scale``, ``translate``, ``units``
        and ``axis_labels``, without the axis of channels.
    force : bool, default False
        Whether an OME-Zarr that is there already is replaced.
    progress : callable, optional
        Is told, at least each half second, the stage and the part of all that is done.
        What it raises, as a `Canceled`, stops the work and comes out.

    Raises
    ------
    ModuleNotFoundError
        Without zarr.
    ValueError
        As `replacement.replacing`; and for more than five axes, which NGFF does not
        have.
    OSError
        Where nothing can be written there.
    """
    with replacing(Path(path), force=force) as new:
        fill(new, result, attributes, progress=progress)


def fill(
    folder: Path,
    result: QuantizedImage | QuantizedPlanes,
    attributes: dict[str, Any] | None = None,
    *,
    progress: Report | None = None,
) -> None:
    """Write a result into a new folder, as `write` does.

    Once it is stopped, nothing changes there any more.
    """
    from ..core.results.planes import QuantizedPlanes

    check_progress(progress)
    whole = result.summary if isinstance(result, QuantizedPlanes) else result
    space = Space.of(whole, attributes or {})
    labels, quantized = whole.labels, whole.quantized
    sizes = getattr(labels, "chunks", None) or ((),) * labels.ndim
    n_bytes = labels.dtype.itemsize + quantized.nbytes // max(1, labels.size)
    n_pixels = REGION_BYTES // n_bytes
    chunk = pyramid.chunk_shape(labels.shape, sizes, n_pixels)
    regions = pyramid.regions(labels.shape, sizes, chunk, n_pixels)
    gate = Gate()
    stored = _create(folder, whole, space, chunk, gate)
    result.features.to_csv(folder / "centers.csv", index=False)
    if (palette := getattr(result, "palette", None)) is not None:
        palette.save(folder / "palette.json")
    cut = _Cut(space, stored["labels"].layout, stored["quantized"].layout)

    def write_region(region: pyramid.Slices) -> None:
        gate.check()
        there = space.insert_in_source(region, slice(None))
        pieces = cut.compute(labels[region], quantized[there], region)
        for role, on_disk in stored.items():
            on_disk.put(pieces[role])

    try:
        follow(lambda: in_threads(write_region, regions), progress)
    finally:
        gate.close()


@dataclass(frozen=True)
class _Cut:
    """Cuts what there is of a region into pieces, where it is computed."""

    space: Space
    labels: Layout
    quantized: Layout

    def __call__(
        self, labels: NDArray[Any], quantized: NDArray[Any], start: tuple[int, ...]
    ) -> dict[str, list[Piece]]:
        there, stored = self.space.insert(start, 0), self.space.stored(quantized)
        return {
            "labels": list(self.labels.pieces(start, labels)),
            "quantized": list(self.quantized.pieces(there, stored)),
        }

    def compute(
        self, labels: Any, quantized: Any, region: pyramid.Slices
    ) -> dict[str, list[Piece]]:
        """Cut a region; what is lazy is computed together, and what is shared once."""
        start = tuple(part.start for part in region)
        if not (is_lazy(labels) or is_lazy(quantized)):
            return self(labels, quantized, start)
        import dask.array as da

        axes = tuple(range(labels.ndim))
        lazy = da.blockwise(
            self,
            (),
            labels,
            axes,
            quantized,
            self.space.insert_in_source(axes, labels.ndim),
            start=start,
            concatenate=True,
            meta=np.empty((), object),
        )
        # Without a cluster, this thread is one of several that do so.
        scheduler = None if is_distributed() else "synchronous"
        pieces: dict[str, list[Piece]] = lazy.compute(scheduler=scheduler)
        return pieces


def _create(
    folder: Path,
    result: ImageClusters,
    space: Space,
    chunk: tuple[int, ...],
    gate: Gate,
) -> dict[str, Stored]:
    """Create the folder with all but the pixels and the table."""
    import zarr

    shape = result.labels.shape
    n_levels = pyramid.n_levels(shape)
    root = zarr.open_group(str(folder), mode="w", zarr_format=3)
    ome: dict[str, Any] = {
        "version": "0.5",
        "multiscales": [space.multiscale("quantized", n_levels)],
    }
    n_channels = 1
    if space.source_channel is not None:
        n_channels = result.quantized.shape[space.source_channel]
    if result.rgb:
        ome["omero"] = _omero(result.quantized.dtype, n_channels)
    root.attrs.update({"ome": ome, METADATA: plain(result.settings)})
    group = root.create_group("labels")
    group.attrs.update({"ome": {"version": "0.5", "labels": ["kmeans"]}})
    kmeans = group.create_group("kmeans")
    ome = {
        "version": "0.5",
        "multiscales": [space.multiscale("labels", n_levels)],
        "image-label": image_label(result),
    }
    kmeans.attrs.update({"ome": ome})
    # Colors are always shown together, other channels one by one.
    channels = n_channels if result.rgb else 1
    of_labels = Layout(shape, chunk, result.labels.dtype)
    of_quantized = Layout(
        space.insert(shape, n_channels),
        space.insert(chunk, channels),
        result.quantized.dtype,
        interleaved=space.channel if result.rgb else None,
    )
    names = [axis["name"] for axis in space.axes]
    return {
        "labels": Stored(kmeans, of_labels, names, gate),
        "quantized": Stored(root, of_quantized, space.insert(names, "c"), gate),
    }


def plain(settings: dict[str, Any]) -> Any:
    """Return settings as JSON has them."""

    def of_other(value: Any) -> Any:
        is_array = isinstance(value, (np.generic, np.ndarray))
        return value.tolist() if is_array else str(value)

    return json.loads(json.dumps(settings, default=of_other))


def _omero(dtype: np.dtype[Any], n_channels: int) -> dict[str, Any]:
    full = np.iinfo(dtype).max if dtype.kind in "iu" else 1
    window = {"min": 0, "max": int(full), "start": 0, "end": int(full)}
    named = zip(
        ("red", "green", "blue", "alpha")[:n_channels], [*RGB, "FFFFFF"], strict=False
    )
    channels = [
        {"label": label, "color": color, "active": True, "window": window}
        for label, color in named
    ]
    return {"channels": channels, "rdefs": {"model": "color"}}


def image_label(result: ImageClusters) -> dict[str, Any]:
    """Return the colors and the table of the clusters, as NGFF has them."""
    rgba = np.rint(result.colors * 255).astype(int).tolist()
    features = result.features.rename(columns={"index": "label-value"})
    return {
        "colors": [
            {"label-value": label, "rgba": [*color, 255]}
            for label, color in enumerate(rgba, start=1)
        ],
        "properties": json.loads(features.to_json(orient="records")),
        "source": {"image": "../../"},
    }
