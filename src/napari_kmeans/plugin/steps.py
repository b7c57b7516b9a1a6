"""Steps: states of the clusters of an image, each made of the one before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from .hues import hues_after

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..core.options.keywords import FitOptions
    from ..core.palettes.edit import Edit
    from ..core.palettes.palette import Palette
    from ..core.reading.fit import ImageSamples
    from .reading import Reading
    from .script import Made
    from .settings import DockSettings


class CleanUp(NamedTuple):
    """How labels are cleaned up.

    Attributes
    ----------
    size : int
        Components of fewer pixels than this go to a neighbor; 0 leaves all.
    axes : tuple of int
        Planes along these axes are cleaned each on its own.
    least : float
        Before that, pixels of a smaller margin are rejected; 0 rejects none.
    """

    size: int = 0
    axes: tuple[int, ...] = ()
    least: float = 0.0

    @property
    def title(self) -> str:
        """What it is called in a list of steps."""
        said = [f"Reject below {self.least:g}"] if self.least else []
        said += [f"Despeckle {self.size}"] if self.size else []
        return ", ".join(said) or "No clean-up"

    @property
    def despeckled(self) -> dict[str, Any] | None:
        """The arguments of `despeckle`; None where it leaves all."""
        axes = {"axes": self.axes} if self.axes else {}
        return {"size": self.size, **axes} if self.size else None


#: All pixels as they are labeled.
UNCLEANED = CleanUp()


class Run(NamedTuple):
    """What was clustered, and how.

    Attributes
    ----------
    k : int
    fitting : dict
        Options of `fit`.
    reading : Reading or None
        How images were read; without the data.
    start_labels : array or None
    settings : DockSettings or None
        What was chosen.
    """

    k: int
    fitting: FitOptions
    reading: Reading | None
    start_labels: Any = None
    settings: DockSettings | None = None


@dataclass(frozen=True)
class Step:
    """A state of the clusters of an image.

    Attributes
    ----------
    name : str
        What was done last.
    palette : Palette
    run : Run
        What was read, and the last that was clustered.
    made : tuple of Fitted, Opened and Edit
        All that was done to have the palette, from a fit, or one opened, on.
    clean_up : CleanUp
        How labels are cleaned up after that.
    hues : (k, 3) float64, or None
        The colors of labels, where these are not those of the centers.
    """

    name: str
    palette: Palette
    run: Run = field(compare=False)
    made: tuple[Made, ...] = field(default=(), compare=False)
    clean_up: CleanUp = UNCLEANED
    hues: NDArray[np.float64] | None = field(default=None, compare=False)

    def after(self, edit: Edit, samples: ImageSamples | None = None) -> Step:
        """Return the step after an edit of the palette."""
        palette = edit.apply(self.palette, samples)
        return replace(
            self,
            name=edit.title,
            palette=palette,
            made=(*self.made, edit),
            hues=hues_after(self.palette, self.hues, palette),
        )

    def paints_as(self, other: Step | None) -> bool:
        """Whether pixels get the same values as by another, whatever these are called.

        Parameters
        ----------
        other : Step or None
            Of the same image.
        """
        if other is None or other.palette.k != self.palette.k:
            return False
        names, locked = self.palette.names, self.palette.locked
        same = replace(other.palette, names=names, locked=locked) == self.palette
        return same and self.clean_up == other.clean_up

    def cleaned(self, clean_up: CleanUp) -> Step:
        """Return the step after another clean-up."""
        return replace(self, name=clean_up.title, clean_up=clean_up)
