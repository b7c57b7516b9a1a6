"""Start-up: what is imported, and when."""

import subprocess
import sys

import pytest

HEAVY = (
    "cv2",
    "numba",
    "dask",
    "pandas",
    "skimage",
    "matplotlib",
    "zarr",
    "napari_kmeans.core.kernels",
)

OPEN = """
import sys
import napari.layers, napari.viewer, magicgui.widgets, qtpy.QtWidgets
before = set(sys.modules)
{code}
print(*sorted(set(sys.modules) - before))
"""


@pytest.mark.parametrize(
    "code",
    [
        "import napari_kmeans",
        "from napari_kmeans import Criteria",
        "from napari_kmeans import read",
        "import napari_kmeans.plugin.widget",
        "import napari_kmeans.plugin.choosing",
        "import napari_kmeans.sample_data",
        "import napari_kmeans.cli",
        "import napari_kmeans.omezarr",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code):
    done = subprocess.run(
        [sys.executable, "-c", OPEN.format(code=code)],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = done.stdout.split()
    assert imported
    assert not [name for name in HEAVY if name in imported]


def test_the_core_imports_neither_napari_nor_qt():
    code = (
        "import sys, numpy\n"
        "from napari_kmeans import quantize, to_layers\n"
        "q = quantize(numpy.eye(3, dtype='u1'), 2)\n"
        "to_layers(q, 'eye'), q.features\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    roots = {name.split(".")[0] for name in done.stdout.split()}
    assert not roots & {"napari", "qtpy", "PySide6", "PyQt6", "PyQt5", "magicgui"}
