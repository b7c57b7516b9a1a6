"""Labels: they go into the image that they are of, as NGFF has it.

They appear at once, when all is there: a group that the image's list of labels does not
name is none to those who read it, and the list is replaced last.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.run import replacement
from ..core.run.lazy import is_distributed, is_lazy
from ..core.run.progress import follow
from ..core.run.systems import DEVICES
from ..core.validation import check_progress
from ..layers.metadata import METADATA
from . import pyramid
from .disk import Stored, in_threads
from .gate import Gate
from .layout import Layout
from .reading import MALFORMED
from .writing import REGION_BYTES, image_label, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..core.run.progress import Report

#: The version of NGFF by that of Zarr.
VERSIONS = {2: "0.4", 3: "0.5"}

#: What a name of labels may be: a folder everywhere, and nothing of Zarr's own.
NAME = rf"(?!__|zarr\.json$|{DEVICES})\w[\w .+-]*(?<![ .])"

#: What keeps the metadata of all groups in one place, and would not know of new ones.
CONSOLIDATED = "consolidated_metadata"


@dataclass(frozen=True)
class Labeling:
    """A new group for labels of an image.

    Attributes
    ----------
    folder : Path
        The group, which takes its place when it is whole.
    image : Described
        What they are labels of.
    name : str
        Theirs.
    """

    folder: Path
    image: Described
    name: str

    def fill(
        self,
        result: QuantizedImage | QuantizedPlanes,
        *,
        progress: Report | None = None,
    ) -> None:
        """Write the labels of a result, with all levels that the image has."""
        import zarr

        from ..core.results.planes import QuantizedPlanes

        check_progress(progress)
        whole = result.summary if isinstance(result, QuantizedPlanes) else result
        labels = whole.labels
        self.image.check(labels.shape)
        sizes = getattr(labels, "chunks", None) or ((),) * labels.ndim
        n_pixels = REGION_BYTES // labels.dtype.itemsize
        chunk = pyramid.chunk_shape(labels.shape, sizes, n_pixels)
        layout = Layout(labels.shape, chunk, labels.dtype, places=self.image.places)
        zarr_format, gate = self.image.zarr_format, Gate()
        where: Any = {"mode": "w", "zarr_format": zarr_format}
        group = zarr.open_group(str(self.folder), **where)
        group.attrs.update(self._attributes(image_label(whole), whole.settings))
        names, paths = self.image.axis_names, self.image.paths
        stored = Stored(group, layout, names, gate, paths)

        def write_region(region: pyramid.Slices) -> None:
            gate.check()
            block: Any = labels[region]
            if is_lazy(block):
                scheduler = None if is_distributed() else "synchronous"
                block = block.compute(scheduler=scheduler)
            start = [part.start for part in region]
            stored.put(layout.pieces(start, np.asarray(block)))

        regions = pyramid.regions(labels.shape, sizes, chunk, n_pixels)
        try:
            follow(lambda: in_threads(write_region, regions), progress)
        finally:
            gate.close()

    def _attributes(
        self, label: dict[str, Any], settings: dict[str, Any]
    ) -> dict[str, Any]:
        version = VERSIONS[self.image.zarr_format]
        multiscale = {**self.image.multiscale, "name": self.name}
        label = {"version": version, **label}
        record = {METADATA: plain(settings)}
        if version == "0.4":
            multiscale["version"] = version
            return {"multiscales": [multiscale], "image-label": label, **record}
        ome = {"version": version, "multiscales": [multiscale], "image-label": label}
        return {"ome": ome, **record}


@dataclass(frozen=True)
class Described:
    """What an image says of its levels, for labels of it: without channels.

    Attributes
    ----------
    path : Path
    zarr_format : int
    multiscale : dict
        For the labels.
    shape : tuple of int
        Of the first level.
    places : list of lists of arrays of int64
        Which pixels of the first level each level has, along each axis.
    """

    path: Path
    zarr_format: int
    multiscale: dict[str, Any]
    shape: tuple[int, ...]
    places: list[list[NDArray[np.int64]]]

    @property
    def axis_names(self) -> list[str]:
        """The names of the axes."""
        return [axis["name"] for axis in self.multiscale["axes"]]

    @property
    def paths(self) -> list[str]:
        """The paths of the levels."""
        return [item["path"] for item in self.multiscale["datasets"]]

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise where labels are not of the image's shape."""
        if shape != self.shape:
            raise ValueError(
                f"labels of shape {shape} should have the shape of {self.path} without "
                f"its channels, {self.shape}."
            )


@contextmanager
def labeling(
    path: str | Path, name: str = "kmeans", *, force: bool = False
) -> Iterator[Labeling]:
    """Give what fills a group of labels that an image gets at the end.

    The labels become ``labels/<name>`` of the image, in the version of NGFF that it
    has, 0.4 or 0.5, with its levels and their transformations. Where the work in
    between fails or is interrupted, the image is as it was before; but for the list of
    its labels it always is.

    Parameters
    ----------
    path : str or Path
        An OME-Zarr image, in a folder.
    name : str, default "kmeans"
        What the labels are called.
    force : bool, default False
        Whether labels of that name, by whomever, are replaced. Others stay.

    Yields
    ------
    Labeling

    Raises
    ------
    ModuleNotFoundError
        Without zarr.
    ValueError
        Where the image is no folder of that kind that can be written to; where the name
        cannot be one, or is taken; before any work.
    OSError
        Where nothing can be written there.

    References
    ----------
    J. Moore et al., "OME-NGFF: a next-generation file format" (2021), and the
    specification of OME-Zarr, 0.4 and 0.5, section "labels" metadata.

    Examples
    --------
    >>> import tempfile
    >>> from napari_kmeans import omezarr, quantize
    >>> q = quantize(np.arange(64, dtype=np.uint8).reshape(8, 8), k=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     omezarr.write(f"{folder}/in.zarr", q)
    ...     with labeling(f"{folder}/in.zarr", "again") as labels:
    ...         labels.fill(q)
    ...     [layer[1]["name"] for layer in omezarr.read(f"{folder}/in.zarr")]
    ['image quantized', 'image labels', 'again']
    """
    if not re.fullmatch(NAME, name):
        raise ValueError(
            f"label={name!r} should be the name of a folder: letters, digits, spaces "
            "and . + - _."
        )
    image = _described(path)
    folder = image.path / "labels"
    listed = _List(folder, image.zarr_format)
    known = listed.read()[1]  # what is malformed is told before any work
    is_new = name not in known
    alike = [one for one in known if str(one).casefold() == name.casefold()]
    if is_new and alike:  # to Windows and macOS that is the same folder
        raise ValueError(
            f"label={name!r} should differ from {alike[0]!r} by more than capitals."
        )
    place = folder / name
    left_over = is_new and METADATA in _attributes_of(place)  # by one that was killed
    with replacement.replacing(place, _written, force=force or left_over) as new:
        yield Labeling(new, image, name)
    try:
        listed.add(name)
    except BaseException:
        if is_new:
            shutil.rmtree(place, ignore_errors=True)
            with suppress(OSError):  # it holds others
                folder.rmdir()
        raise


def _described(path: str | Path) -> Described:
    """Return what there is to know of an image, checked."""
    if "://" in str(path):
        raise ValueError(f"file={path} should be a folder for labels to go into.")
    try:
        import zarr
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'{path} needs zarr, which is missing: pip install "napari-kmeans[zarr]".'
        ) from error
    folder = Path(path)
    try:
        group = zarr.open_group(str(folder), mode="r", use_consolidated=False)
        attributes: dict[str, Any] = dict(group.attrs)
        zarr_format = group.metadata.zarr_format
        multiscale = attributes.get("ome", attributes)["multiscales"][0]
    except Exception as error:  # a store may raise anything
        raise ValueError(
            f"file={path} should be an OME-Zarr image, in a folder, for labels to go "
            "into."
        ) from error
    version = attributes.get("ome", multiscale).get("version", VERSIONS[zarr_format])
    if version != VERSIONS[zarr_format]:
        raise ValueError(
            f"file={path} should be of version 0.4 or 0.5 for labels to go into, but "
            f"is of {version}."
        )
    if _is_consolidated(folder):
        raise ValueError(
            f"file={path} should not have consolidated metadata for labels to go into, "
            "as those would not know of them."
        )
    for place in (folder, folder / "labels"):
        if place.exists() and not os.access(place, os.W_OK):
            raise ValueError(
                f"file={path} should be a folder that can be written to, as labels go "
                "into it."
            )
    try:
        return _without_channels(folder, group, multiscale)
    except (*MALFORMED, ValueError) as error:
        raise ValueError(
            f"file={path} should have axes, and levels with a scale each, for labels "
            "to go into."
        ) from error


def _is_consolidated(folder: Path) -> bool:
    if (folder / ".zmetadata").exists():
        return True
    metadata = folder / "zarr.json"
    return metadata.exists() and bool(
        json.loads(metadata.read_bytes()).get(CONSOLIDATED)
    )


def _without_channels(
    folder: Path, group: Any, multiscale: dict[str, Any]
) -> Described:
    axes = multiscale["axes"]
    kept = [
        i
        for i, axis in enumerate(axes)
        if axis.get("type") != "channel" and axis["name"] != "c"
    ]
    own: dict[str, Any] = {"axes": [axes[i] for i in kept], "datasets": []}
    shapes = []
    for item in multiscale["datasets"]:
        steps = _steps(item["coordinateTransformations"], kept)
        path = str(item["path"])
        own["datasets"].append({"path": path, "coordinateTransformations": steps})
        shapes.append(tuple(group[path].shape[i] for i in kept))
    if "coordinateTransformations" in multiscale:
        steps = _steps(multiscale["coordinateTransformations"], kept)
        own["coordinateTransformations"] = steps
    levels = [_transform(item["coordinateTransformations"]) for item in own["datasets"]]
    places = [
        _places(shape, *level, shapes[0], *levels[0])
        for shape, level in zip(shapes, levels, strict=True)
    ]
    return Described(folder, group.metadata.zarr_format, own, shapes[0], places)


def _steps(steps: list[dict[str, Any]], kept: list[int]) -> list[dict[str, Any]]:
    """Return transformations, of some axes only."""
    return [
        {"type": step["type"], step["type"]: [step[step["type"]][i] for i in kept]}
        for step in steps
    ]


def _transform(
    steps: list[dict[str, Any]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scale and the translation of a level."""
    found = {step["type"]: np.array(step[step["type"]], float) for step in steps}
    scale = found["scale"]
    if not (scale > 0).all():
        raise ValueError(f"scale {scale} is not above 0")
    return scale, found.get("translation", np.zeros(len(scale)))


def _places(
    shape: tuple[int, ...],
    scale: NDArray[np.float64],
    translation: NDArray[np.float64],
    first: tuple[int, ...],
    of_first: NDArray[np.float64],
    translated: NDArray[np.float64],
) -> list[NDArray[np.int64]]:
    """Return which pixels of the first level are nearest to those of one.

    Where two are, it is the former.
    """
    found = []
    for axis, n in enumerate(shape):
        where = np.arange(n) * scale[axis] + translation[axis] - translated[axis]
        # What division makes of a half should not depend on the last bit.
        at = np.ceil(np.round(where / of_first[axis], 6) - 0.5)
        found.append(np.clip(at, 0, first[axis] - 1).astype(np.int64))
    return found


def _written(folder: Path) -> str:
    """Return a regular expression of what labels hold; "" where there are none."""
    own, of_array = r"zarr\.json", r"zarr\.json|c/(\d+/)*(\d+)?"
    if not (folder / "zarr.json").exists():
        own, of_array = r"\.z(attrs|group)", r"\.z(attrs|array)|[\d.]+|(\d+/)+\d*"
    attributes = _attributes_of(folder)
    try:
        ome = attributes.get("ome", attributes)
        if "image-label" not in ome:
            return ""
        levels = [item["path"] for item in ome["multiscales"][0]["datasets"]]
        above = {str(path) for level in levels for path in Path(level).parents}
    except (LookupError, TypeError, AttributeError):
        return ""
    paths, groups = ("|".join(map(re.escape, some)) for some in (levels, above))
    return rf"(({groups})/)?({own})?|({paths})/({of_array})?"


def _attributes_of(folder: Path) -> dict[str, Any]:
    """Return the attributes of a group, of Zarr 3 or 2; none where it has none."""
    file = folder / "zarr.json"
    try:
        if file.exists():
            return dict(json.loads(file.read_bytes())["attributes"])
        return dict(json.loads((folder / ".zattrs").read_bytes()))
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}


class _List:
    """The list of an image's labels, in the group of them all.

    Parameters
    ----------
    folder : Path
        The group, which need not be there.
    zarr_format : int
    """

    def __init__(self, folder: Path, zarr_format: int) -> None:
        self.folder, self.zarr_format = folder, zarr_format
        self.file = folder / ("zarr.json" if zarr_format == 3 else ".zattrs")

    def read(self) -> tuple[dict[str, Any], list[str]]:
        """Return what the file holds, and the list in it."""
        try:
            found = json.loads(self.file.read_bytes())
            if self.zarr_format == 3:
                ome = found.setdefault("attributes", {}).setdefault("ome", {})
                ome.setdefault("version", VERSIONS[3])
            else:
                ome = found
            listed = ome.setdefault("labels", [])
            if not isinstance(listed, list):
                raise TypeError
        except FileNotFoundError:
            listed = []
            found = {"labels": listed}
            if self.zarr_format == 3:
                ome = {"version": VERSIONS[3], "labels": listed}
                found = {"zarr_format": 3, "node_type": "group"}
                found["attributes"] = {"ome": ome}
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(
                f"{self.file} should have a list of labels, but is malformed."
            ) from error
        return found, listed

    def add(self, name: str) -> None:
        """Add labels that are there."""
        found, listed = self.read()
        if name in listed:
            return
        listed.append(name)
        if self.zarr_format == 2:
            group = self.folder / ".zgroup"
            if not group.exists():
                group.write_text('{"zarr_format": 2}')
        with replacement.replacing_file(self.file) as new:
            new.write_text(json.dumps(found, indent=2))
