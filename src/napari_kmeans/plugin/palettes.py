"""Palettes: those of clusters, saved, opened, and put on other images."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from psygnal import Signal

from ..core.run.progress import stage
from ..palettes import palette_of
from .job import Outcome, Question, done
from .opened import Opened
from .settings import DockSettings
from .sources import changed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from napari.layers import Image, Layer

    from ..batch.folder import Done
    from ..core.palettes.palette import Palette
    from .bench import Shown
    from .job import Job
    from .model import KMeansModel

    #: One layer, or several that are the channels of one image.
    Target: TypeAlias = Image | Sequence[Image]
    #: What there can be a palette of.
    Source: TypeAlias = Palette | Layer | str | os.PathLike[str]
    Sentences: TypeAlias = tuple[str, ...]

#: Of several messages, how many are told.
TOLD = 5


class Named(NamedTuple):
    """A palette to be put on images.

    Attributes
    ----------
    opened : Opened
    name : str
        What the step is called.
    """

    opened: Opened
    name: str

    @classmethod
    def of(cls, palette: Source) -> Named:
        """Return a palette, or that of a file or a layer.

        Raises
        ------
        TypeError, ValueError, OSError
            Where there is none, or the file is not as it should be.
        """
        from ..core.palettes.palette import Palette

        if isinstance(palette, Palette):
            return cls(Opened(palette), f"Palette of {palette.k}")
        if not isinstance(palette, (str, os.PathLike)):
            found = palette_of(palette.metadata)
            if found is None:
                raise ValueError(f"layer={palette.name!r} should hold a palette.")
            return cls(Opened(found), f"Palette of {palette.name}")
        opened = Opened(Palette.load(palette), os.path.abspath(palette))
        return cls(opened, f"Palette {Path(palette).name}")


class Palettes:
    """What palettes of clusters are saved as, and put on; knows no Qt.

    Parameters
    ----------
    model : KMeansModel

    Attributes
    ----------
    wrote : psygnal.Signal
        Emitted with a word on what was written, or copied.

    Examples
    --------
    >>> import numpy as np
    >>> from napari.components import ViewerModel
    >>> from napari_kmeans.plugin.clusters import Clusters
    >>> from napari_kmeans.plugin.model import KMeansModel
    >>> viewer = ViewerModel()
    >>> tiny = viewer.add_image(np.array([[1, 2], [8, 9]], np.uint8), name="tiny")
    >>> other = viewer.add_image(np.array([[7, 0]], np.uint8), name="other")
    >>> viewer.layers.selection.active = tiny
    >>> model = KMeansModel(viewer)
    >>> model.change(k=2)
    >>> model.run()
    >>> Clusters(model).apply_to([other])
    >>> viewer.layers["other labels"].data.tolist()
    [[2, 1]]
    """

    wrote = Signal(str)

    def __init__(self, model: KMeansModel) -> None:
        self.model = model

    @property
    def shown(self) -> Shown | None:
        """What layers show of the sources; None before the first run."""
        return self.model.bench.shown

    @property
    def palette(self) -> Palette | None:
        """The palette of the clusters; None where they have none that can be edited.

        Those of planes, each clustered on its own, and of points have none.
        """
        return self.model.palette if self.shown else None

    @property
    def _palette(self) -> Palette:
        """The palette; an error where there is none."""
        if self.palette is None:
            raise ValueError("There should be clusters that have a palette: run first.")
        return self.palette

    @property
    def own(self) -> Named:
        """The palette of the clusters, to be put on others."""
        names = ", ".join(source.name for source in self.model.sources)
        palette, step = self._palette, self.model.step
        if step is not None and isinstance(step.made[-1], Opened):
            palette = step.made[-1].palette  # such as colors that are of no dtype
        return Named(Opened(palette), f"Palette of {names}")

    # -- files ---------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the palette to a file, as `Palette.save` does: its suffix says how."""
        self._palette.save(path)
        self.wrote.emit(f"Saved {Path(path).name}.")

    def open(self, palette: Source) -> None:
        """Put a palette on the image that is chosen, as a step of its history.

        Colors that are of no image, as those of a chart, are taken as they look: in an
        image of another dtype, too.

        Parameters
        ----------
        palette : Palette, napari.layers.Layer, str or path-like
            Also that of labels of a result, of a strip of colors that napari has
            opened, and of a file as `Palette.load` takes it.

        Raises
        ------
        TypeError, ValueError, OSError
            Where it is no palette, or cannot be read.
        """
        self.put(Named.of(palette))

    def put(self, named: Named) -> None:
        """Put a palette on the image that is chosen, as a step."""
        self.model.do(partial(self.model.opened, *named))

    def differences(
        self,
        palette: Source | None = None,
        layers: Sequence[Target] | None = None,
    ) -> Sentences:
        """Return what of images is not as of that which a palette was made of.

        Parameters
        ----------
        palette : Palette, napari.layers.Layer, str or path-like, optional
            By default that of the clusters.
        layers : sequence of napari.layers.Image, optional
            Several layers in a list are the channels of one image. By default the image
            that is chosen.

        Raises
        ------
        TypeError, ValueError, OSError
            Where one does not have the channels, or there is no such palette.
        """
        named = self.own if palette is None else Named.of(palette)
        return self._differing(named.opened.palette, self._targets(layers))()

    def compare(
        self, named: Named, layers: Sequence[Target] | None, then: Callable[..., None]
    ) -> None:
        """Find out `differences` as the model's jobs are done; then hand them on."""
        palette = named.opened.palette
        self._ask(
            lambda: self._differing(palette, self._targets(layers)), "palette", then
        )

    def why_not(self, target: Target) -> str:
        """Return why the palette cannot be put on an image; empty where it can."""
        try:
            self.model.read_by(
                self.own.opened.palette, _several(target), DockSettings()
            )
        except ValueError as error:
            return str(error)
        return ""

    def _targets(self, layers: Sequence[Target] | None) -> list[list[Image]]:
        if layers is None:
            return [self.model.choice.offers.images]
        return [_several(layer) for layer in layers]

    def _differing(
        self, palette: Palette, targets: Sequence[list[Image]]
    ) -> Callable[[], Sentences]:
        """Return what finds out what differs, in whatever thread."""
        from ..core.palettes.placing import renamed

        read = [(self._read(palette, images), images) for images in targets]

        def find() -> Sentences:
            told = []
            for (reading, placed), images in read:
                found = placed.differences(reading.image())
                names = renamed(palette, reading.layout)
                name = ", ".join(image.name for image in images)
                told += [f"{name}: {line}" for line in (*found, names) if line]
            return tuple(told)

        return find

    def _read(self, palette: Palette, images: list[Image]) -> Any:
        own = images == self.model.sources
        settings = self.model.settings if own else DockSettings()
        return self.model.read_by(palette, images, settings)

    # -- other images --------------------------------------------------------------

    def apply_to(self, layers: Sequence[Target]) -> None:
        """Put the palette on other images: labels and quantized images are added.

        As a run of each would; that of each has a step more in its history.

        Parameters
        ----------
        layers : sequence of napari.layers.Image
            Several layers in a list are the channels of one image.
        """
        own, targets = self.own, self._targets(layers)
        if not targets:
            raise ValueError("layers=[] should have at least one Image layer.")

        def make() -> Job:
            jobs = [self.model.opened(*own, images) for images in targets]
            question = Question(lambda *_: _done(jobs), self._put, reads=False)
            return self.model.apart(question, f"palette on {_n(len(jobs), 'layer')}")

        self.model.do(make)

    def _put(self, found: list[tuple[Job, Outcome]], _job: Job) -> Iterator[None]:
        """Show what images have become, in steps."""
        from napari.utils.notifications import show_warning

        failed = []
        for job, outcome in found:
            name = ", ".join(source.name for source in job.sources)
            why = changed(self.model.viewer.layers, job.sources, job.data)
            if why or outcome.error is not None:
                failed.append(f"{name}: {outcome.error or why}")
            else:
                yield from self.model.put(job, outcome)
        if failed:
            n = _n(len(found), "layer")
            show_warning(f"{len(failed)} of {n} were left out: {_listed(failed)}")

    def apply_to_folder(
        self,
        folder: str | os.PathLike[str],
        output: str | os.PathLike[str],
        *,
        force: bool = False,
    ) -> None:
        """Put the palette on the images of a folder, and write what they become.

        As ``napari-kmeans batch`` does: of each image a folder with labels, quantized
        image, centers and palette, and one ``table.csv`` and ``palette.json`` of all.
        What cannot be read is told at the end.

        Parameters
        ----------
        folder : str or path-like
        output : str or path-like
            Made where it is not there.
        force : bool, default False
            Whether earlier results there are replaced.
        """
        from ..batch.folder import Folder

        palette = self.own.opened.palette
        images = Folder.of(folder, output)
        images.check(force=force)

        def then(done: Done, _job: Job) -> None:
            self.wrote.emit(_tell_of(done, images.output))

        question = Question(
            lambda *_: images.apply(palette, force=force), then, reads=False
        )
        title = f"palette on {_n(len(images.results), 'file')}"
        self.model.do(partial(self.model.apart, question, title))

    def compare_folder(
        self,
        folder: str | os.PathLike[str],
        output: str | os.PathLike[str],
        then: Callable[..., None],
    ) -> None:
        """Find out what of the first image of a folder differs, and what is there."""
        from ..batch.folder import Folder

        palette = self.own.opened.palette
        images = Folder.of(folder, output)
        images.check(force=True)

        def find() -> Sentences:
            told, there = images.first(palette), len(images.there)
            if there:
                said = _n(there, "earlier result")
                told = (*told, f"{images.output}: {said} would be replaced.")
            return told

        self._ask(lambda: find, "palette", then)

    def _ask(
        self,
        make: Callable[[], Callable[[], Any]],
        title: str,
        then: Callable[..., None],
    ) -> None:
        """Find something out as jobs are done, and hand it on."""

        def job() -> Job:
            find = make()
            question = Question(
                lambda *_: find(), lambda found, _job: then(found), reads=False
            )
            return self.model.apart(question, title)

        self.model.do(job)


def _several(target: Target) -> list[Image]:
    """Return the layers that are the channels of an image, or the one."""
    if isinstance(target, (list, tuple)):
        return [*target]
    return [cast("Image", target)]


def _done(jobs: list[Job]) -> list[tuple[Job, Outcome]]:
    """Do jobs one after another; what goes wrong with one is no matter of others."""
    found = []
    for at, job in enumerate(jobs):
        with stage(job.sources[0].name, at / len(jobs), (at + 1) / len(jobs)):
            try:
                outcome = done(job)
            except (TypeError, ValueError, OSError, MemoryError) as error:
                outcome = Outcome(None, error)
        # Of many images, what was read is not held.
        found.append((replace(job, kept=None), outcome._replace(kept=None)))
    return found


def _tell_of(done: Done, output: Path) -> str:
    """Tell what has become of the images of a folder; return that in short."""
    from napari.utils.notifications import show_info, show_warning

    from ..batch.folder import MODEL, TABLE

    n = done.n - len(done.failed)
    said = _n(n, "image") if n == done.n else f"{n:,} of {_n(done.n, 'image')}"
    # Of the first line, a notification that is not opened shows some words.
    said += " written."
    if done.failed:
        names = [Path(file).name for file in done.failed]
        more = [f"and {len(names) - TOLD} more"] if len(names) > TOLD else []
        said += f"\nNot read: {', '.join([*names[:TOLD], *more])}."
    where = [f"To {output}, with {TABLE} and {MODEL}."] if n else []
    lines = [said, *where]
    lines += [_listed([_of_file(*each) for each in done.failed.items()])]
    if done.differing:
        differing = _listed([_of_file(*each) for each in done.differing.items()])
        of = f"{len(done.differing)} of {_n(done.n, 'image')}"
        lines.append(f"{of} differ from what the palette is of: {differing}")
    show = show_warning if done.failed or done.differing else show_info
    show("\n".join(line for line in lines if line))
    return "\n".join([said, *where])


def _of_file(file: str, why: str) -> str:
    """Return what is said of a file, which is named once, without its folder."""
    name = Path(file).name
    said = why.replace(file, name)
    return said if name in said else f"{name}: {said}"


def _n(n: int, what: str) -> str:
    return f"1 {what}" if n == 1 else f"{n:,} {what}s"


def _listed(lines: list[str]) -> str:
    """Return some of several lines, and how many more there are."""
    more = [f"and {len(lines) - TOLD} more"] if len(lines) > TOLD else []
    return "\n".join([*lines[:TOLD], *more])
