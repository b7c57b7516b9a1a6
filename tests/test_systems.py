"""Systems: what Windows and macOS do otherwise, as far as that can be had elsewhere."""

import ntpath
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from PIL import Image
from tifffile import imwrite
from typer.testing import CliRunner

import napari_kmeans
from napari_kmeans import __main__ as program
from napari_kmeans import cli, files, omezarr, quantize, signals
from napari_kmeans.batch import listing
from napari_kmeans.batch.folder import Folder
from napari_kmeans.core.run import replacement, systems, threads

IMAGE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def on_windows(monkeypatch):
    """Have the module take the system for Windows, where that can be locked."""
    monkeypatch.setattr(systems, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(systems, "PAUSE", 0.001)


# -- files that are open ---------------------------------------------------------------


def open_below(path):
    """Return what this process has open, or mapped, at a path or below it."""
    process = psutil.Process()
    paths = {file.path for file in process.open_files()}
    paths |= {part.path for part in process.memory_maps()}
    where = os.path.realpath(path)
    return [one for one in paths if one == where or one.startswith(f"{where}{os.sep}")]


@pytest.fixture
def windows(on_windows, monkeypatch):
    """Have nothing that is open be replaced, moved or removed, and locks of Windows."""
    fcntl = pytest.importorskip("fcntl")

    def kept(function):
        def change(*paths, **options):
            for path in paths:
                if open_below(path):
                    raise PermissionError(13, "Access is denied", str(path))
            return function(*paths, **options)

        return change

    def locking(number, mode, _n):
        try:
            fcntl.flock(number, mode)
        except BlockingIOError:
            raise PermissionError(13, "Permission denied") from None

    for name in ("rename", "replace", "remove", "unlink", "rmdir"):
        monkeypatch.setattr(os, name, kept(getattr(os, name)))
    monkeypatch.setattr(shutil, "_use_fd_functions", False)
    modes = {"LK_UNLCK": fcntl.LOCK_UN, "LK_NBLCK": fcntl.LOCK_EX | fcntl.LOCK_NB}
    msvcrt = SimpleNamespace(locking=locking, **modes)
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)


def run(*arguments):
    done = CliRunner().invoke(cli.main, list(map(str, arguments)))
    assert done.exit_code == 0, done.exception or done.output
    return done.output


def test_what_is_open_is_kept(windows):
    """The test of the tests."""
    with open("a", "wb"):
        with pytest.raises(PermissionError):
            os.replace("a", "b")
        with pytest.raises(PermissionError):
            shutil.rmtree(Path.cwd())
    os.replace("a", "b")


@pytest.mark.parametrize("name", ["photo.png", "photo.tif", "photo.gif", "photo.bmp"])
def test_what_was_read_can_be_replaced(windows, name):
    Image.fromarray(IMAGE).save(name)
    data, _, _ = files.read(name)
    os.replace(name, "elsewhere")
    assert data.shape == IMAGE.shape


def test_a_folder_that_was_read_can_be_removed(windows):
    os.mkdir("stack")
    for at in range(2):
        imwrite(f"stack/{at}.tif", IMAGE, photometric="rgb")
    data, _, _ = files.read("stack")
    np.testing.assert_array_equal(data[1], IMAGE)
    shutil.rmtree("stack")


OUTPUTS = ["out", "out.zarr", "out.png", "out.gif"]


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_result_is_written_and_replaced(windows, folder, output):
    Image.fromarray(IMAGE).save("a.png")
    run("quantize", "a.png", "-k", 3, "-o", output)
    run("quantize", "a.png", "-k", 2, "-o", output, "--force")
    assert {path.name for path in folder.iterdir()} == {"a.png", output}


def test_labels_are_written_into_their_source_and_replaced(windows):
    omezarr.write("in.zarr", quantize(IMAGE, 4, rgb=True))
    for k in (3, 2):
        run("quantize", "in.zarr", "-k", k, "--into-source", "--label", "a", "--force")
    assert len(omezarr.read("in.zarr")) == 3
    assert list(Path("in.zarr").rglob(".napari*")) == []


def test_a_batch_is_written_and_goes_on(windows, folder):
    os.mkdir("in")
    for name in "ab":
        Image.fromarray(IMAGE).save(f"in/{name}.png")
    run("batch", "in", "-k", 2, "-o", "out")
    run("batch", "in", "-k", 2, "-o", "out", "--resume")
    run("batch", "in", "-k", 3, "-o", "out", "--force")
    run("apply", "out/palette.json", "in/a.png", "in/b.png", "-o", "out", "--force")
    run("palette", "convert", "out/palette.json", "out/palette.gpl")
    assert {path.name for path in folder.iterdir()} == {"in", "out"}


def test_one_run_at_a_time_writes_to_a_folder(windows):
    with replacement.replacing(Path("out"), lambda _: ""):
        again = replacement.replacing(Path("out"), lambda _: "")
        with pytest.raises(ValueError, match="one run at a time"), again:
            pass
    assert Path("out").is_dir()


@pytest.mark.parametrize("times", [0, 3])
def test_what_is_open_for_a_moment_is_waited_for(on_windows, times):
    """As by a scanner for viruses."""
    left = [times]

    def change(path):
        if left[0]:
            left[0] -= 1
            raise PermissionError(13, "Access is denied", path)
        os.mkdir(path)

    systems.patiently(change, "made")
    assert left == [0]
    assert Path("made").is_dir()


def test_what_stays_open_is_told(on_windows, monkeypatch):
    monkeypatch.setattr(systems, "PATIENCE", 0.01)

    def change(path):
        raise PermissionError(13, "Access is denied", path)

    with pytest.raises(PermissionError, match="Access is denied: 'a'"):
        systems.patiently(change, "a")


@pytest.mark.parametrize("name", ["out.png", "out"])
def test_what_is_read_only_is_told_before_any_work_and_stays(windows, folder, name):
    Image.fromarray(IMAGE).save("a.png")
    run("quantize", "a.png", "-k", 3, "-o", name)
    kept = next(
        path for path in (folder / name, folder / name / "labels.png") if path.is_file()
    )
    kept.chmod(0o444)
    before = kept.read_bytes()
    command = ["quantize", "a.png", "-k", "2", "-o", name, "--force"]
    done = CliRunner().invoke(cli.main, command)
    assert done.exit_code == 2
    assert (
        f"Error: output={name} could not be written: Permission denied" in done.stderr
    )
    assert kept.read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {"a.png", name}


def test_elsewhere_nothing_is_waited_for(monkeypatch):
    monkeypatch.setattr(systems, "sys", SimpleNamespace(platform="linux"))
    tried = []

    def change():
        tried.append(1)
        raise PermissionError

    with pytest.raises(PermissionError):
        systems.patiently(change)
    assert tried == [1]


@pytest.mark.parametrize(("platform", "mode"), [("linux", 0o700), ("win32", 0o777)])
def test_what_is_moved_out_of_a_private_folder_is_as_usual(platform, mode, monkeypatch):
    """Python has 0o700 mean, on Windows, a list of access that moves along."""
    modes = []
    monkeypatch.setattr(systems, "sys", SimpleNamespace(platform=platform))
    monkeypatch.setattr(os, "mkdir", lambda _path, mode=0o777: modes.append(mode))
    systems.make_private(Path("hidden"))
    assert modes == [mode]


def test_every_hidden_folder_is_made_so(monkeypatch):
    made = []

    def make(folder):
        made.append(folder.name)
        folder.mkdir()

    monkeypatch.setattr(systems, "make_private", make)
    with replacement.replacing(Path("out"), lambda _: ""):
        pass
    with replacement.replacing_file(Path("a.csv")) as new:
        new.touch()
    assert made[0] == ".napari-kmeans-out"
    assert len({*made}) == 2
    assert sorted(os.listdir()) == ["a.csv", "out"]


# -- places ----------------------------------------------------------------------------


def test_a_drive_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    with pytest.raises(ValueError, match=r"output=a/b should be a folder, but .* is"):
        replacement.check(Path("a/b"), lambda _: "")


@pytest.fixture
def spelled(monkeypatch):
    """A folder that has two names, as by capitals: "Work" is also "WORK"."""
    os.mkdir("Work")
    os.symlink("Work", "WORK")
    monkeypatch.setattr(os.path, "realpath", os.path.abspath)  # leaves them as they are


@pytest.mark.skipif(sys.platform == "win32", reason="no links for everyone there")
def test_capitals_make_no_other_folder(spelled, monkeypatch):
    monkeypatch.chdir("Work")
    with pytest.raises(ValueError, match="this runs in it"):
        replacement.check(Path("../WORK"), lambda _: "")


@pytest.mark.skipif(sys.platform == "win32", reason="no links for everyone there")
def test_the_folder_that_is_read_is_no_output_in_capitals(spelled):
    Image.fromarray(IMAGE).save("Work/a.png")
    with pytest.raises(ValueError, match="should be a folder apart from Work"):
        Folder.of("Work", "WORK")


def test_labels_differ_by_more_than_capitals():
    omezarr.write("in.zarr", quantize(IMAGE, 2, rgb=True))
    with pytest.raises(ValueError, match="'Kmeans' should differ from 'kmeans'"):
        omezarr.labeling("in.zarr", "Kmeans", force=True).__enter__()


@pytest.mark.parametrize("name", ["con", "NUL", "com1", "Aux.a", "lpt9"])
def test_labels_are_not_called_as_devices(name):
    with pytest.raises(ValueError, match="should be the name of a folder"):
        omezarr.labeling("in.zarr", name).__enter__()
    assert systems.usable(name) != name


@pytest.mark.parametrize("name", ["a:b", "a?", 'a"b', "a\\b", "a.", "a ", "NUL", "..."])
def test_usable_names_are_names_on_windows(name):
    found = systems.usable(name)
    assert PureWindowsPath(found).name == found
    assert not PureWindowsPath(found).is_reserved()
    assert not re.search(r'[<>:"/\\|?*]|[. ]$', found)
    assert systems.usable(found) == found


@pytest.fixture
def windows_paths(monkeypatch):
    """Have the names of results be found as on Windows."""
    monkeypatch.setattr(listing, "Path", PureWindowsPath)
    monkeypatch.setattr(listing, "os", SimpleNamespace(path=ntpath))


def test_results_of_several_drives_have_names(windows_paths):
    found = listing.titles([r"C:\in\a.png", r"D:\in\a.png", r"D:\b.png"])
    assert found == ["C-in-a.png", "D-in-a.png", "b"]


def test_results_of_other_folders_have_names(windows_paths):
    assert listing.titles([r"C:\in\x\a.png", r"C:\in\y\a.png"]) == [
        "x-a.png",
        "y-a.png",
    ]


def test_relative_and_absolute_paths_go_together(folder):
    assert listing.titles(["a.png", str(folder / "b.png")]) == ["a", "b"]
    found = listing.titles(["x/a.png", str(folder / "y" / "a.png")])
    assert found == ["x-a.png", "y-a.png"]


def test_a_result_is_not_called_as_the_table_in_capitals():
    assert listing.titles(["Table.csv.png"], {"table.csv"}) == ["Table.csv-"]


def test_a_result_of_a_pattern_has_a_name():
    Image.fromarray(IMAGE).save("a.png")
    run("batch", "?.png", "-k", 2)
    assert sorted(os.listdir()) == ["a.png", "images-kmeans"]


# -- what desktops put into folders ----------------------------------------------------


@pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini", "Desktop.ini", "._a.png"])
def test_clutter_is_neither_an_image_nor_a_result(name):
    os.mkdir("in")
    for at in "ab":
        Image.fromarray(IMAGE).save(f"in/{at}.png")
    Path("in", name).write_bytes(b"\0")
    assert [Path(path).name for path in listing.listed("in")] == ["a.png", "b.png"]
    assert files.read("in")[0].shape == (2, *IMAGE.shape)
    run("apply", saved(), "in/a.png", "-o", "out")
    Path("out", "a", name).write_bytes(b"\0")
    run("apply", saved(), "in/a.png", "-o", "out", "--force")


def saved():
    quantize(IMAGE, 2, rgb=True).palette.save("palette.json")
    return "palette.json"


# -- the command line ------------------------------------------------------------------


def test_patterns_are_left_to_the_program(monkeypatch):
    """On Windows typer would make several arguments also of what is in quotes."""
    asked = []
    monkeypatch.setattr(cli, "main", lambda **options: asked.append(options))
    with signals.handled(signal.SIG_DFL):
        program.main()
    assert asked == [{"windows_expand_args": False}]


def test_apply_takes_patterns_that_no_shell_has_expanded(monkeypatch):
    for name in ("a2.png", "a10.png", "[b].png"):
        Image.fromarray(IMAGE).save(name)
    run("apply", saved(), "a*.png", "[b].png", "-o", "out")
    assert sorted(os.listdir("out")) == ["[b]", "a10", "a2"]
    expected = ["a2.png", "a10.png", "[b].png", "c*.png", "https://a.org/?.png"]
    given = ["a*.png", "[b].png", "c*.png", "https://a.org/?.png"]
    assert listing.expanded(given) == expected


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_what_an_encoding_lacks_is_told_by_its_number(encoding):
    """As of Windows where it writes into a file or a pipe."""
    quantize(IMAGE, 2, rgb=True).palette.rename(1, "фон").save("фото.json")
    done = subprocess.run(
        [sys.executable, "-m", "napari_kmeans", "palette", "show", "фото.json"],
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    )
    assert b"\\u0444\\u043e\\u043d" in done.stdout
    assert done.stderr == b""


def test_a_program_without_a_console_starts(monkeypatch):
    monkeypatch.setattr(cli, "main", lambda **_: None)
    monkeypatch.setattr(sys, "stdout", None)
    with signals.handled(signal.SIG_DFL):
        program.main()


def test_text_is_written_with_an_encoding_that_is_named():
    """Or as ASCII, which all of them have in common."""
    Image.fromarray(IMAGE).save("a.png")
    quantize(IMAGE, 2, rgb=True).palette.rename(1, "фон µm²").save("p.json")
    encoding = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-8", "LC_ALL": "C"}
    command = [sys.executable, "-m", "napari_kmeans", "batch", "a.png*", "-o", "out"]
    command += ["--model", "p.json", "--pixel-size", "1", "--unit", "um"]
    environment = {**os.environ, **encoding, "PYTHONCOERCECLOCALE": "0"}
    subprocess.run(command, env=environment, capture_output=True, check=True)
    assert "фон µm²" in Path("out/a/centers.csv").read_text("utf-8")
    assert "um²" in Path("out/table.csv").read_text("utf-8")


def test_what_others_read_by_the_encoding_of_the_system_is_ascii():
    stub = Path(napari_kmeans.__file__).with_suffix(".pyi")
    assert stub.read_bytes().isascii()


# -- processors and signals ------------------------------------------------------------


def test_processors_are_counted_where_none_are_kept_from_a_process(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert threads.n_threads() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads.n_threads() == 1


@pytest.mark.skipif(sys.platform == "win32", reason="it has a SIGBREAK")
def test_program_ends_in_order_by_ctrl_break(monkeypatch):
    """Which is a signal on Windows only; here another takes its place."""
    monkeypatch.delattr(signal, "SIGHUP")
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    before = signal.signal(signal.SIGUSR1, lambda *_: None)  # not heard, it is no end
    try:
        with pytest.raises(SystemExit), signals.handled(signals.unwind):
            signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
