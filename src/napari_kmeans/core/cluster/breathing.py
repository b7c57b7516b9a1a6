"""Breathing: the search for a good place, from OpenCV's attempts on.

In: centers are added, drawn by the squared distances, as k-means++ draws. Out: all are
merged, the two that cost the least first, until there are k again. A few Lloyd steps
after each; what is not better is forgotten. As in B. Fritzke, "The breathing k-means
algorithm" (2020), but for the merging, which is that of P. Fränti, "Genetic algorithm
with deterministic crossover for vector quantization" (2000).

Merging also makes of two answers one that is better than both. So attempts are crossed
in pairs, the best with the second best; each pair then breathes on its own, ever less
deep; and then the best is crossed with each of the others. Such lines run side by side,
as many on one processor as on many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import kernels
from ..run.progress import step
from ..run.threads import map_blocks, spans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..data.samples import Samples

    Centers = NDArray[np.float64]

#: Which part of k is added by the first breath, by the last, and to what is crossed.
DEEPEST, SHALLOWEST, CROSSED = 0.5, 0.02, 0.05

#: Lloyd steps with the centers that are added, and once they are merged.
IN_STEPS, OUT_STEPS = 2, 4

#: Lloyd steps before answers are judged by more samples.
JUDGE_STEPS = 8


class Effort(NamedTuple):
    """How many lines there are, their breaths, and those of what is crossed.

    `together` are breaths without a pause: a few tens of milliseconds.
    """

    lines: int
    breaths: int
    crossed: int
    together: int

    @classmethod
    def of(cls, k: int) -> Effort:
        """Return what finds about the best there is, and takes not too long."""
        together = 1 + 256 // k
        if k <= 8:
            return cls(4, 10, 4, together)
        if k <= 512:
            return cls(4 if k <= 128 else 2, 16, 6, together)
        return cls(2, 4, 1, together)

    @property
    def steps(self) -> int:
        """How often `breathed` tells that it has come farther."""
        return self.breaths + self.crossed


class _Answer(NamedTuple):
    """Centers, (n_channels, k), the weights, (k,), of their clusters, and distances."""

    cost: float
    centers: NDArray[np.float64]
    weights: NDArray[np.float64]
    squared: NDArray[np.float64]


def breathed(
    samples: Samples, whole: Samples, starts: Sequence[Centers], seed: int
) -> Centers:
    """Return centers of a good place.

    Parameters
    ----------
    samples : Samples
        Some thousand, each for many.
    whole : Samples
        More, or the same: these judge all that was found, which an error of few samples
        may put into the wrong order.
    starts : sequence of (k, n_channels) float64
    seed : int
        Of what is drawn.

    Returns
    -------
    (k, n_channels) float64
    """
    tiles, effort = _tiled(samples), Effort.of(len(starts[0]))
    attempts = _each(lambda i: _stepped(tiles, starts[i].T, IN_STEPS), len(starts))
    attempts.sort(key=_cost)
    rngs = [np.random.default_rng((seed, line)) for line in range(effort.lines)]

    def pair(line: int) -> _Answer:
        a, b = (attempts[i % len(attempts)] for i in (2 * line, 2 * line + 1))
        return a if a is b else _crossed(tiles, a, b)

    def breathe(lines: list[_Answer], depths: Sequence[float]) -> list[_Answer]:
        def one(line: int) -> _Answer:
            answer = lines[line]
            for depth in depths:
                answer = _breathe(tiles, answer, depth, rngs[line])
            return answer

        return _each(one, len(lines))

    lines = _each(pair, effort.lines)
    depths = np.geomspace(DEEPEST, SHALLOWEST, effort.breaths).tolist()
    for start, stop in spans(effort.breaths, effort.together):
        lines = breathe(lines, depths[start:stop])
        step(stop)
    best, *others = sorted(lines, key=_cost)
    crossed = _each(lambda i: _crossed(tiles, best, others[i]), len(others))
    for start, stop in spans(effort.crossed, effort.together):
        crossed = breathe(crossed, [CROSSED] * (stop - start))
        step(effort.breaths + stop)
    found = [best, *crossed]
    if whole is not samples:
        judge, found = _tiled(whole), [*found, *others, *attempts[: effort.lines]]
        centers = [answer.centers for answer in found]
        found = _each(lambda i: _stepped(judge, centers[i], JUDGE_STEPS), len(found))
    return min(found, key=_cost).centers.T.copy()


def _cost(answer: _Answer) -> float:
    return answer.cost


def _each(function: Callable[[int], _Answer], n: int) -> list[_Answer]:
    """Call a function with 0..n-1, in threads."""
    return map_blocks(lambda start, _: function(start), n, size=1)


def _tiled(samples: Samples) -> kernels.Tiles:
    """Return samples in tiles; the last is filled up by samples without weight."""
    missing = -samples.n % kernels.SIZE
    values = np.pad(samples.values.astype(np.float64), ((0, 0), (0, missing)), "edge")
    weights = samples.weights if samples.weights.size else np.ones(samples.n)
    # Their sizes say nothing here, and squares of some might be beyond float64.
    weights = np.pad(weights / weights.max(), (0, missing))
    values = values.reshape(samples.n_channels, -1, kernels.SIZE).transpose(1, 0, 2)
    boxes = np.stack([values.min(axis=2), values.max(axis=2)], axis=1)
    firsts = np.arange(0, len(boxes), kernels.TOGETHER)
    low = np.minimum.reduceat(boxes[:, 0], firsts)
    high = np.maximum.reduceat(boxes[:, 1], firsts)
    wholes = np.stack([low, high], axis=1)
    weights = weights.reshape(-1, kernels.SIZE)
    return kernels.Tiles(np.ascontiguousarray(values), weights, boxes, wholes)


def _stepped(tiles: kernels.Tiles, centers: NDArray[np.float64], steps: int) -> _Answer:
    """Take Lloyd steps from centers, (n_channels, k)."""
    moved = np.array(centers, order="C")
    weights, squared = np.empty(moved.shape[1]), np.empty(tiles.weights.shape)
    scratch = kernels.Scratch.of(*moved.shape)
    cost = kernels.take_steps(tiles, moved, weights, squared, scratch, steps)
    return _Answer(cost, moved, weights, squared)


def _merged(
    tiles: kernels.Tiles,
    answer: _Answer,
    centers: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> _Answer:
    """Merge centers, which are changed, until they are as many as an answer has.

    Of fewer that have weight nothing comes but the answer.
    """
    n = len(weights)
    n_merged = int(np.count_nonzero(weights)) - answer.weights.size
    if n_merged < 0:
        return answer
    scratch = np.zeros(n, np.int32), np.empty(n), np.empty(n)
    kernels.merge(centers, weights, n_merged, *scratch)
    return _stepped(tiles, centers[:, weights > 0], OUT_STEPS)


def _crossed(tiles: kernels.Tiles, a: _Answer, b: _Answer) -> _Answer:
    """Return what two answers merge to."""
    centers = np.concatenate([a.centers, b.centers], axis=1)
    return _merged(tiles, a, centers, np.concatenate([a.weights, b.weights]))


def _breathe(
    tiles: kernels.Tiles, answer: _Answer, depth: float, rng: np.random.Generator
) -> _Answer:
    """Add a part of k centers, and merge them; return the better of the two answers."""
    # Those of empty clusters are of no use.
    n = max(1, int(depth * answer.weights.size)) + np.sum(answer.weights == 0)
    cumulative = np.cumsum(tiles.weights * answer.squared)
    places = (np.arange(n) + rng.random(n)) / n * cumulative[-1]
    index = np.searchsorted(cumulative, places, side="right")
    tile, i = np.divmod(np.minimum(index, cumulative.size - 1), kernels.SIZE)
    added = np.concatenate([answer.centers, tiles.values[tile, :, i].T], axis=1)
    fuller = _stepped(tiles, added, IN_STEPS)
    merged = _merged(tiles, answer, fuller.centers, fuller.weights)
    return min(answer, merged, key=_cost)
