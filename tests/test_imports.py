"""Imports go down: no room knows what is above it, no two modules each other."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import napari_kmeans

ROOT = Path(napari_kmeans.__file__).parent

#: The rooms, from the ground up, and what each knows of those before it.
BELOW = {
    "core": set(),
    "estimator": {"core"},
    "layers": {"core"},
    "sample_data": {"core", "layers"},
    "omezarr": {"core", "layers"},
    "files": {"core", "layers", "omezarr"},
    "batch": {"core", "layers", "files"},
    "palettes": {"core", "layers", "files"},
    "plugin": {"core", "layers", "omezarr", "files", "batch", "palettes"},
    "signals": set(),
    "cli": {
        "core",
        "layers",
        "sample_data",
        "omezarr",
        "files",
        "batch",
        "signals",
    },
    "__main__": {"signals", "cli"},
    "__init__": {"core", "estimator", "layers", "files", "batch"},
}

#: The rooms of core, from the ground up: each knows those before it.
FLOORS = [
    *("run", "spaces", "arrays", "validation", "options", "kernels", "data"),
    *("labeled", "cluster", "reading", "despeckling", "swatches", "palettes"),
    *("losses", "quality", "maps", "dithering", "results"),
    *("census", "tabulation", "fitting", "quantize", "planes", "kmeans", "sweeping"),
]


def imported(path):
    """Return the modules of the project that one imports, for its types only, too."""
    package = path.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            base += tuple(node.module.split(".")) if node.module else ()
            for name in node.names:
                inner = ROOT.joinpath(*base, name.name)
                is_module = inner.is_dir() or inner.with_suffix(".py").exists()
                found.add((*base, name.name) if is_module else base)
    return found


#: Of the whole, the stub has the imports.
MODULES = {
    path.relative_to(ROOT).with_suffix("").parts: imported(path)
    for path in sorted([*ROOT.rglob("*.py"), ROOT / "__init__.pyi"])
}


def test_no_modules_import_each_other():
    graph = {
        module: {name for name in names if name != module}
        for module, names in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(".".join(module) for module in error.args[1]))


@pytest.mark.parametrize("room", BELOW)
def test_rooms_know_only_those_below(room):
    for module, names in MODULES.items():
        if module[0] == room:
            rooms = {name[0] for name in names if name}
            assert rooms <= {room} | BELOW[room], ".".join(module)


def test_what_is_below_a_room_comes_before_it():
    rooms = list(BELOW)
    assert all(BELOW[room] <= {*rooms[:index]} for index, room in enumerate(rooms))


def test_every_room_is_known():
    assert {module[0] for module in MODULES} == {*BELOW}


def test_imports_are_relative():
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert node.module.split(".")[0] != "napari_kmeans", path


@pytest.mark.parametrize("floor", range(len(FLOORS)), ids=FLOORS)
def test_rooms_of_core_know_only_those_below(floor):
    below = {*FLOORS[: floor + 1]}
    for module, names in MODULES.items():
        if module[:2] == ("core", FLOORS[floor]):
            inside = [name for name in names if name[:1] == ("core",) and name[1:]]
            rooms = {name[1] for name in inside}
            assert rooms <= below, ".".join(module)


def test_every_module_of_core_is_in_a_room():
    found = {module[1] for module in MODULES if module[0] == "core"}
    assert found == {*FLOORS, "__init__"}
