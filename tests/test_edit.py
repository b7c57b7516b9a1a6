"""Edits as values: what they are called, and what they do."""

import numpy as np
import pytest

from napari_kmeans import fit, read_samples
from napari_kmeans.core.palettes.edit import Edit

SAMPLES = read_samples(np.random.default_rng(0).integers(0, 256, (20, 30), np.uint8))


@pytest.mark.parametrize(
    ("edit", "title", "code", "by_hand"),
    [
        (
            Edit("merge", ([1, 2],)),
            "Merge 1, 2",
            "merge([1, 2])",
            lambda palette: palette.merge([1, 2]),
        ),
        (
            Edit("rename", (2, "sky")),
            "Name 2 sky",
            "rename(2, 'sky')",
            lambda palette: palette.rename(2, "sky"),
        ),
        (
            Edit("lock", (1,), {"locked": False}),
            "Unlock 1",
            "lock(1, locked=False)",
            lambda palette: palette.lock(1, locked=False),
        ),
        (
            Edit("split", (3, 2), {"seed": 5}),
            "Split 3 2",
            "split(3, samples, 2, seed=5)",
            lambda palette: palette.split(3, SAMPLES, 2, seed=5),
        ),
        (
            Edit("delete", ([1, np.int64(2)],)),
            "Delete 1, 2",
            "delete([1, 2], samples)",
            lambda palette: palette.delete([1, 2], SAMPLES),
        ),
    ],
)
def test_an_edit_is_told_and_done(edit, title, code, by_hand):
    palette = fit(SAMPLES, k=4)
    assert (edit.title, edit.code) == (title, code)
    assert edit.apply(palette, SAMPLES) == by_hand(palette)
    assert eval(f"palette.{code}", {"palette": palette, "samples": SAMPLES}) == by_hand(
        palette
    )
