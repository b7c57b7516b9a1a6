"""Kernels: the loops over pixels, compiled.

Words
-----
sample
    A column of `values`, an array of shape (n_channels, n_samples): one contiguous row
    a channel, so that the compiler turns loops over samples into vector instructions.
tile
    128 consecutive samples: few enough for the processor's first cache, and often so
    close together that few centers, or one, can be nearest to any of them.
code
    The number of a color in a table of all possible colors.

Every kernel is serial and lets go of the GIL; what runs in parallel is blocks of
samples (see `threads`), or searches of their own. Nothing is compiled with `fastmath`,
but the order of sums that are exact, and minima: the nearest center is what the same
formula gives in NumPy.
"""

from .ciede2000 import LONGEST, squares_ciede2000, visit_ciede2000
from .colors import (
    CELL,
    collect,
    count1,
    count3,
    count4,
    look_up1,
    look_up3,
    look_up4,
    paint,
    paint4,
    tally,
)
from .components import (
    dissolve,
    find_borders,
    find_components,
    find_runs,
    join,
    sort_borders,
)
from .dithering import LOW, MIXED, STEPS, diffuse, mix
from .exact import SPLITTER, halves, quanta
from .intervals import first_costs, next_costs
from .merging import merge
from .steps import SIZE, TOGETHER, Scratch, Tiles, take_steps
from .tiles import TILE, bound, farthest, visit
from .words import add_words, count_pairs, squares, values_of, word_range

__all__ = [
    "CELL",
    "LONGEST",
    "LOW",
    "MIXED",
    "SIZE",
    "SPLITTER",
    "STEPS",
    "TILE",
    "TOGETHER",
    "Scratch",
    "Tiles",
    "add_words",
    "bound",
    "collect",
    "count1",
    "count3",
    "count4",
    "count_pairs",
    "diffuse",
    "dissolve",
    "farthest",
    "find_borders",
    "find_components",
    "find_runs",
    "first_costs",
    "halves",
    "join",
    "look_up1",
    "look_up3",
    "look_up4",
    "merge",
    "mix",
    "next_costs",
    "paint",
    "paint4",
    "quanta",
    "sort_borders",
    "squares",
    "squares_ciede2000",
    "take_steps",
    "tally",
    "values_of",
    "visit",
    "visit_ciede2000",
    "word_range",
]
