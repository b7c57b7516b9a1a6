"""The check before a release: it finds each thing that does not agree, and says it."""

import pytest

from tools import release

NOW, CITATION, CHANGES = "1.2.0", "CITATION.cff", "CHANGELOG.md"
PROJECT, WORKFLOW = "pyproject.toml", ".github/workflows/tests.yml"
READY = {
    "src/napari_kmeans/__init__.py": f'__version__ = "{NOW}"\n',
    "src/napari_kmeans/napari.yaml": "name: napari-kmeans\n",
    "napari.yaml": "name: napari-kmeans\n",
    CITATION: f"title: Title\nversion: {NOW}\ndate-released: 2026-12-24\n",
    CHANGES: f"""
# Changelog

## [Unreleased]

## [{NOW}] - 2026-12-24

### Added

- All.

## [1.1.0] - 2026-11-24
""",
    PROJECT: """
[project]
requires-python = ">=3.9"
classifiers = [
    "Programming Language :: Python :: 3",
    "Programming Language :: Python :: 3.9",
    "Programming Language :: Python :: 3.10",
    "Typing :: Typed",
]
""",
    WORKFLOW: """
jobs:
  linux:
    strategy:
      matrix:
        include:
          - { python: "3.9", environment: tests }
          - { python: "3.11", environment: tests, may-fail: true }
          - { python: "3.12", environment: lint }
  windows:
    strategy:
      matrix:
        include:
          - { python: "3.10", environment: tests }
""",
    "docs/age.py": "def older():\n    return []\n",
}
LINKED = "[Unreleased]: https://example.org\n[1.1.0]: https://example.org\n"


@pytest.mark.parametrize("check", release.ALWAYS, ids=lambda check: check.__name__)
def test_what_holds_all_the_time_holds_now(check):
    assert list(check(release.ROOT)) == []


def commit(root):
    name = ["-c", "user.name=name", "-c", "user.email=name@example.org"]
    release.git(root, "add", "--all")
    release.git(root, *name, "commit", "--quiet", "--message", "all", "--no-gpg-sign")


@pytest.fixture
def ready(tmp_path):
    """Files that are ready to be released."""
    for name, text in READY.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    release.git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


@pytest.fixture
def said(ready, capsys):
    """What is said of the copy, and the exit code."""

    def run(*arguments):
        code = release.main([*arguments], ready)
        return capsys.readouterr().out.splitlines(), code

    return run


def edit(root, name, old, new):
    text = (root / name).read_text("utf-8")
    assert old in text
    (root / name).write_text(text.replace(old, new), "utf-8")


def test_when_all_agrees_it_says_so(said):
    assert said() == ([f"All agrees with version {NOW}."], 0)


BROKEN = [
    (CITATION, NOW, "9.8", f"CITATION.cff says version 9.8, the package {NOW}."),
    (CITATION, "version: ", "# ", f"says version None, the package {NOW}."),
    (CITATION, "date-released", "# ", "CITATION.cff has no date-released."),
    (CITATION, "-24", "-25", "says 2026-12-24, CITATION.cff 2026-12-25."),
    (CHANGES, "[Unreleased]\n", "[Unreleased]\n- More.\n", "under Unreleased."),
    (CHANGES, f"[{NOW}]", "[9.8]", f"CHANGELOG.md has no section of version {NOW}."),
    (CHANGES, " - 2026-12-24", "", f"CHANGELOG.md has no date for version {NOW}: "),
    (CHANGES, "2026-12-24", "soon", f"CHANGELOG.md has no date for version {NOW}: "),
    (CHANGES, "## [1.2", "## [9.8]\n## [1.2", f"has version 9.8 above {NOW}."),
    (CHANGES, "11-24\n", f"11-24\n\n{LINKED}", f"no link for [{NOW}] at its end"),
    ("napari.yaml", "name: ", "id: ", "napari.yaml is not the same as src/"),
    (PROJECT, ":: 3.10", ":: 3.11", "The classifiers name Python 3.9, 3.11, but"),
    (PROJECT, ">=3.9", ">=3.8", "requires-python is >=3.8, but classifiers name 3.9,"),
    (WORKFLOW, ", may-fail: true", "", "tests.yml tests 3.9, 3.10, 3.11."),
    (WORKFLOW, "lint", "tests", "tests.yml tests 3.9, 3.10, 3.12."),
    ("docs/age.py", "[]", '["a.png", "b.gif"]', "docs/pictures.py: a.png, b.gif."),
]


@pytest.mark.parametrize(("name", "old", "new", "sentence"), BROKEN)
def test_what_does_not_agree_is_said_and_nothing_else(
    said, ready, name, old, new, sentence
):
    edit(ready, name, old, new)
    commit(ready)
    lines, code = said()
    assert len(lines) == 1
    assert sentence in lines[0]
    assert code == 1


def test_several_things_are_said_together(said, ready):
    edit(ready, CITATION, NOW, "9.8")
    edit(ready, CHANGES, "[Unreleased]\n", "[Unreleased]\n- More.\n")
    lines, code = said()
    assert [line.split()[0] for line in lines] == [CITATION, CHANGES, "What"]
    assert code == 1


@pytest.mark.parametrize("old", ["## [Unreleased]\n", "## [1.1.0] - 2026-11-24\n"])
def test_links_of_all_sections_are_well_and_no_change(said, ready, old):
    edit(ready, CHANGES, old, "")
    with (ready / CHANGES).open("a") as file:
        file.write(f"{old}\n{LINKED}[{NOW}]: https://example.org\n")
    commit(ready)
    assert said()[1] == 0


def test_what_is_not_committed_is_named(said, ready):
    edit(ready, "docs/age.py", "return []", "return [] # none")
    (ready / "new").touch()
    sentence = "What is in these files is not committed: docs/age.py, new."
    assert said() == ([sentence], 1)


def test_a_tag_is_made_once(said, ready):
    release.git(ready, "tag", f"v{NOW}")
    assert said() == ([f"The tag v{NOW} exists already."], 1)
    assert said("--tag", f"v{NOW}")[1] == 0


def test_a_tag_of_another_version_is_found(said):
    assert said("--tag", "v9.8") == (
        [f"The tag is v9.8, but the version is {NOW}."],
        1,
    )


@pytest.mark.parametrize("code", [0, 1])
def test_the_documentation_is_built_when_asked(said, ready, code):
    tox = f"import sys\n\nassert sys.argv[1:] == ['-e', 'docs']\nsys.exit({code})\n"
    (ready / "tox.py").write_text(tox)
    commit(ready)
    assert said()[1] == 0
    lines, found = said("--build")
    assert found == code
    assert ("cannot be built" in lines[0]) == bool(code)
