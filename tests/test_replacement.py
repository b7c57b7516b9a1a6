"""Replacement: whatever ends a run at whatever moment, one of two results is whole."""

import contextlib
import inspect
import os
import re
import sys
from pathlib import Path

import pytest

from napari_kmeans.core.run import replacement, systems
from napari_kmeans.core.run.replacement import replacing

OLD = {"out/": "", "out/part/": "", "out/part/a": "old", "out/b": "old"}
NEW = {"out/": "", "out/b": "new", "out/c": "new"}

HIDDEN = ".napari-kmeans-out"


def tree(folder):
    """Return every file and folder below, hidden ones too, with what it holds."""
    return {
        path.relative_to(folder).as_posix() + "/" * path.is_dir(): (
            path.read_text() if path.is_file() else ""
        )
        for path in folder.rglob("*")
    }


def put(folder, files):
    for name, content in files.items():
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.write_text(content)


def written(folder):
    """Return what a result of these tests holds; they know it by its file b."""
    return "part/a?|b|c" if (folder / "b").exists() else ""


def replace(folder, force=True):
    with replacing(folder, written, force=force) as new:
        for name, content in NEW.items():
            if content:
                (new / Path(name).name).write_text(content)


#: What changes what is on a disk.
CHANGES = {"chmod", "mkdir", "open", "replace", "rmdir", "unlink"}


class Moments:
    """Call something at one of the moments at which Python heeds a signal.

    Those that matter here are before and after what is asked of the system, and when a
    function of the module is entered.
    """

    def __init__(self, at, call, *, changes=False):
        self.at, self.call, self.changes, self.n = at, call, changes, 0

    def __call__(self, frame, event, arg):
        if event in ("c_call", "c_return"):
            counts = getattr(arg, "__module__", "") in ("posix", "_io", "fcntl")
            if self.changes:  # nothing is different before it, and after the last one
                counts &= event == "c_return" and arg.__name__ in CHANGES
        else:
            code = frame.f_code
            counts = event == "call" and code.co_filename == replacement.__file__
            counts &= not code.co_flags & inspect.CO_GENERATOR and not self.changes
        if counts:
            self.n += 1
            if self.n == self.at:
                self.call()

    def __enter__(self):
        sys.setprofile(self)

    def __exit__(self, *_):
        sys.setprofile(None)


def interrupt():
    raise KeyboardInterrupt


@pytest.fixture(params=[{}, OLD], ids=["new", "replaced"])
def before(request):
    return request.param


# Where the moment is that between the opening of a file and its having a name.
left_open = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)


@left_open
def test_interruption_at_any_moment_leaves_the_old_or_the_new(before, tmp_path):
    found = []
    for moment in range(1, 2000):
        place = tmp_path / str(moment)
        put(place, before | {"./": ""})
        moments = Moments(moment, interrupt)
        with contextlib.suppress(KeyboardInterrupt), moments:
            replace(place / "out")
        found.append(tree(place))
        if moments.n < moment:
            break
    assert len(found) > 100
    assert all(tree in (before, NEW) for tree in found)
    # Once the new one is there, it is there to stay.
    is_new = [tree == NEW for tree in found]
    assert is_new == sorted(is_new)
    assert is_new[-1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process to kill")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_end_of_the_process_at_any_moment_loses_nothing(before, tmp_path):
    code = 1
    for moment in range(1, 2000):
        place = tmp_path / str(moment)
        put(place, before | {"./": ""})
        process = os.fork()
        if not process:
            with Moments(moment, lambda: os._exit(1), changes=True):
                replace(place / "out")
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        left = tree(place)
        if before:
            there = [sub(left, "out/"), sub(left, f"{HIDDEN}/old/")]
            assert sub(OLD, "out/") in there or sub(NEW, "out/") in there
        # The next one puts back what was there, unless the new one is in its place.
        stop = (ZeroDivisionError, ValueError)
        with contextlib.suppress(*stop), replacing(place / "out", written):
            raise ZeroDivisionError
        shown = {k: v for k, v in tree(place).items() if not k.startswith(HIDDEN)}
        assert shown in (before, NEW)
        replace(place / "out")
        assert tree(place) == NEW
        if code == 0:
            break
    assert moment > 5
    assert code == 0


def sub(files, folder):
    return {
        name.removeprefix(folder): content
        for name, content in files.items()
        if name.startswith(folder) and name != folder
    }


@left_open
def test_failure_of_any_call_leaves_the_old_or_the_new(before, tmp_path):
    def fail():
        raise OSError(5, os.strerror(5))

    for moment in range(1, 2000):
        place = tmp_path / str(moment)
        put(place, before | {"./": ""})
        moments = Moments(moment, fail)
        with contextlib.suppress(OSError), moments:
            replace(place / "out")
        kept = {k: v for k, v in tree(place).items() if not k.startswith(HIDDEN)}
        assert kept in (before, NEW)
        replace(place / "out")
        assert tree(place) == NEW
        if moments.n < moment:
            break
    assert moment > 100


PLACES = {
    "a file": ("file", "file is a file"),
    "below a file": ("file/a/out", "file is a file"),
    "a link to nothing": (
        "dangling",
        "dangling is a link to .*nowhere, which does not",
    ),
    "below a link to nothing": ("dangling/out", "dangling is a link to"),
    "a link to itself": ("loop", "loop is a link to"),
    "where it runs": (".", "this runs in it"),
    "around where it runs": ("..", "this runs in it"),
    "around everything": ("/", "this runs in it"),
    "where a disk is": ("/proc", "a disk is mounted there"),
}


@pytest.mark.parametrize(("name", "said"), PLACES.values(), ids=PLACES)
@pytest.mark.skipif(sys.platform == "win32", reason="links, and other disks")
def test_place_that_cannot_be_taken_fails_in_a_sentence(
    name, said, tmp_path, monkeypatch
):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("file").touch()
    Path("dangling").symlink_to("nowhere")
    Path("loop").symlink_to("loop")
    before = tree(tmp_path)
    if name == "/proc" and not os.path.ismount(name):
        pytest.skip("no disk is there")
    match = rf"^output={re.escape(name)} should be a folder.*{said}"
    with pytest.raises(ValueError, match=match):
        replace(Path(name))
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("foreign", "said"),
    [
        ({"notes.txt": ""}, "notes.txt"),
        ({".hidden": ""}, ".hidden"),
        ({"c/": ""}, "c/"),
        ({"part/b": ""}, "part/b"),
        ({"z/": "", "z/a": ""}, "z/"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("early", [False, True])
def test_what_is_not_of_a_result_is_never_replaced(
    foreign, said, force, early, tmp_path
):
    """Also where it comes while there is work."""
    out = tmp_path / "out"
    present = {f"out/{name}": content for name, content in foreign.items()}

    def work():
        with replacing(out, written, force=force):
            assert not early
            put(tmp_path, OLD | present)

    if early:
        put(tmp_path, OLD | present)
    match = rf"result, but holds {re.escape(said)}, which"
    with pytest.raises(ValueError, match=match):
        work()
    assert tree(tmp_path) == OLD | present


@pytest.mark.skipif(sys.platform == "win32", reason="no links for everyone there")
@pytest.mark.parametrize("to", ["out/part", "out/b", "nowhere"])
def test_links_are_not_of_a_result(to, tmp_path):
    put(tmp_path, OLD)
    (tmp_path / "out" / "c").symlink_to(tmp_path / to)
    with pytest.raises(ValueError, match=r"but holds c \(no file\), which is not of"):
        replace(tmp_path / "out")


@pytest.mark.parametrize("content", [{}, {".DS_Store": "", "Thumbs.db": ""}])
def test_empty_folder_needs_no_force(content, tmp_path):
    put(tmp_path, {"out/": ""} | {f"out/{name}": "" for name in content})
    replace(tmp_path / "out", force=False)
    assert tree(tmp_path) == NEW


def test_clutter_of_desktops_keeps_no_result_from_being_replaced(tmp_path):
    put(tmp_path, OLD | {"out/.DS_Store": "", "out/part/desktop.ini": ""})
    with pytest.raises(ValueError, match="holds a result already: --force replaces"):
        replace(tmp_path / "out", force=False)
    replace(tmp_path / "out")
    assert tree(tmp_path) == NEW


def test_folders_above_are_made_while_there_is_work_and_stay_with_a_result(tmp_path):
    out = tmp_path / "a" / "b" / "out"
    with contextlib.suppress(ZeroDivisionError), replacing(out, written) as new:
        # On the same disk, so that it can be moved at once.
        assert new.parent.parent == out.parent
        raise ZeroDivisionError
    assert tree(tmp_path) == {}
    replace(out)
    assert tree(out.parent) == NEW


def test_others_in_the_folders_above_are_kept(tmp_path):
    out = tmp_path / "a" / "out"
    with contextlib.suppress(ZeroDivisionError), replacing(out, written):
        (tmp_path / "a" / "notes.txt").touch()
        raise ZeroDivisionError
    assert tree(tmp_path) == {"a/": "", "a/notes.txt": ""}


@pytest.mark.skipif(sys.platform == "win32", reason="other permissions there")
@pytest.mark.parametrize("mode", [0o750, None])
def test_permissions_are_the_usual_or_those_there_were(mode, tmp_path):
    usual, out = tmp_path / "usual", tmp_path / "out"
    usual.mkdir()
    if mode:
        out.mkdir(mode)
        usual.chmod(mode)
    with replacing(out, written) as new:
        # Nobody else looks in before it is whole.
        assert new.parent.stat().st_mode & 0o777 == 0o700
    assert out.stat().st_mode == usual.stat().st_mode


@pytest.mark.skipif(sys.platform == "win32", reason="no links for everyone there")
def test_link_to_a_folder_stays_one(tmp_path):
    put(tmp_path, {"disk/": ""} | {f"disk/{k}": v for k, v in OLD.items()})
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "out")
    replace(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert tree(tmp_path / "disk") == NEW


@pytest.mark.parametrize("spelled", ["out", "sub/../out", "link/out"])
@pytest.mark.skipif(sys.platform == "win32", reason="no links for everyone there")
def test_second_run_is_refused_and_disturbs_nothing(spelled, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    with replacing(tmp_path / "out", written) as new:
        (new / "b").write_text("new")
        before = tree(tmp_path)
        for _ in range(2):
            with pytest.raises(ValueError, match="written by one run at a time, but"):
                replace(tmp_path / spelled)
        assert tree(tmp_path) == before
    assert tree(tmp_path / "out") == {"b": "new"}


def test_runs_onto_neighbors_do_not_meet(tmp_path):
    outer = replacing(tmp_path / "a" / "out", written)
    with outer, replacing(tmp_path / "a" / "other", written):
        pass
    assert tree(tmp_path) == {"a/": "", "a/out/": "", "a/other/": ""}


@pytest.mark.parametrize("left", [False, True])
def test_disk_without_locks_is_used_and_nothing_there_removed(
    left, tmp_path, monkeypatch
):
    def lock(_):
        raise OSError(38, os.strerror(38))

    monkeypatch.setattr(systems, "lock", lock)
    if left:  # by a run that was killed, or by one that is at work
        put(tmp_path, {f"{HIDDEN}/": "", f"{HIDDEN}/new/": ""})
        with pytest.raises(ValueError, match=f"is at work in .*{HIDDEN}"):
            replace(tmp_path / "out")
        assert f"{HIDDEN}/new/" in tree(tmp_path)
    else:
        replace(tmp_path / "out")
        assert tree(tmp_path) == NEW


def test_earlier_result_that_was_left_is_not_removed_for_another(tmp_path):
    """It cannot be put back, and nobody has been asked."""
    left = {f"{HIDDEN}/": "", f"{HIDDEN}/new/": "", f"{HIDDEN}/old/": ""}
    put(tmp_path, left | {f"{HIDDEN}/old/b": "precious", "out/": ""})
    with pytest.raises(ValueError, match=r"a run that was killed has left: move that"):
        replace(tmp_path / "out")
    assert tree(tmp_path)[f"{HIDDEN}/old/b"] == "precious"


@pytest.mark.skipif(sys.platform == "win32", reason="no links for everyone there")
def test_link_in_the_place_of_the_hidden_folder_is_not_followed(tmp_path):
    put(tmp_path, {"mine/": "", "mine/new/": "", "mine/new/b": "precious"})
    before = tree(tmp_path)
    for target in ("mine", "nowhere"):
        (tmp_path / HIDDEN).symlink_to(tmp_path / target)
        with pytest.raises(FileExistsError):
            replace(tmp_path / "out")
        (tmp_path / HIDDEN).unlink()
    assert tree(tmp_path) == before
