"""The pages: their code runs, and their links lead to files."""

import re
from pathlib import Path

import napari
import pytest
from skimage.data import coffee
from skimage.io import imsave

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "docs" / "_build"
PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    if BUILT not in path.parents
]


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks_of(page):
    """Return the blocks of Python of a page."""
    return re.findall(r"^```python\n(.*?)^```", text_of(page), re.M | re.S)


def printed_of(page):
    """Return what a page says that its code prints: the blocks of text after it."""
    found = re.findall(r"^```\n\n```text\n(.*?)^```", text_of(page), re.M | re.S)
    return "".join(found)


def links_of(page):
    """Return what a page links to in the repository, pictures included."""
    found = re.findall(r"\]\(([^)\s]+)\)|^```\{figure\} (\S+)", text_of(page), re.M)
    links = ("".join(each).partition("#")[0] for each in found)
    return [link for link in links if link and "://" not in link]


def run(page):
    """Run the code of a page, each block after those before, and return its names."""
    names = {}
    for block in blocks_of(page):
        exec(compile(block, page, "exec"), names)
    return names


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with what the pages read, which is the current one."""
    imsave(tmp_path / "photo.png", coffee())
    imsave(tmp_path / "a.png", coffee()[:200])
    imsave(tmp_path / "b.png", coffee()[200:])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page):
    for link in links_of(page):
        if not link.endswith(".rst"):  # the build makes these, and checks them
            assert (ROOT / page).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("page", [page for page in PAGES if page != "README.md"])
def test_the_code_of_a_page_runs_and_prints_what_it_says(page, folder, capsys):
    run(page)
    said = printed_of(page)
    if said:
        assert capsys.readouterr().out == said


def test_the_readme_runs(viewer, folder, monkeypatch):
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    names = run("README.md")
    assert names["result"].k == 5
    assert names["palette"].names[0] == "dark"
    assert set(names["many"].table()["file"]) == {"a.png", "b.png"}
    assert names["widget"].desk.clusters.k == 5
    assert {layer.name for layer in viewer.layers} >= {"photo", "photo labels"}


def test_the_readme_is_calm():
    assert len(text_of("README.md").splitlines()) <= 150


def test_links_are_found():
    assert "docs/images/live.gif" in links_of("README.md")
    assert "../images/photo.png" in links_of("docs/reference/window.md")
    assert len(blocks_of("README.md")) > 1
