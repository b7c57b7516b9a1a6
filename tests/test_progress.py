"""Progress: steps that can be counted, watched and stopped."""

import numpy as np
import pytest

from napari_kmeans import Criteria
from napari_kmeans.core.kmeans import kmeans_steps
from napari_kmeans.core.progress import Progress, exhaust, n_steps
from napari_kmeans.core.quantize import quantize, quantize_steps

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)


@pytest.mark.parametrize("criteria", [Criteria(1), Criteria(10), Criteria(None, 0)])
@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("k", [1, 4])
def test_progress_only_moves_on_and_never_beyond_its_total(criteria, refine, k):
    steps = list(quantize_steps(IMAGE, k, criteria=criteria, attempts=3, refine=refine))
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert {step.total for step in steps} == {n_steps(3, criteria.max_iter, refine)}
    assert done[-1] < steps[0].total
    stages = [step.stage for step in steps]
    assert stages[:2] == ["Counting colors", "Searching, attempt 1"]
    assert (stages[-1].startswith("Refining, step")) == refine


@pytest.mark.parametrize("k", [2, 9, 50])
def test_progress_only_moves_on_while_it_settles_too(k):
    steps = list(quantize_steps(IMAGE, k, attempts=3, max_samples=500))
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert done[-1] < steps[0].total == n_steps(3, 10)
    assert any(step.stage.startswith("Settling") for step in steps)


def test_a_run_can_be_stopped_between_any_two_steps():
    for n in range(1, 6):
        steps = quantize_steps(IMAGE, 4, attempts=3)
        for _ in range(n):
            assert isinstance(next(steps), Progress)
        steps.close()
        with pytest.raises(StopIteration):
            next(steps)


def test_a_run_in_steps_has_the_result_of_a_run():
    stepwise, atonce = exhaust(quantize_steps(IMAGE, 4)), quantize(IMAGE, 4)
    np.testing.assert_array_equal(stepwise.labels, atonce.labels)
    np.testing.assert_array_equal(stepwise.centers, atonce.centers)
    assert stepwise.settings == atonce.settings


def test_points_are_clustered_in_steps_too():
    steps = list(kmeans_steps(IMAGE, 3, attempts=2))
    assert [step.done for step in steps[:2]] == [1, 2]
    stages = dict.fromkeys(step.stage.split()[0].strip(",") for step in steps)
    assert list(stages) == ["Searching", "Settling", "Refining"]
