"""Many: the images of a batch, each written to a folder, and the table of all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..batch import listing
from ..batch.painting import differences, painted
from . import groups, options, record, sentences
from .each import each
from .folders import check_folder, write_result
from .model import MODEL, loaded
from .output import check_apart, check_file, write_table
from .source import quantized, read

if TYPE_CHECKING:
    from ..core.palettes.palette import Palette
    from ..core.run.progress import Report
    from ..layers.metadata import LayerData
    from .output import Result

#: Clusters of each image, where nothing says how many.
K = 5

#: What the table is called, in the folder of a batch.
TABLE = "table.csv"


@dataclass(frozen=True)
class Way:
    """How images get their clusters.

    Attributes
    ----------
    k : int or None
        None where a model has them.
    model : Path or None
    common : bool
        Whether one palette is that of all images; else each has its own, in the order
        of the first's.
    asked : dict
        How they are clustered.
    opening : groups.Opening
    """

    k: int | None
    model: Path | None
    common: bool
    asked: dict[str, Any]
    opening: groups.Opening

    @classmethod
    def of(
        cls,
        k: int | None,
        model: Path | None,
        common: bool,
        asked: dict[str, Any],
        opening: groups.Opening,
    ) -> Way:
        """Check what goes together."""
        if model is None:
            from ..core.options.keywords import FIT
            from ..core.options.settings import Settings

            fitting = {name: asked[name] for name in FIT if name != "init"}
            number = K if k is None else k
            Settings.of((), 1, k=number, **fitting)  # checks them
            return cls(number, None, common, asked, opening)
        if k is not None or common:
            given = "-k" if k is not None else "--common"
            raise ValueError(f"model={model} should not go with {given}.")
        none: Any = groups.keywords(groups.Measuring(), groups.Search())
        none |= groups.bound(groups.Bounds())
        idle = [name for name in asked if asked[name] != none[name]]
        if idle:
            raise ValueError(f"model={model} should not go with {', '.join(idle)}.")
        return cls(None, model, False, asked, opening)

    @property
    def settings(self) -> dict[str, Any]:
        """All of it as plain values."""
        from ..omezarr import plain

        criteria: Any = self.asked["criteria"]
        kept = {name: v for name, v in self.asked.items() if name != "criteria"}
        limits = {"max_iter": criteria.max_iter, "epsilon": criteria.epsilon}
        opening = self.opening
        told = {"k": self.k, "common": self.common, **limits, **kept}
        told |= {"layer": opening.layer, "plugin": opening.plugin}
        told |= {"mask": opening.mask}
        found: dict[str, Any] = plain(told)
        return found

    def open(self, file: str) -> LayerData:
        """Read an image."""
        return read(file, self.opening.layer, self.opening.plugin)

    def result(
        self, file: str, source: LayerData, palette: Palette, progress: Report | None
    ) -> Result:
        """Return what an image becomes, with a palette that is there."""
        mask = listing.beside(self.opening.mask, file)
        if self.k is None or self.common:
            return painted(source, palette, mask, progress)
        asked = {**self.asked}
        if not self.asked["fixed"]:  # fixed ones have their numbers
            asked["like"] = palette
        return self._quantized(source, asked, mask, progress)

    def first(self, file: str, source: LayerData, progress: Report) -> Result:
        """Return what the first image becomes, whose palette the others follow."""
        mask = listing.beside(self.opening.mask, file)
        return self._quantized(source, self.asked, mask, progress)

    def _quantized(
        self, source: LayerData, asked: Any, mask: str | None, progress: Any
    ) -> Result:
        k: Any = self.k
        how = {"axes": None, "mask": mask, "memory": None, "progress": progress}
        return quantized(source, k, asked, **how)[0]

    def palette_of_all(
        self, files: list[str], progress: Report
    ) -> tuple[Palette, dict[str, str]]:
        """Return the palette of images together, and why some have no part in it."""
        from ..batch.many import quantize_many

        if self.opening.layer is not None or self.opening.plugin is not None:
            raise ValueError("--common should go without --layer and --plugin.")
        masks: dict[str, str | None] = {}
        failed: dict[str, str] = {}
        for file in files:
            try:
                masks[file] = listing.beside(self.opening.mask, file)
            except ValueError as error:
                failed[file] = str(error)
        if not masks:
            raise ValueError(failed[files[0]])
        given: Any = {"masks": [*masks.values()], "errors": "skip", **self.asked}
        found = quantize_many([*masks], self.k, progress=progress, **given)
        assert found.palette is not None
        failed |= {str(name): why for name, why in found.failed.items()}
        return found.palette, failed


@dataclass(frozen=True)
class Many:
    """A batch: its images, and where their results go.

    Attributes
    ----------
    folder : Path
    table : Path
    results : dict
        The folder of each image.
    way : Way
    rows : groups.Rows
    listed : str or None
        The file that lists them.
    """

    folder: Path
    table: Path
    results: dict[str, Path]
    way: Way
    rows: groups.Rows
    listed: str | None = None

    @classmethod
    def of(
        cls,
        images: str,
        files: list[str],
        output: Path | None,
        way: Way,
        of_rows: groups.Rows,
    ) -> Many:
        """Find out where results go."""
        name = Path(images).resolve().stem if Path(images).exists() else "images"
        folder = output or Path(f"{name}-kmeans")
        titles = listing.titles(files, {record.BATCH, MODEL, TABLE})
        results = {
            file: folder / title for file, title in zip(files, titles, strict=True)
        }
        listed = images if Path(images).is_file() else None
        table = of_rows.table or folder / TABLE
        return cls(folder, table, results, way, of_rows, listed)

    @property
    def asked(self) -> record.Asked:
        """What is to be done, to be compared."""
        model = self.way.model
        told = self.rows
        settings = self.way.settings | {
            "regions": told.regions,
            "planes": told.planes,
            "pixel_size": told.pixel_size,
            "unit": told.unit,
        }
        return record.Asked(settings | {"model": model and record.digest_of(model)})

    def check(self, *, force: bool, resume: bool) -> None:
        """Raise where something may not be written, before any work."""
        options.size(self.rows)
        options.axes(self.rows.planes, "planes")
        read_too = [self.way.opening.mask, self.rows.regions]
        check_apart(self.folder, [*self.results, *read_too])
        read_too += [self.listed, *map(str, filter(None, [self.way.model]))]
        check_apart(self.table, [*self.results, *read_too])
        if self.table.suffix == ".parquet":
            _check_parquet(self.table)
        if self.table.parent != self.folder:
            check_file(self.table, force=force or resume)
        begun = (self.folder / record.BATCH).exists()
        if resume:
            self.asked.check_same(self.folder)
        elif begun and not force:
            raise ValueError(
                f"output={self.folder} holds a batch already: --resume goes on with "
                "it, --force does it anew."
            )
        for name in (MODEL, TABLE):
            check_file(self.folder / name, force=force or begun, made=True)
        for folder in self.results.values():
            check_folder(folder, force=force or begun)

    def run(self, jobs: int, *, resume: bool, progress: Report) -> dict[str, str]:
        """Do all that is not done yet; return why some images could not be done."""
        from ..batch.rows import joined

        stamps = {file: self._stamps(file) for file in self.results}
        before = self.asked.check_same(self.folder) if resume else {}
        failed: dict[str, str] = {}
        palette = self._kept(before, stamps)
        if palette is None:
            palette, failed = self._found(progress)
        # Where some had no part in it, it is to be found anew, as they may have.
        found_for = {file: stamps[file] for file in stamps if file not in failed}
        self.asked.begin(self.folder, found_for)
        palette.save(self.folder / MODEL)
        model = record.digest_of(self.folder / MODEL)
        files = [file for file in self.results if file not in failed]

        def work(file: str, report: Report) -> None:
            key = self.asked.key(stamps[file], model)
            if record.read(self.results[file], key) is None:
                source = self.way.open(file)
                if self.way.model is not None:
                    for sentence in differences(source, palette):
                        sentences.warn(f"{file}: {sentence}")
                result = self.way.result(file, source, palette, report)
                self._write(file, source, result, key, report)

        failed |= each(files, work, jobs=jobs, progress=progress)
        done = [file for file in files if file not in failed]
        keys = {file: self.asked.key(stamps[file], model) for file in done}
        tables = [record.read(self.results[file], keys[file]) for file in done]
        write_table(self.table, joined([one for one in tables if one is not None]))
        return {file: failed[file] for file in self.results if file in failed}

    @property
    def n_written(self) -> int:
        """How many images need not be done again where this is resumed."""
        try:
            model = record.digest_of(self.folder / MODEL)
        except ValueError:
            return 0
        found = (
            record.read(folder, self.asked.key(self._stamps(file), model))
            for file, folder in self.results.items()
        )
        return sum(table is not None for table in found)

    def _stamps(self, file: str) -> list[Any]:
        """Return what changes where a file does, or what goes with it."""
        stamps = [record.stamp(file)]
        for pattern in (self.way.opening.mask, self.rows.regions):
            try:
                stamps.append(record.stamp(listing.beside(pattern, file)))
            except ValueError:  # said where the file is worked on
                stamps.append(None)
        return stamps

    def _kept(self, before: dict[str, Any], stamps: dict[str, Any]) -> Palette | None:
        """Return the palette of a batch that is resumed; None where there is none.

        Where a file has changed, it is found anew: where it is the same nonetheless, so
        are the results of other files.
        """
        if self.way.model is not None:
            return loaded(self.way.model)
        same = (self.folder / MODEL).exists() and before == stamps
        return loaded(self.folder / MODEL) if same else None

    def _found(self, progress: Report) -> tuple[Palette, dict[str, str]]:
        """Find the palette that images share, or follow; and why some have none."""
        files = [*self.results]
        return (self.way.palette_of_all if self.way.common else self._first)(
            files, progress
        )

    def _first(
        self, files: list[str], progress: Report
    ) -> tuple[Palette, dict[str, str]]:
        """Return the palette of the first image that has one."""
        from .each import FAILURES, said_of

        failed: dict[str, str] = {}
        for file in files:
            try:
                source = self.way.open(file)
                found: Any = self.way.first(
                    file, source, lambda stage, _: progress(stage, 0)
                )
            except FAILURES as error:
                failed[file] = said_of(file, error)
            else:
                return found.palette, failed
        raise ValueError(next(iter(failed.values())))

    def _write(
        self, file: str, source: LayerData, result: Result, key: str, progress: Report
    ) -> None:
        """Write a result with its rows of the table."""
        from ..batch.rows import rows_of

        regions = listing.beside(self.rows.regions, file)
        axes, size = options.axes(self.rows.planes, "planes"), options.size(self.rows)
        table = rows_of(file, source, result, regions, axes, size, progress)
        write_result(
            self.results[file],
            source,
            result,
            force=True,
            noted=lambda folder: record.write(folder, key, table),
        )


def _check_parquet(table: Path) -> None:
    try:
        import pyarrow  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"table={table} needs pyarrow, which is missing: pip install pyarrow."
        ) from error
