"""The benchmarks: what they measure is right. How long it takes is for them to say."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import skimage.io
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import reference
from benchmarks import __main__ as command
from benchmarks import (
    best,
    growth,
    history,
    interactive,
    large,
    many,
    methods,
    pictures,
    plots,
    quality,
    report,
    sets,
)
from benchmarks.compactness import compactness, count
from benchmarks.comparison import compare
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.history import Figures
from benchmarks.measurement import Measurement
from benchmarks.subset import Weighted, subset, whole
from benchmarks.targets import Targets
from benchmarks.workloads import WORKLOADS, named
from napari_kmeans import Criteria, quantize

compare = partial(compare, seconds=0.0)

BY_KEY = {contender.key: contender for contender in CONTENDERS}
(W1,) = named(["W1"])
TINY = replace(W1, shape=(64, 64))


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    """Searches for a best are short here."""
    monkeypatch.setattr(best, "SEEDS", 1)


def dies(data, workload):
    sys.exit(7)


def test_comparison_measures_and_judges_each_contender(tmp_path):
    contenders = [BY_KEY["ours"], BY_KEY["opencv"]]
    found = compare(TINY, contenders, tmp_path / "best.json")
    assert list(found.measured) == contenders
    assert found.skipped == {}
    assert found.input_bytes == 64 * 64 * 3
    for measurement in found.measured.values():
        assert measurement.gives == ("labels", "image")
        assert measurement.runs >= 1
        assert measurement.compactness >= found.best > 0
    q = quantize(TINY.data(), TINY.k, criteria=Criteria(TINY.max_iter, TINY.epsilon))
    assert found.of("ours").compactness == pytest.approx(q.compactness, rel=1e-12)
    text = report.section(found)
    for contender in contenders:
        assert f"| {contender.title} " in text
    assert "- Target: speed >= 250x cv2.kmeans: " in text
    assert found.figures() == {
        f"W1 64x64: {contender.title}": Figures(m.seconds, m.compactness)
        for contender, m in found.measured.items()
    }
    assert "4,096 pixels, K=5, 10 attempts, criteria (10, 1)" in text


def test_contenders_that_cannot_are_skipped_by_name_and_reason(tmp_path):
    contenders = [
        Contender("absent", "Absent", "no_such_module", dies),
        Contender("dies", "Mortal", "numpy", dies),
        BY_KEY["pillow"],
    ]
    found = compare(named(["W7-2"])[0].small(), contenders, tmp_path / "best.json")
    assert found.measured == {}
    assert [(c.title, why) for c, why in found.skipped.items()] == [
        ("Absent", "not installed"),
        ("Mortal", "failed with exit code 7"),
        ("Pillow, median cut and k-means", "takes 8-bit RGB only"),
    ]
    assert "- Skipped: Absent: not installed" in report.section(found)


def test_contender_beyond_the_limit_is_skipped(tmp_path):
    found = compare(TINY, [BY_KEY["copy"]], tmp_path / "best.json", limit=0.0)
    assert list(found.skipped.values()) == ["takes more than 0 s"]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured on Linux")
def test_memory_of_a_copy_is_that_of_the_input(tmp_path):
    points = replace(named(["W7-16"])[0], shape=(300_000,), k=1)
    found = compare(points, [BY_KEY["copy"]], tmp_path / "best.json")
    assert found.of("copy").peak == pytest.approx(found.input_bytes, rel=0.1)


def test_best_is_kept_for_the_same_input_and_k(tmp_path):
    kept = tmp_path / "best.json"
    first = compare(TINY, [], kept).best
    entry = json.loads(kept.read_text())
    assert entry["W1 64x64"]["method"]
    entry["W1 64x64"]["compactness"] = 1.0
    kept.write_text(json.dumps(entry))
    assert compare(TINY, [], kept).best == 1.0
    assert compare(replace(TINY, k=6), [], kept).best not in (1.0, first)


def test_best_is_lowered_by_another_search_on_demand(tmp_path):
    kept = tmp_path / "best.json"
    first = compare(TINY, [], kept).best
    entry = json.loads(kept.read_text())
    entry["W1 64x64"]["compactness"] = 2 * first
    kept.write_text(json.dumps(entry))
    assert compare(TINY, [], kept).best == 2 * first
    again = compare(TINY, [], kept, anew=True).best
    assert again == pytest.approx(first, rel=1e-3)
    entry["W1 64x64"]["compactness"] = 1.0
    kept.write_text(json.dumps(entry))
    assert compare(TINY, [], kept, anew=True).best == 1.0
    assert json.loads(kept.read_text())["W1 64x64"]["searches"] == 2


@pytest.mark.parametrize("method", methods.METHODS)
@pytest.mark.parametrize("k", [1, 2, 7])
def test_methods_are_never_worse_than_their_start(method, k):
    rows = np.random.default_rng(k).normal(size=(300, 2))
    samples = Weighted(rows, np.arange(300) + 1.0)
    started = methods.start(samples, k, np.random.default_rng(0))
    found = methods.METHODS[method](samples, k, np.random.default_rng(0), 0.0)
    assert found.shape == (k, 2)
    most = methods.cost(samples, started) * (1 + 1e-12)
    assert methods.cost(samples, found) <= most


def test_swaps_find_what_a_bad_start_lacks():
    random = np.random.default_rng(0)
    places = np.array([[x, y] for x in range(4) for y in range(4)], float)
    rows = np.repeat(places, 30, axis=0) + random.normal(0, 0.01, (480, 2))
    samples = Weighted(rows, np.ones(480))
    # All of one place.
    partition = methods.Partition(samples, rows[:16].copy(), random)
    for trial in range(400):
        partition.swap(partition.chosen(trial % 2), methods.TRIAL_STEPS)
    found = partition.centers
    assert methods.cost(samples, found) < 480 * 0.001
    distances = np.abs(places[:, np.newaxis] - found).max(axis=2)
    assert (distances.min(axis=1) < 0.1).all()


def test_crossed_solutions_take_one_of_each_pair():
    random = np.random.default_rng(0)
    mother = random.normal(size=(6, 3))
    father = random.permutation(mother) + 1e-3
    child = methods._crossed(mother, father, random)
    distances = np.abs(mother[:, np.newaxis] - child).max(axis=2)
    np.testing.assert_allclose(distances.min(axis=1), 0, atol=1.1e-3)
    assert np.ptp(child - mother) > 0


@pytest.mark.parametrize(
    "shape", [(5000, 1), (5000, 2), (5000, 7)], ids="{0[1]} channels".format
)
def test_subset_has_the_weight_and_about_the_mean_of_all(shape):
    random = np.random.default_rng(0)
    samples = count(random.normal(100, 9, shape).astype(np.uint8))
    assert subset(samples, random, 5000).values.tolist() == samples.values.tolist()
    found, every = subset(samples, random, 500), whole(samples)
    assert len(found.values) <= 500
    means = [w.weights @ w.values / w.weights.sum() for w in (found, every)]
    np.testing.assert_allclose(*means, atol=2)
    if shape[1] <= 3:
        assert found.weights.sum() == every.weights.sum() == 5000


@given(
    st.sampled_from([(np.uint8, 3), (np.uint8, 1), (np.uint16, 1), (np.uint16, 2)])
    | st.just((np.float32, 3)),
    st.data(),
)
def test_compactness_is_that_of_brute_force(kind, data):
    dtype, n_channels = kind
    elements = (
        st.floats(-9, 9, width=32) if dtype == np.float32 else st.integers(0, 255)
    )
    rows = data.draw(hnp.arrays(dtype, (12, n_channels), elements=elements))
    centers = data.draw(
        hnp.arrays(np.float64, (3, n_channels), elements=st.floats(-9, 300))
    )
    labels = reference.nearest(rows, centers)
    expected = reference.compactness(rows.astype(float), labels, centers)
    found = compactness(count(rows), centers)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_workload_takes_its_data_apart_and_together(workload):
    assert workload.quick().n == workload.n // 16
    small = workload.small()
    data = small.data()
    rows = small.rows(data)
    assert len(rows) == small.n
    if workload.points:
        assert data.shape == rows.shape
    else:
        colors, labels = np.unique(rows, axis=0, return_inverse=True)
        painted = small.paint(data, colors, labels)
        np.testing.assert_array_equal(painted, data)


def test_workloads_are_named_alone_or_as_a_family():
    assert named(None) == list(WORKLOADS)
    assert [w.name for w in named(["W2-64", "W7"])] == ["W2-64", "W7-2", "W7-16"]


def test_unknown_workload_is_named_with_those_there_are(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--workload", "W1", "W9"])
    with pytest.raises(SystemExit):
        command.main()
    assert "workload 'W9' should be one of W1, " in capsys.readouterr().err


TARGETS = Targets(speedup=10, seconds=0.05, memory_of_input=2, above_best=0.5)


def measurement(seconds, peak, found):
    return Measurement(seconds, 1, peak, found, ())


def test_targets_are_reached_at_their_bounds():
    ours, opencv = measurement(0.05, 200, 150.0), measurement(0.5, 900, 150.0)
    lines = list(TARGETS.verdicts(ours, opencv, [opencv], 100.0, 100))
    assert lines == [
        "speed >= 10x cv2.kmeans: reached (10x)",
        "time <= 50 ms: reached (50.0 ms)",
        "memory <= 2 times the input: reached (0 MB, 2.00 times the input)",
        "compactness <= every contender's: reached (+0% to the lowest of theirs)",
        "compactness within 50% of the best known: reached (+50%)",
    ]


def test_targets_are_missed_beyond_their_bounds():
    ours, opencv = measurement(0.051, 201, 150.1), measurement(0.5, 900, 150.0)
    lines = list(TARGETS.verdicts(ours, opencv, [opencv], 100.0, 100))
    assert len(lines) == 5
    assert all(": missed (" in line for line in lines)


def test_targets_without_a_measurement_say_so():
    ours = measurement(1.0, None, 100.0)
    lines = list(Targets(speedup=10, memory=5).verdicts(ours, None, [], 100.0, 100))
    assert lines == [
        "speed >= 10x cv2.kmeans: cv2.kmeans was not measured",
        "memory <= 5e-06 MB: not measured on this system",
    ]


def test_many_pictures_are_measured_and_judged(tmp_path):
    paths = many.pictures(tmp_path, 3, 64)
    found = {
        "reading alone": many.measure(many.reading, paths, 3),
        "one palette": many.measure(many.common, paths, 3),
        "the worst": many.Measured(1.0, None, np.zeros((1, 3))),
    }
    pixels = np.concatenate([skimage.io.imread(path).reshape(-1, 3) for path in paths])
    q = quantize(pixels[np.newaxis], 3, rgb=True)
    np.testing.assert_array_equal(found["one palette"].centers, q.centers)
    assert many.loss(paths, q.centers) == pytest.approx(q.compactness)
    first, ours, worst = many.rows(found, paths)
    assert first.endswith("| - |")
    assert ours.endswith("| 0.00% |")
    assert worst.startswith("| the worst | 1.00 |")
    assert ": reached (" in many.verdict("x", 1.0, 2.0, "s")
    assert ": missed (" in many.verdict("x", 2.1, 2.0, "s")


def test_large_images_and_movies_are_measured(monkeypatch):
    monkeypatch.setattr(large, "BLOCK", 64)
    measured = large.large(9 * 64**2 / 1e9)
    assert measured.n == 9 * 64**2
    making = "making the blocks twice, taken off"
    assert [name for name, s in measured.seconds.items() if s < 0] == [making]
    assert large.large_verdict(measured).startswith("- Target: at most 1 GB, ")
    assert large.movie(2).n == 2 * 512**2


def test_movies_are_judged_in_proportion_to_their_frames():
    measured = large.Measured("movie", 1, {"fit and labels": 0.7}, None)
    told = "- Target: 100 frames in 0.7 s: reached (0.70 s)"
    assert large.movie_verdict(measured, 100) == told
    assert ": missed (" in large.movie_verdict(measured, 99)


@pytest.mark.parametrize(
    "prepare",
    [
        partial(interactive.another, 5, (64, 64)),
        partial(interactive.sweep, (64, 64)),
        partial(interactive.picture, "coffee", (slice(30), slice(40)), 5),
        partial(interactive.noise, (20, 30), 9),
        partial(interactive.movie, 2),
        interactive.fresh,
    ],
    ids=lambda prepare: getattr(prepare, "func", prepare).__name__,
)
def test_gestures_are_measured(prepare, monkeypatch):
    monkeypatch.setattr(interactive, "RUNS", 1)
    assert interactive.measure(interactive.Gesture("made up", prepare)) > 0


def test_gestures_are_judged_by_seconds_or_as_times_of_opencv():
    assert interactive.times_opencv(1.0, TINY) > 0
    picture = interactive.Gesture("a picture", dict, 0.1)
    assert interactive.row(picture, 0.1) == ["a picture", "0.1", "0.1 s", "reached"]
    assert interactive.row(picture, 0.2)[-1] == "missed"
    another = interactive.Gesture("another K", dict)
    told = ["another K", "0.2", "500 times cv2.kmeans", "missed (499 times)"]
    assert interactive.row(another, 0.2, 499.0) == told
    assert interactive.row(another, 0.2, 500.0)[-1] == "reached (500 times)"


def test_figures_are_compared_with_those_of_an_earlier_run(tmp_path):
    before = {
        "same": Figures(1.0, 50.0),
        "slow": Figures(1.0, 50.0),
        "fast": Figures(1.0),
        "gone": Figures(1.0),
    }
    now = {
        "same": Figures(1.1, 50.0),
        "slow": Figures(1.2, 51.0),
        "fast": Figures(0.5),
        "new": Figures(1.0),
    }
    history.write(tmp_path / "figures.json", before)
    assert history.read(tmp_path / "figures.json") == before
    table = history.compared(now, history.read(tmp_path / "figures.json"))
    rows = [line.split("|")[1:-1] for line in table.splitlines() if " 1 |" in line]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["same", "1.1", "1", "1.10x", "1.000000x", ""],
        ["slow", "1.2", "1", "1.20x", "1.020000x", "slower, worse"],
        ["fast", "0.5", "1", "0.50x", "-", ""],
    ]


@pytest.mark.parametrize("name", sets.SETS)
def test_sets_are_made_around_their_centers(name):
    points, centers = sets.made(name)
    assert points.dtype == np.float32
    np.testing.assert_array_equal(sets.made(name).points, points)
    started = methods.converged(whole(count(points)), centers.astype(np.float64))
    assert sets.centroid_index(started, centers) == 0
    workload = sets.workload(name)
    assert workload.data().shape == (workload.n, 2) == points.shape
    assert workload.k == len(centers)


def test_centroid_index_counts_clusters_in_the_wrong_place():
    true = np.array([[0, 0], [0, 1], [5, 0], [5, 1], [9, 9.0]])
    assert sets.centroid_index(true[::-1] + 0.1, true) == 0
    wrong = true.copy()
    wrong[0] = 9.1, 9
    assert sets.centroid_index(wrong, true) == sets.centroid_index(true, wrong) == 1
    wrong[2] = 9, 8.9
    assert sets.centroid_index(wrong, true) == 2


def of_quality(name, k, title, seconds, above):
    workload = pictures.workload(name, k, (8, 8))
    return quality.Quality(workload, title, seconds, above, np.zeros((k, 3)))


TEN, ONE = quality.OURS
MADE_UP = [
    of_quality("coffee", 8, TEN, 0.02, (0.0, 5e-5, 1e-4)),
    of_quality("coffee", 8, ONE, 0.01, (0.0, 0.0, 2e-4)),
    of_quality("coffee", 8, "cv2", 1.5, (0.03,)),
    of_quality("chelsea", 8, TEN, 0.04, (0.0, 0.0, 0.0)),
    of_quality("chelsea", 8, ONE, 0.02, (2e-4, 2e-4, 2e-4)),
]


def test_quality_is_told_in_tables():
    own = quality.own_table(MADE_UP)
    assert [cell.strip() for cell in own[2].split("|")[1:-1]] == [
        *("coffee", "8", "+0.005%", "+0.01%", "0.02", "+0%", "+0.02%", "0.01")
    ]
    assert len(own) == 4
    assert "| +3% in 1.5 s |" in quality.peers_table(MADE_UP)[2]
    assert quality.peers_table(MADE_UP)[3].endswith(" - |")
    [ten] = [line for line in quality.summary(MADE_UP) if TEN in line]
    assert [cell.strip() for cell in ten.split("|")[2:-1]] == [
        *("8", "0.03", "+0.0025%", "+0.01%")
    ]


def test_quality_is_judged_by_the_worst_seed_of_all_pictures():
    assert list(quality.within(MADE_UP, {8: 1e-4, 16: 1e-3})) == [
        f"K=8 within 0.01%, {TEN}: reached (in the median on 2 of 2, "
        "in the worst seed on 2; the highest is +0.01%)",
        f"K=8 within 0.01%, {ONE}: missed (in the median on 1 of 2, "
        "in the worst seed on 0; the highest is +0.02%)",
    ]


def test_quality_is_measured_against_the_best(tmp_path, monkeypatch):
    monkeypatch.setattr(quality, "PEERS", [BY_KEY["pillow"]])
    workloads = [pictures.workload("coffee", 3, (40, 50)), sets.workload("S1")]
    settings = {"seeds": 2, "anew": False, "seconds": 0.0}
    found = quality.measured(workloads, tmp_path / "best.json", list, **settings)
    told = [(q.workload, q.title, len(q.above)) for q in found]
    picture, points = workloads
    assert told == [
        (picture, TEN, 2),
        (picture, ONE, 2),
        (picture, BY_KEY["pillow"].title, 1),
        (points, TEN, 2),
        (points, ONE, 2),
    ]
    assert all(q.seconds > 0 and min(q.above) > -1e-6 for q in found)
    assert "Clusters in the wrong place:" in pictures.of_sets(found[3:])


def test_growth_ends_where_it_takes_too_long(monkeypatch):
    sizes = growth.of_k([2, 3, 4], side=16)
    assert [k for k, _ in growth.curve("ours", sizes, 60.0)] == [2, 3, 4]
    assert [k for k, _ in growth.curve("opencv", sizes, 0.0)] == [2]
    monkeypatch.setattr(growth, "MOST", 0)
    assert growth.curve("opencv", sizes, 60.0) == []
    assert len(growth.curve("ours", growth.of_pixels([0.0001]), 60.0)) == 1


def test_growth_lays_out_tissue(monkeypatch):
    monkeypatch.setattr(growth, "TILE", 16)
    image = growth.tissue((20, 40))
    assert image.shape == (20, 40, 3)
    np.testing.assert_array_equal(image[:16, 16:32], image[:16, :16])
    np.testing.assert_array_equal(image[16:, :16], image[:4, :16])


CURVES = {"ours": [(2, 0.5), (16, 0.75)], "theirs": [(2, 1234.5)]}


def test_growth_is_told_in_a_table():
    rows = [line.split("|")[1:-1] for line in growth.table("K", CURVES)]
    assert [[cell.strip() for cell in row] for row in [rows[0], *rows[2:]]] == [
        ["K", "ours, s", "theirs, s"],
        ["2", "0.5", "1234"],
        ["16", "0.75", "-"],
    ]


def test_plots_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    plots.quality(MADE_UP, tmp_path / "quality.png")
    plots.growth([("pixels", CURVES), ("K", CURVES)], tmp_path / "growth.png")
    for drawn in tmp_path.iterdir():
        assert drawn.read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 2


def test_window_is_measured_in_the_first_run_of_a_session_and_later_ones():
    command = [sys.executable, "-m", "benchmarks.window", "--picture", "small"]
    done = subprocess.run(
        [*command, "-k", "3"], capture_output=True, text=True, check=True
    )
    rows = [line.split("|") for line in done.stdout.splitlines() if "| 3 |" in line]
    assert [row[3].strip() for row in rows] == ["first", "second", "K + 1"]
    for row in rows:
        seconds, longest = float(row[4]), float(row[5].removesuffix(" s "))
        assert 0 < longest < seconds + 1
    assert "- Target: an answer within 0.25 s: " in done.stdout
