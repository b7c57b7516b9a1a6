"""Say what does not agree before a release.

Run it as ``./run tests -e release``, or as ``python tools/release.py`` where Pillow,
PyYAML and tox are installed. It says each thing in a sentence, and exits with 1 if
there is any. ``--build`` builds the documentation, too; ``--tag v1.2.3`` is for the
workflow of a release, which runs when that tag has been made.
"""

import argparse
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
CLASSIFIER = "Programming Language :: Python :: "


def version(root: Path) -> str:
    """Return the version, which is written in the package and nowhere else by hand."""
    source = (root / "src/napari_kmeans/__init__.py").read_text("utf-8")
    [found] = re.findall(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    return found


def citation(root: Path) -> dict:
    """Return what CITATION.cff says."""
    return yaml.safe_load((root / "CITATION.cff").read_text("utf-8"))


def versions(root: Path) -> Iterator[str]:
    """Compare the versions of the package and of CITATION.cff."""
    cited = citation(root).get("version")
    if str(cited) != version(root):
        yield f"CITATION.cff says version {cited}, the package {version(root)}."


def tested(root: Path) -> set[str]:
    """Return the versions of Python that the workflow tests and that may not fail."""
    text = (root / ".github/workflows/tests.yml").read_text("utf-8")
    jobs = yaml.safe_load(text)["jobs"].values()
    rows = [row for job in jobs for row in job["strategy"]["matrix"]["include"]]
    return {
        row["python"]
        for row in rows
        if row["environment"] == "tests" and not row.get("may-fail")
    }


def pythons(root: Path) -> Iterator[str]:
    """Compare classifiers, requires-python and what the workflow tests."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    named = [text.removeprefix(CLASSIFIER) for text in project["classifiers"]]
    named = {text for text in named if re.fullmatch(r"3\.\d+", text)}
    if named != tested(root):
        yield (
            f"The classifiers name Python {listed(named)}, "
            f"but .github/workflows/tests.yml tests {listed(tested(root))}."
        )
    required = project["requires-python"]
    if required != f">={min(named, key=order, default='')}":
        yield f"requires-python is {required}, but classifiers name {listed(named)}."


def order(python: str) -> list[int]:
    """Return what puts versions of Python in order: 3.9 before 3.10."""
    return [int(part) for part in python.split(".")]


def listed(names: set[str]) -> str:
    """Return versions of Python as words."""
    return ", ".join(sorted(names, key=order)) or "none"


def manifests(root: Path) -> Iterator[str]:
    """Compare the manifest at top level with that of the package."""
    top, packaged = root / "napari.yaml", root / "src/napari_kmeans/napari.yaml"
    if top.read_bytes() != packaged.read_bytes():
        yield "napari.yaml is not the same as src/napari_kmeans/napari.yaml."


def changes(root: Path) -> Iterator[str]:
    """Find what is missing in CHANGELOG.md, and the date in CITATION.cff."""
    text = (root / "CHANGELOG.md").read_text("utf-8")
    heading = re.compile(r"^## \[(.+?)\](?: - (\S+))?$", re.MULTILINE)
    _, *parts = heading.split(text)
    sections = list(zip(parts[::3], parts[1::3], parts[2::3], strict=True))
    links = set(re.findall(r"^\[(.+?)\]: ", text, re.MULTILINE))

    for name, _, body in sections:
        if name == "Unreleased" and re.sub(r"^\[.+", "", body, flags=re.M).strip():
            yield "CHANGELOG.md has changes under Unreleased."
        if links and name not in links:
            yield f"CHANGELOG.md has no link for [{name}] at its end, as for others."

    dates = {name: date for name, date, _ in sections if name != "Unreleased"}
    now, released = version(root), citation(root).get("date-released")
    if released is None:
        yield "CITATION.cff has no date-released."
    if now not in dates:
        yield f"CHANGELOG.md has no section of version {now}."
    elif next(iter(dates)) != now:
        yield f"CHANGELOG.md has version {next(iter(dates))} above {now}."
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", dates[now] or ""):
        yield f"CHANGELOG.md has no date for version {now}: ## [{now}] - YYYY-MM-DD."
    elif released is not None and str(released) != dates[now]:
        yield f"CHANGELOG.md says {dates[now]}, CITATION.cff {released}."


def older(root: Path) -> list[str]:
    """Return the names of pictures that are older than the code that they show."""
    return runpy.run_path(str(root / "docs/age.py"))["older"]()


def pictures(root: Path) -> Iterator[str]:
    """Find pictures that may show the window as it was."""
    if names := ", ".join(older(root)):
        yield f"Pictures are older than the code, see docs/pictures.py: {names}."


def git(root: Path, *arguments: str) -> str:
    """Return what git says."""
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.rstrip()


def repository(root: Path, tag: str | None = None) -> Iterator[str]:
    """Find what is not committed, and a tag that should not be there, or is wrong."""
    if changed := git(root, "status", "--porcelain").splitlines():
        names = ", ".join(line[3:] for line in changed)
        yield f"What is in these files is not committed: {names}."
    right = f"v{version(root)}"
    if tag is not None and tag != right:
        yield f"The tag is {tag}, but the version is {version(root)}."
    if tag is None and git(root, "tag", "--list", right):
        yield f"The tag {right} exists already."


def documentation(root: Path) -> Iterator[str]:
    """Build the documentation."""
    command = [sys.executable, "-m", "tox", "-e", "docs"]
    if subprocess.run(command, cwd=root, check=False).returncode:
        yield "The documentation cannot be built: tox -e docs."


#: What holds all the time, and what before a release only.
ALWAYS = (versions, pythons, manifests)
RELEASE = (changes, pictures)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Print what does not agree, and return the exit code."""
    parser = argparse.ArgumentParser(description="Say what does not agree.")
    parser.add_argument("--build", action="store_true", help="build the docs, too")
    parser.add_argument("--tag", help="the tag that has been made")
    options = parser.parse_args(arguments)

    said = [sentence for check in (*ALWAYS, *RELEASE) for sentence in check(root)]
    said += repository(root, options.tag)
    if options.build:
        said += documentation(root)
    print("\n".join(said) or f"All agrees with version {version(root)}.")
    return int(bool(said))


if __name__ == "__main__":
    raise SystemExit(main())
