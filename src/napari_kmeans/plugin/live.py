"""Live: results that follow the controls, coarse at first and then in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QTimer

from .seeds import seeds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .job import Job, Outcome
    from .model import KMeansModel

#: Seconds after which a hand rests, and a full answer replaces the coarse one.
REST = 0.3

#: Seconds up to which a full answer is as good as a coarse one.
BRIEF = 0.06

#: Seconds up to which nobody needs to be told how far it is.
QUICK = 0.5

#: Seconds of a fit from which on nothing follows by itself.
SLOW = 1.0


class Live:
    """What lets results follow the controls of a model.

    Parameters
    ----------
    model : KMeansModel
    start : callable
        Does a job in a thread, and then calls `go_on`.
    """

    def __init__(self, model: KMeansModel, start: Callable[[Job], None]) -> None:
        self._model, self._start = model, start
        self._seen = self._key
        self._wanted = self._coarse = False
        self._brief: set[Any] = set()
        self._quick: set[Any] = set()
        self._rest = QTimer()
        self._rest.setSingleShot(True)
        self._rest.setInterval(round(1000 * REST))
        self._rest.timeout.connect(self._on_rest)
        model.choice.touched.connect(self._on_touched)
        model.choice.changed.connect(self._on_changed)

    @property
    def coarse(self) -> bool:
        """Whether layers hold a preview."""
        return self._coarse

    @property
    def waiting(self) -> bool:
        """Whether something is to be done yet, once the hand rests."""
        return self._wanted or (self._is_there and self._rest.isActive())

    @property
    def _is_there(self) -> bool:
        """Whether Qt still has the timer, which it deletes when the program ends."""
        return bool(isalive(self._rest))  # type: ignore[no-untyped-call]

    @property
    def _key(self) -> tuple[Any, ...]:
        """What a result depends on: of what layers it is, and the rest."""
        model, settings = self._model, self._model.settings
        at = tuple(model.viewer.dims.point) if settings.scope.current else ()
        if images := model.choice.offers.images:
            seeds = seeds_of(model.viewer, images)
            at += () if seeds is None else tuple(seeds.data.ravel())
        ids = tuple(layer.unique_id for layer in model.sources)
        return ids, settings.essence, at

    def _on_changed(self) -> None:
        """Take note of other layers: what is set for them is nothing to follow."""
        if (now := self._key)[0] != self._seen[0]:
            self._seen = now

    def _on_touched(self) -> None:
        before, self._seen = self._seen, self._key
        same_layers = before[0] == self._seen[0]
        if before == self._seen or not same_layers or not self._model.settings.live:
            return
        if self._model.running or not self._model.sources:
            return
        self._wanted = True
        self._rest.start()
        self._tell()
        self._pump()

    def _pump(self) -> None:
        """Begin with what is wanted, where nothing else is under way."""
        model = self._model
        if not self._wanted or model.busy:
            return
        self._wanted = False
        images = model.choice.offers.images
        at_once = not images or self._seen[0] in self._brief
        self._start_quietly(model.job if at_once else model.preview)

    def _on_rest(self) -> None:
        """Replace a coarse answer by the full one."""
        if self._wanted or self._model.busy:
            self._rest.start()
        elif self._coarse:
            self._start_in_full()
        self._tell()

    def _start_in_full(self) -> None:
        """Begin with the full answer; one that may take long is told of as a run is."""
        model = self._model
        if self._seen[0] in self._quick:
            self._start_quietly(model.job)
        elif (job := model.begin()) is not None:
            self._start(job)

    def go_on(self, job: Job, outcome: Outcome) -> None:
        """Heed that a job has ended: another may be wanted."""
        if outcome.result is not None:
            self._coarse = job.view is not None
            if job.view is None:
                self._judge(job, outcome)
        self._pump()
        self._tell()
        model = self._model
        shown = job.view is None and job.question is None and model.palette is not None
        if shown and model.bench.quality is None and not (self._wanted or model.busy):
            self._start_quietly(model.measured)

    def _tell(self) -> None:
        """Let the model tell whether the full answer is to come yet."""
        refining = self._coarse or self.waiting
        if refining != self._model.refining:
            self._model.refining = refining
            self._model.changed.emit()
            self._model.told.emit()

    def _start_quietly(self, make: Callable[[], Job]) -> None:
        if (job := self._model.begin_quietly(make)) is not None:
            self._start(job)

    def _judge(self, job: Job, outcome: Outcome) -> None:
        """Tell by how long it took whether it can follow at once, or not at all."""
        if job.step is not None:
            return
        ids = tuple(layer.unique_id for layer in job.sources)
        for known, most in ((self._brief, BRIEF), (self._quick, QUICK)):
            if outcome.seconds < most:
                known.add(ids)
            else:
                known.discard(ids)
        again = job.kept is not None or job.axes  # else it was read for the first time
        if again and outcome.seconds > SLOW and self._model.settings.live:
            self._model.change(live=False)

    def stop(self) -> None:
        """Follow no further what was changed so far."""
        self._wanted = False
        if self._is_there:
            self._rest.stop()
        self._tell()

    def settle(self) -> None:
        """Leave no preview behind: show the full answer, and wait for it."""
        wanted = self._coarse or self.waiting
        self.stop()
        if wanted and not self._model.busy:
            self._coarse = False
            self._tell()
            if (job := self._model.begin_quietly(self._model.job)) is not None:
                self._model.wait(job)
