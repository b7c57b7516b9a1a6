"""A cluster of processes: the same bits, whatever becomes of its workers."""

import logging
import os
import signal
import time
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, Future, KilledWorker, LocalCluster, wait
from PIL import Image
from typer.testing import CliRunner

from benchmarks import cluster as benchmark
from benchmarks import large
from napari_kmeans import (
    Canceled,
    cli,
    error_map,
    fit,
    margin_map,
    measure,
    omezarr,
    quantize,
    quantize_many,
    quantize_planes,
    read_samples,
)
from napari_kmeans.cli import resources
from napari_kmeans.core.palettes.numbering import Numbering
from napari_kmeans.core.reading import source as module
from napari_kmeans.core.run import lazy as running
from napari_kmeans.omezarr.layout import Layout
from telling import Told

SHAPE = (190, 170)
CHUNKS = (40, 50, 3)


@pytest.fixture(scope="module", autouse=True)
def silent():
    """Keep pytest from raising, in the scheduler, what it cannot format of its log."""
    logger = logging.getLogger("distributed.scheduler")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, silent):
    """Return a cluster of two processes."""
    folder = str(tmp_path_factory.mktemp("dask"))
    with (
        dask.config.set({"temporary-directory": folder}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
        ) as cluster,
    ):
        yield cluster


@pytest.fixture
def client(cluster):
    """Return the active client of a cluster whose workers are there."""
    with Client(cluster) as client:
        client.wait_for_workers(2)
        yield client


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Let images of a few kilobytes be read as those of gigabytes are."""
    monkeypatch.setattr(module, "SMALL", 0)
    monkeypatch.setattr("napari_kmeans.core.data.samples.DISTINCT", 2**12)
    monkeypatch.setattr("napari_kmeans.core.reading.streamed.FINE", 2**12)
    monkeypatch.setattr("napari_kmeans.core.cluster.settling.FINE", 2**12)
    for name in ("COARSE", "COARSE_PIXELS"):
        monkeypatch.setattr(f"napari_kmeans.core.cluster.settling.{name}", 2**10)
    monkeypatch.setattr("napari_kmeans.core.data.stream.BLOCK", 2**15)
    monkeypatch.setattr("napari_kmeans.core.data.stream.CLUSTER_BLOCK", 2**15)


def smooth():
    field = np.random.default_rng(0).normal(size=(*SHAPE, 3)).cumsum(0).cumsum(1)
    return (field - field.min()) / np.ptp(field)


BYTES = (smooth() * 255).astype(np.uint8)
FLOATS = smooth().astype(np.float32)
MASK = np.random.default_rng(1).random(SHAPE) < 0.5


def assert_same(lazy, eager):
    for name in ("centers", "counts", "palette", "positions"):
        np.testing.assert_array_equal(getattr(lazy, name), getattr(eager, name))
    for name in ("labels", "quantized"):
        assert isinstance(getattr(lazy, name), da.Array)
        array = getattr(lazy, name).compute()
        np.testing.assert_array_equal(array, getattr(eager, name))
    for name in ("compactness", "n_iter", "n_colors", "excluded", "settings"):
        assert getattr(lazy, name) == getattr(eager, name), name


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (BYTES, {}),
        (BYTES, {"mask": MASK}),
        (BYTES, {"color_space": "oklab"}),
        (BYTES, {"scaling": "variance", "no_data": 7}),
        (FLOATS, {}),
        (FLOATS, {"mask": MASK}),
        (FLOATS, {"color_space": "oklab"}),
        (FLOATS, {"scaling": "variance"}),
        (FLOATS, {"weights": MASK.astype(float)}),
        (FLOATS[..., 0], {"init": "k-means++"}),
    ],
)
def test_a_cluster_gives_the_same_bits(image, options, client):
    options = {"k": 4, "attempts": 3, "max_samples": 4000, **options}
    lazy = da.from_array(image, chunks=CHUNKS[: image.ndim])
    memory = None if "weights" in options else 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "_here", None)  # or it would fail
        result = quantize(lazy, memory=memory, **options)
        assert_same(result, quantize(image, **options))


def test_a_small_image_comes_whole(client, monkeypatch):
    monkeypatch.setattr(module, "SMALL", 2**20)
    lazy = da.from_array(FLOATS, chunks=CHUNKS)
    mask = da.from_array(MASK, chunks=70)
    assert_same(quantize(lazy, mask=mask), quantize(FLOATS, mask=MASK))


def test_in_a_task_a_run_keeps_to_its_own_worker(client, monkeypatch):
    """On a cluster that is busy with such tasks, no thread would be left."""
    monkeypatch.undo()  # as it is in the workers

    def centers(image):
        with dask.config.set(scheduler="threads"):
            return quantize(da.from_array(image, chunks=CHUNKS), 3).centers

    futures = [client.submit(centers, BYTES, pure=False) for _ in range(4)]
    for found in client.gather(futures):
        np.testing.assert_array_equal(found, quantize(BYTES, 3).centers)


def read_from(image, before):
    """Return a lazy image that calls a function in the process that reads a block."""

    def read(block_info=None):
        where = tuple(slice(*ends) for ends in block_info[None]["array-location"])
        before(tuple(part.start for part in where))
        return image[where]

    chunks = da.core.normalize_chunks(CHUNKS, image.shape)
    return da.map_blocks(read, chunks=chunks, dtype=image.dtype, meta=image[:0])


@pytest.mark.parametrize("image", [BYTES, FLOATS], ids=["counted", "streamed"])
def test_blocks_stay_where_they_are_read(image, client, tmp_path, monkeypatch):
    received = []
    gather = Client.gather

    def record(self, futures, *args, **kwargs):
        found = gather(self, futures, *args, **kwargs)
        received.extend(found)
        return found

    monkeypatch.setattr(Client, "gather", record)

    def before(start):
        Path(tmp_path, f"{os.getpid()} {start} {time.monotonic_ns()}").touch()

    quantize(read_from(image, before), 3, max_samples=4000, memory=1)
    readers = {int(path.name.split()[0]) for path in tmp_path.iterdir()}
    assert readers <= {info["pid"] for info in client.run(info_of).values()}
    assert len(received) >= 6
    assert not any(shares_pixels(result) for result in received)
    if image is BYTES:  # once
        assert len(list(tmp_path.iterdir())) == 5 * 4


def info_of():
    return {"pid": os.getpid()}


def shares_pixels(result):
    """Whether a result has an array as large as a block in the dtype of the image."""
    parts = result if isinstance(result, (tuple, list)) else [result]
    return any(
        isinstance(part, np.ndarray)
        and part.dtype in (np.uint8, np.float32)
        and part.size >= np.prod(CHUNKS) // 2
        for part in parts
    )


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
@pytest.mark.parametrize("image", [BYTES, FLOATS], ids=["counted", "streamed"])
def test_a_worker_killed_in_the_middle_changes_nothing(image, client, tmp_path):
    killed = tmp_path / "killed"

    def before(start):
        if start == (80, 50, 0) and not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    lazy = read_from(image, before)
    result = quantize(lazy, 3, memory=1)
    assert killed.exists()
    assert_same(result, quantize(image, 3))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_a_block_that_kills_each_worker_is_an_error(client, cluster, monkeypatch):
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)

    def before(start):
        if start == (80, 50, 0):
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(KilledWorker, match="died while running it"):
        quantize(read_from(BYTES, before), 3)


def test_an_error_of_reading_comes_out_and_ends_the_rest(client, cluster):
    def before(start):
        if start == (80, 50, 0):
            raise OSError("chunk 3 is gone")

    with pytest.raises(OSError, match="chunk 3 is gone"):
        quantize(read_from(BYTES, before), 3)
    until_idle(cluster)


def until_idle(cluster):
    """Wait until the scheduler knows of no task."""
    while cluster.scheduler.tasks:
        time.sleep(0.01)


def test_closed_it_reads_no_more(client, cluster, tmp_path):
    def before(start):
        Path(tmp_path, str(start)).touch()
        time.sleep(0.1)

    told = Told(lambda *_: any(tmp_path.iterdir()))
    with pytest.raises(Canceled):
        quantize(read_from(BYTES, before), 3, progress=told)
    until_idle(cluster)
    assert len(list(tmp_path.iterdir())) < 20


def test_blocks_given_up_by_the_cluster_are_an_error(client):
    def before(start):
        time.sleep(0.1)

    def give_up(*_):
        client.cancel([Future(key, client) for key in client.futures])

    with pytest.raises(ConnectionError, match="The cluster has given up blocks"):
        quantize(read_from(BYTES, before), 3, progress=give_up)


def test_a_table_of_colors_goes_to_the_workers_without_a_warning(client):
    """Distributed warns of graphs of more than 10 MB, which 2**24 labels would be."""
    image = np.tile(BYTES, (6, 6, 1))
    result = quantize(da.from_array(image, chunks=(500, 500, 3)), 3)
    labels = client.persist(result.labels)
    wait(labels)
    np.testing.assert_array_equal(labels, quantize(image, 3).labels)


def test_planes_on_their_own_are_labeled_by_the_workers(client, monkeypatch):
    movie = BYTES[..., 0].reshape(5, 38, 170)
    q = quantize_planes(da.from_array(movie, chunks=(2, 20, 100)), 3)
    monkeypatch.setattr(Numbering, "label_valid", None)  # or it would fail
    expected = quantize_planes(movie, 3)
    np.testing.assert_array_equal(q.labels, expected.labels)
    np.testing.assert_array_equal(q.quantized, expected.quantized)


def test_the_command_line_uses_the_cluster(cluster, tmp_path, monkeypatch):
    image = np.tile(BYTES, (6, 7, 1))
    omezarr.write(tmp_path / "in.zarr", quantize(image, 50))
    expected = quantize(quantize(image, 50).quantized, 3)
    monkeypatch.setattr(running, "_here", None)  # or it would fail
    encoded, encode = [], Layout.encode

    def encoding(self, level, chunk):
        encoded.append(level)
        return encode(self, level, chunk)

    monkeypatch.setattr(Layout, "encode", encoding)
    arguments = ["quantize", str(tmp_path / "in.zarr"), "-k", "3", "--memory", "1GB"]
    arguments += ["-o", str(tmp_path / "out.zarr")]
    arguments += ["--scheduler", cluster.scheduler_address]
    done = CliRunner().invoke(cli.main, arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    assert not running.is_distributed()
    written, labels = omezarr.read(str(tmp_path / "out.zarr"))
    np.testing.assert_array_equal(written[0][0], expected.quantized)
    np.testing.assert_array_equal(labels[0][0], expected.labels)
    # Chunks come back as they are stored; only those of several regions do not.
    assert 0 not in encoded


def test_a_cluster_without_work_is_told(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["quantize", "-k", "3", "--scheduler", cluster.scheduler_address]
    done = CliRunner().invoke(cli.main, arguments)
    assert (done.exit_code, done.stderr) == (0, f"Warning: {resources.UNUSED}\n")


def test_the_benchmark_measures(monkeypatch):
    monkeypatch.setattr(large, "BLOCK", 64)
    monkeypatch.setattr(benchmark, "_tile", lambda: BYTES[:64, :64])
    measured = benchmark.measure(benchmark.lazy_image(4 * 64**2 / 1e9), 2)
    assert (measured.n, measured.blocks > 0) == (4 * 64**2, True)
    assert min(measured.making, measured.fit, measured.writing) > 0


def test_a_forecast_is_a_line_through_the_figures():
    found = [
        benchmark.Measured(2, n * 10**9, 1, making=n, fit=3 * n + 5, writing=0)
        for n in (1, 2, 3)
    ]
    told = benchmark.forecast(found)
    assert "takes 2.00 s a gigapixel and 5.0 s more" in told
    assert "100 gigapixels: 3 minutes, or 7 minutes of a worker" in told
    assert "300 GB are read in 0.7 and 0.1 hours" in told


@pytest.mark.parametrize("image", [BYTES, FLOATS], ids=["bytes", "floats"])
def test_quality_and_maps_are_the_same(image, client):
    samples = read_samples(image, rgb=True)
    palette = fit(samples, 4)
    lazy = da.from_array(image, chunks=CHUNKS)
    assert measure(read_samples(lazy, rgb=True), palette) == measure(samples, palette)
    for mapped in (error_map, margin_map):
        np.testing.assert_array_equal(mapped(lazy, palette), mapped(image, palette))


def test_many_images_are_read_and_counted_on_a_cluster(client, tmp_path, monkeypatch):
    images = [BYTES[:90], BYTES[60:], np.ascontiguousarray(BYTES[:, :80])]
    floats = [FLOATS[:90], FLOATS[60:]]
    masks = [MASK[:90], None, None]
    with monkeypatch.context() as patch:
        patch.setattr(running, "_client", lambda: None)
        expected = quantize_many(images, k=4, masks=masks)
        refined = quantize_many(floats, k=3, max_samples=2**12).palette
        table = expected.table()
    paths = [tmp_path / f"{at}.png" for at in range(3)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    for given, out in ((images, masks), (images[::-1], masks[::-1]), (paths, masks)):
        assert quantize_many(given, k=4, masks=out).palette == expected.palette
    found = quantize_many(paths, k=4, masks=masks)
    assert found.table().drop(columns="file").equals(table.drop(columns="file"))
    again = quantize_many(floats[::-1], k=3, max_samples=2**12)
    assert again.palette == refined
    with pytest.raises(ValueError, match=r"none\.png should be a file"):
        quantize_many([paths[0], tmp_path / "none.png"], k=2)
    skipped = quantize_many([*paths, tmp_path / "none.png"], k=2, errors="skip")
    assert [*skipped.failed] == [str(tmp_path / "none.png")]


def test_many_images_are_clustered_on_a_cluster_each_on_its_own(client, monkeypatch):
    monkeypatch.undo()  # the workers know of no small blocks
    images = [BYTES[:90], BYTES[60:], np.ascontiguousarray(BYTES[:, :80])]
    found = quantize_many(images, k=4, common=False)
    with monkeypatch.context() as patch:
        patch.setattr(running, "_client", lambda: None)
        assert quantize_many(images, k=4, common=False).palettes == found.palettes
