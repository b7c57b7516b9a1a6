"""What is handed out: complete, and of use without napari and without Qt."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import napari_kmeans

ROOT = Path(__file__).parents[1]
PACKAGE = Path(napari_kmeans.__file__).parent
NAME = f"napari_kmeans-{napari_kmeans.__version__}"

# Blocks what a machine without napari and Qt does not have, then uses the wheel.
SCRIPT = """
import sys

wheel, *absent = sys.argv[1:]
sys.path.insert(0, wheel)
sys.modules.update(dict.fromkeys(absent))

import numpy as np
import napari_kmeans

assert napari_kmeans.__file__.startswith(wheel), napari_kmeans.__file__
image = np.array([[0, 0, 0], [9, 9, 9]], np.uint8)
print(napari_kmeans.quantize(image, k=2).centers.tolist())
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "hatchling", "build", "--directory", folder]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    return zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl")


def package_files():
    for path in PACKAGE.rglob("*"):
        name = path.relative_to(PACKAGE.parent).as_posix()
        if path.is_file() and "/." not in name and "__pycache__" not in name:
            yield name


def test_wheel_holds_the_package_and_nothing_else(wheel):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == set(package_files())
    assert {f"napari_kmeans/{name}" for name in ("napari.yaml", "py.typed")} <= names
    assert "napari_kmeans/__init__.pyi" in names


def test_wheel_names_its_manifest_command_and_license(wheel):
    info = f"{NAME}.dist-info"
    entry_points = wheel.read(f"{info}/entry_points.txt").decode()
    assert "napari-kmeans = napari_kmeans:napari.yaml" in entry_points
    assert "napari-kmeans = napari_kmeans.__main__:main" in entry_points
    assert "License-Expression: BSD-3-Clause" in wheel.read(f"{info}/METADATA").decode()
    assert f"{info}/licenses/LICENSE" in wheel.namelist()


def test_wheel_brings_no_qt_binding_unless_asked(wheel):
    metadata = wheel.read(f"{NAME}.dist-info/METADATA").decode()
    required = [line for line in metadata.splitlines() if "Requires-Dist" in line]
    bindings = [line for line in required if "pyside" in line or "pyqt" in line.lower()]
    assert bindings
    assert all("extra == 'all'" in line for line in bindings)


def test_source_distribution_holds_the_package_its_tests_and_the_link(built):
    with tarfile.open(built / f"{NAME}.tar.gz") as archive:
        names = set(archive.getnames())
        link = archive.getmember(f"{NAME}/napari.yaml")
    assert {f"{NAME}/src/{name}" for name in package_files()} <= names
    assert f"{NAME}/tests/test_packaging.py" in names
    tested = ("tools/release.py", ".github/workflows/tests.yml")
    assert {f"{NAME}/{name}" for name in tested} <= names
    assert link.linkname == "src/napari_kmeans/napari.yaml"


def test_wheel_works_without_napari_and_qt(wheel, tmp_path):
    wheel.extractall(tmp_path)
    absent = ["napari", "magicgui", "npe2", "qtpy", "superqt", "PySide6", "PyQt6"]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path, *absent],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[[0.0], [9.0]]"
