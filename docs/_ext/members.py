"""What a page shows of a class: the members that are for scripts, and all it holds.

``.. members:: napari_kmeans.Palette`` is a table of properties, one of methods, and
then each of them: those of the package, also where they are inherited, but not those of
scikit-learn or Python. With names below it, those only.
"""

import importlib
import inspect
from functools import cached_property
from types import FunctionType
from typing import Any

from docutils.nodes import Node
from numpydoc.docscrape import NumpyDocString, Parameter
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import napari_kmeans

#: What the package's modules use of each other, and no script has to.
INTERNAL = {
    "Criteria": {"of", "resolve"},
    "ClusteredPoints": {"warn"},
    "Palette": {
        *("check_full", "check_same", "grouped", "has_centers", "own_colors"),
        *("owners", "quantizer_of", "scaled", "shown_in"),
    },
    "QuantizedImage": {"warn"},
    "QuantizedPlanes": {"warn"},
}

KINDS = {
    property: "property",
    cached_property: "property",
    FunctionType: "method",
    classmethod: "method",
}


def bases(made: type) -> list[type]:
    """Return a class, and those that it inherits from and the package has."""
    ours = napari_kmeans.__name__
    return [base for base in made.__mro__ if base.__module__.startswith(ours)]


def members(made: type) -> dict[str, str]:
    """Return of what kind each property and method is that is for scripts."""
    names = {name for base in bases(made) for name in vars(base)}
    if gone := INTERNAL.get(made.__name__, set()) - names:
        raise ValueError(f"{made.__name__} should have {', '.join(sorted(gone))}.")
    kinds = {
        name: KINDS.get(type(inspect.getattr_static(made, name)), "")
        for name in sorted(names - INTERNAL.get(made.__name__, set()))
        if not name.startswith("_")
    }
    return {name: kind for name, kind in kinds.items() if kind}


class Members(SphinxDirective):
    """Write tables of a class's members, and what is said of each."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[Node]:
        """Return what one would write by hand."""
        module, _, name = self.arguments[0].rpartition(".")
        found = members(getattr(importlib.import_module(module), name))
        if names := " ".join(self.content).split():
            found = {each: found[each] for each in names}
        lines = []
        for kind, title in ("property", "Properties"), ("method", "Methods"):
            rows = [f"   ~{name}.{each}" for each in found if found[each] == kind]
            if rows:
                table = [".. autosummary::", "   :nosignatures:", "", *rows]
                lines += [f".. rubric:: {title}", "", *table, ""]
        for each, kind in found.items():
            lines += [f".. auto{kind}:: {name}.{each}", ""]
        # In a table, too, `merge` is that of this class.
        context = self.env.ref_context
        before = {**context}
        context |= {"py:module": module, "py:class": name}
        written = self.parse_text_to_nodes("\n".join(lines))
        context.clear()
        context |= before
        return written


def attributes(made: type) -> list[Parameter]:
    """Return what docstrings tell of attributes: of a class, and those it inherits."""
    held: dict[str, Parameter] = {}
    for base in bases(made):
        for attribute in NumpyDocString(inspect.getdoc(base) or "")["Attributes"]:
            held.setdefault(attribute.name, attribute)
    return [*held.values()]


def unsigned(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, *signature: str | None
) -> tuple[str, str] | None:
    """Leave out how a class is made that functions return, and nobody makes."""
    if what != "class" or NumpyDocString(inspect.getdoc(obj) or "")["Parameters"]:
        return None
    return "", ""


def hold(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Tell all attributes of a class, those that it inherits too."""
    if what != "class" or len(bases(obj)) < 2:
        return
    doc = NumpyDocString("\n".join(lines))
    doc["Attributes"] = attributes(obj)
    lines[:] = str(doc).splitlines()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive, and what is before numpydoc with docstrings."""
    app.add_directive("members", Members)
    app.connect("autodoc-process-signature", unsigned, priority=400)
    app.connect("autodoc-process-docstring", hold, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
