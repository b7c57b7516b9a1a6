"""Many images, quantized with one palette or each with its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Unpack

import numpy as np

from ..core import validation
from ..core.fitting import fitted, settings_of
from ..core.options.keywords import BOUND, FIT, KEEP, READ, keywords, merged, split
from ..core.options.settings import Settings
from ..core.palettes.palette import Palette
from ..core.reading.streamed import StreamedSamples
from ..core.results.clusters import note_on, warn
from ..core.run.progress import follow, stage
from ..core.tabulation import Part, part_of
from .images import Images, Kind
from .pool import Pool
from .result import QuantizedMany, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.data.distance import Space
    from ..core.data.layout import Layout
    from ..core.options.keywords import SamplesOptions
    from ..core.reading.source import Source
    from ..core.run.progress import Report

    class ManyOptions(SamplesOptions, total=False):
        """What images are, and how they are clustered; see `quantize`."""

        no_data: float | None
        rgb: bool | None
        channel_axis: int | None
        channel_names: Sequence[str] | None
        color_space: str
        scaling: str | Sequence[float]


#: What an image is, but for what is of one image alone.
IMAGES = {name: READ[name] for name in READ if name not in ("mask", "weights")}  # type: ignore[literal-required]

#: The same, of images that a palette labels.
LABELED = {
    name: IMAGES[name] for name in IMAGES if name not in ("color_space", "scaling")
}


@keywords(IMAGES, FIT, BOUND, KEEP)
def quantize_many(
    images: Sequence[Any],
    k: int | None = None,
    *,
    common: bool = True,
    masks: Sequence[Any] | None = None,
    errors: Literal["raise", "skip"] = "raise",
    progress: Report | None = None,
    **options: Unpack[ManyOptions],
) -> QuantizedMany:
    """Quantize many images with the same clusters, or each with its own.

    For when what is label 3 in one image should be label 3 in all. Each is read when it
    is its turn, and given up again: a few are in memory at a time, one a thread (as
    many as there are processors, or dask's ``num_workers``), and of those before only
    counts. Where a client of dask.distributed is active, its workers read and count
    them, and should see the files.

    Parameters
    ----------
    images : sequence
        Of each image an array, of which `quantize` says what it may be, a path, or a
        function without arguments that returns an array. A file is read as by `read`,
        and what it says of its channels, alpha and no data counts, where no argument
        says otherwise. All are of one dtype and as many channels; they may differ in
        size.
    k : int, default 5
        Number of clusters, 1 to 65,535. With `like`, by default as many as it has.
    common : bool, default True
        One palette for all images: that of their pixels together, each of the same
        weight. False: each is clustered alone, and then matched to `like`, or to the
        first of them; not where some are `fixed`, which come first, as they are given.
    masks : sequence, optional
        Of each image None, an array of bool, False where a pixel is left out, a path,
        or a function that returns an array.
    errors : {"raise", "skip"}, default "raise"
        Whether an image that cannot be read, or is not as the others, ends it all, or
        is left out: `failed` then says why.
    no_data, rgb, channel_axis, channel_names, color_space, scaling
        As for `quantize`, of all images. What is not said, the first image decides.
    criteria, attempts, init, seed, max_samples, refine, fixed, reject, keep, like
        As for `quantize`. With a common palette, the clustering itself is like `like`.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    QuantizedMany
        A sequence with a `QuantizedImage` for each, made when asked for, and the
        `palette`, `palettes`, `names`, `failed` and ``table()`` of all.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described, before any work; where an image is not,
        once it is met, by its name.

    Warns
    -----
    UserWarning
        Where there are fewer distinct colors than `k`, or clusters of `like` found no
        partner.

    Notes
    -----
    A common palette is the same, to the bit, in whatever order the images are given,
    and on any number of threads or workers. Where colors can be counted (8-bit RGB; 8
    and 16-bit gray), each image is read once, and it is the palette of `quantize` of
    all pixels side by side, if these are more than 2,048. Other images are read again
    for each step.

    Examples
    --------
    >>> import numpy as np
    >>> images = [np.array([[1, 2, 9]], np.uint8), np.array([[8, 2]], np.uint8)]
    >>> many = quantize_many(images, k=2)
    >>> many.palette.centers.round(2).ravel().tolist(), many.palette.counts.tolist()
    ([1.67, 8.5], [3, 2])
    >>> many[1].labels.tolist()
    [[2, 1]]
    >>> own = quantize_many(images, k=2, common=False)
    >>> [palette.centers.ravel().tolist() for palette in own.palettes]
    [[1.5, 9.0], [2.0, 8.0]]
    """
    read, *other = split("quantize_many", options, IMAGES, FIT, BOUND, KEEP)
    search = merged(other)
    common = validation.check_flag("common", common)
    validation.check_progress(progress)
    Settings.of((), 0, k=k, **_early(search))
    given = Images.of(images, masks, read, None, errors)
    work = _common if common else _apart
    result, note = follow(lambda: work(given, k, search), progress)
    warn(note)
    return result


@keywords(LABELED)
def apply_many(
    images: Sequence[Any],
    palette: Palette,
    *,
    masks: Sequence[Any] | None = None,
    errors: Literal["raise", "skip"] = "raise",
    progress: Report | None = None,
    **options: Any,
) -> QuantizedMany:
    """Label and paint many images by a palette, each when it is asked for.

    For when the clusters are known: found on one image, mended, saved.

    Parameters
    ----------
    images, masks
        As for `quantize_many`; with the channels of the palette.
    palette : Palette
        The clusters, whatever they were found on.
    errors : {"raise", "skip"}, default "raise"
        By default nothing is read yet, and an image that cannot be read raises once it
        is asked for. With "skip" all are read, and counted, to leave those out:
        `failed` then says why.
    no_data, rgb, channel_axis, channel_names
        As for `quantize`, of all images. By default as the palette has it.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    QuantizedMany
        Each of its results is, to the bit, what `paint_samples` returns.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_kmeans import fit, read_samples
    >>> palette = fit(read_samples(np.array([[1, 2, 9]], np.uint8)), k=2)
    >>> many = apply_many([np.array([[8, 2]], np.uint8)], palette.rename(2, "sky"))
    >>> many.table()[["label", "name", "pixels"]].to_numpy().tolist()
    [[1, '', 1], [2, 'sky', 1]]
    """
    (read,) = split("apply_many", options, LABELED)
    if not isinstance(palette, Palette):
        raise validation.no_palette("palette", palette)
    validation.check_progress(progress)
    layout = palette.layout
    read.setdefault("no_data", layout.no_data)
    kind = Kind(layout, palette.space, "the palette", any_dtype=not layout.rgb)
    given = Images.of(images, masks, read, kind, errors)
    if not given.skip:
        return QuantizedMany(palette, (palette,) * len(given), {}, given)
    kept, rows, failed = follow(
        lambda: given.each(counted, [(palette,)] * len(given)), progress
    )
    kept.check_some(failed)
    palettes, known = (palette,) * len(kept), dict(enumerate(rows))
    return QuantizedMany(palette, palettes, failed, kept, known)


def _early(search: dict[str, Any]) -> dict[str, Any]:
    """Return what can be checked before it is known how many channels there are."""
    later = "keep", "init", "fixed"
    return {name: value for name, value in search.items() if name not in later}


def _common(
    images: Images, k: int | None, search: dict[str, Any]
) -> tuple[QuantizedMany, str]:
    """Quantize images with one palette; return also what is to be warned of."""
    images, (layout, space), failed = images.told(_kind)
    pool = Pool(images, layout)
    samples = StreamedSamples(pool, layout, space)
    settings = settings_of(samples, k, search)
    palette = fitted(samples, settings)[1]
    images, failed = pool.images, failed | pool.failed
    result = QuantizedMany(palette, (palette,) * len(images), failed, images)
    return result, note_on(settings.k, palette)


def _kind(source: Source) -> tuple[Layout, Space]:
    return source.layout, source.space


def _apart(
    images: Images, k: int | None, search: dict[str, Any]
) -> tuple[QuantizedMany, str]:
    """Quantize each image, and match it to what it is to be like, or to the first."""
    with stage("First image", 0, 1 / len(images)):
        images, first, failed = images.told(_own, k, search)
    if search.get("like") is None and not np.any(search.get("fixed")):
        search = search | {"like": first.palette}  # fixed ones have their numbers
    given = [(k, search)] * (len(images) - 1)
    with stage("Clustering images", 1 / len(images)):
        rest = images.among(range(1, len(images)))
        rest, others, lost = rest.each(_own, given) if given else (rest, [], {})
    kept = replace(images, items=(*images.items[:1], *rest.items), skip=False)
    all_ = [first, *others]
    pairs = zip(kept.items, all_, strict=True)
    notes = [f"{item.title}: {own.note}" for item, own in pairs if own.note]
    more = f" And so on: {len(notes) - 1} more." if len(notes) > 1 else ""
    result = QuantizedMany(
        None,
        tuple(own.palette for own in all_),
        failed | lost,
        kept,
        {place: own.rows for place, own in enumerate(all_)},
    )
    return result, notes[0] + more if notes else ""


class _Own(NamedTuple):
    """What was found of an image on its own."""

    palette: Palette
    rows: Part
    note: str


def _own(source: Source, k: int | None, search: dict[str, Any]) -> _Own:
    """Cluster an image on its own."""
    samples = source.read()
    settings = settings_of(samples, k, search)
    fit, palette = fitted(samples, settings)
    note = note_on(settings.k, palette)
    return _Own(palette, part_of(palette, fit.excluded), note)
