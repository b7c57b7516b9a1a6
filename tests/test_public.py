"""What is public: told of, listed, and used by a script that is checked for types."""

import ast
import inspect
from pathlib import Path

import numpy as np
import pytest

import napari_kmeans
import typed


def test_a_script_uses_all_that_is_public(tmp_path):
    tree = ast.parse(Path(typed.__file__).read_text())
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert {*napari_kmeans.__all__} - used == set()
    image = np.random.default_rng(0).integers(1, 255, (20, 30)).astype(np.uint8)
    assert typed.script(image, tmp_path).startswith("dark ")


def test_the_package_tells_of_all_that_is_public():
    doc = napari_kmeans.__doc__
    assert [name for name in napari_kmeans.__all__ if f"`{name}`" not in doc] == []


def test_all_that_is_public_is_listed():
    listed = dir(napari_kmeans)
    assert {*napari_kmeans.__all__, "__version__"} <= {*listed}
    assert all(hasattr(napari_kmeans, name) for name in listed)


@pytest.mark.parametrize("name", napari_kmeans.__all__)
def test_help_begins_with_a_sentence(name):
    doc = inspect.getdoc(getattr(napari_kmeans, name))
    first, *rest = doc.splitlines()
    assert first.endswith(".")
    assert not rest or rest[0] == ""
