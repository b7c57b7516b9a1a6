"""Progress: what is told of a computation, and where it stops."""

import threading

import numpy as np
import pytest

from napari_kmeans import Canceled, Criteria, fit, kmeans, quantize, read_samples
from napari_kmeans.core.run import threads
from napari_kmeans.core.run.progress import apart, at, follow, stage, step
from telling import Told

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)


@pytest.mark.parametrize("criteria", [Criteria(1), Criteria(10), Criteria(None, 0)])
@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("k", [1, 4, 50])
@pytest.mark.parametrize("max_samples", [500, 65_536])
def test_progress_only_moves_on_to_its_end(criteria, refine, k, max_samples):
    told = Told()
    given = {"attempts": 3, "refine": refine, "max_samples": max_samples}
    quantize(IMAGE, k, criteria=criteria, progress=told, **given)
    assert told.parts == sorted(told.parts)
    assert told.parts[0] >= 0
    assert max(part for name, part in told if name != "Done") < 1
    assert told[-1] == ("Done", 1.0)
    names = list(dict.fromkeys(name.split()[0].strip(",") for name in told.stages))
    assert names[0] in ("Preparing", "Counting")
    assert "Searching" in names
    assert ("Refining" in names) == refine
    assert "Searching, attempt 1" in told.stages


def test_points_are_told_of_too():
    told = Told()
    kmeans(IMAGE, 3, attempts=2, progress=told)
    stages = list(dict.fromkeys(name.split()[0].strip(",") for name in told.stages))
    assert stages[-5:] == ["Searching", "Settling", "Refining", "Assigning", "Done"]


def test_a_run_that_is_followed_has_the_result_of_a_run():
    followed, alone = quantize(IMAGE, 4, progress=Told()), quantize(IMAGE, 4)
    np.testing.assert_array_equal(followed.labels, alone.labels)
    np.testing.assert_array_equal(followed.centers, alone.centers)
    assert followed.settings == alone.settings


def fit_samples(image, k, **given):
    return fit(read_samples(image), k, **given)


@pytest.mark.parametrize("n", range(1, 8))
@pytest.mark.parametrize("run", [quantize, kmeans, fit_samples])
def test_what_is_raised_stops_it_whatever_it_is_at(n, run):
    told = Told(lambda *_: len(told) == n)
    with pytest.raises(Canceled):
        run(IMAGE, 4, progress=told)
    assert len(told) == n


def test_stages_within_a_stage_take_their_part_of_it():
    def work():
        with stage("Reading", 0, 0.5):
            at(0.5)
        with stage(low=0.5):
            at(0.0)
            with stage("Fitting, step", 0, 0.5, n_steps=4):
                step(1)
                at(0.5)
            with stage("Painting", 0.5):
                at(0.5)
        return "result"

    told = Told()
    assert follow(work, told) == "result"
    said = [one for one in told if one[0] != "Preparing"]
    assert list(dict.fromkeys(said)) == [
        ("Reading", 0.0),
        ("Reading, 50%", 0.25),
        ("Fitting", 0.5),
        ("Fitting, step 1", 0.5625),
        ("Fitting, step 1, 50% of the next", 0.59375),
        ("Painting", 0.75),
        ("Painting, 50%", 0.875),
        ("Done", 1.0),
    ]


def test_the_name_of_a_whole_stands_for_all_within():
    def work():
        with (
            stage("Plane 2 of 2", 0.5, whole=True),
            stage("Searching, attempt", 0, 0.5, n_steps=2),
        ):
            step(1)
            at(0.5)

    told = Told()
    follow(work, told)
    said = dict.fromkeys(one for one in told if one[0] != "Preparing")
    assert list(said) == [
        ("Plane 2 of 2", 0.5),
        ("Plane 2 of 2", 0.625),
        ("Plane 2 of 2", 0.6875),
        ("Done", 1.0),
    ]


def test_where_nobody_follows_nothing_is_told():
    with stage("Reading", n_steps=2):
        step(1)
        at(0.5)


def test_what_takes_long_tells_so_and_may_be_left():
    go_on, gone_on = threading.Event(), threading.Event()

    def work():
        with stage("Waiting"):
            go_on.wait()
            at(0.5)
            gone_on.set()

    told = Told(lambda *_: told.count(("Waiting", 0.0)) == 3)
    with pytest.raises(Canceled):
        follow(work, told)  # at once, though the step has not come to its end
    (thread,) = [t for t in threading.enumerate() if t.name == "napari-kmeans-apart"]
    go_on.set()
    thread.join()
    assert not gone_on.is_set()


def test_errors_and_what_is_no_error_come_out():
    def fails():
        raise ZeroDivisionError

    for report in (None, Told()):
        with pytest.raises(ZeroDivisionError):
            follow(fails, report)
        assert follow(lambda: None, report) is None
        assert isinstance(follow(ValueError, report), ValueError)
    with pytest.raises(ZeroDivisionError):
        apart(fails)


def test_a_thread_apart_starts_no_more_than_its_caller():
    assert apart(threads.n_parallel) == threads.n_parallel()
    assert threads.serially(apart, threads.n_parallel) == 1
    assert threads.serially(follow, threads.n_parallel, Told()) == 1


def test_only_the_main_thread_waits_for_another_without_need():
    name = follow(lambda: threading.current_thread().name)
    assert name == "napari-kmeans-apart"  # a signal finds the main thread awake
    found = []
    own = threading.Thread(
        target=lambda: found.append(follow(threading.current_thread)), name="own"
    )
    own.start()
    own.join()
    assert found[0].name == "own"
