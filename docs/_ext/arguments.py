"""Names of arguments in docstrings, which numpydoc has in single backticks.

A single backtick is a link, as ``conf.py`` has it, and a link that leads nowhere fails
the build. Arguments and attributes have no page to lead to; they are told from
misspelled names by being those of the API.
"""

import inspect
from functools import cache

from docutils.nodes import Element, TextElement
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata

import napari_kmeans
from members import attributes


@cache
def names() -> frozenset[str]:
    """Return the arguments, and attributes, of all that is public."""
    found: set[str] = set()
    for name in napari_kmeans.__all__:
        public = getattr(napari_kmeans, name)
        members = vars(public).values() if inspect.isclass(public) else [public]
        for member in filter(callable, members):
            found.update(inspect.signature(inspect.unwrap(member)).parameters)
        if inspect.isclass(public):
            found.update(vars(public))
            found.update(attribute.name for attribute in attributes(public))
    return frozenset(found)


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: TextElement
) -> Element | None:
    """Let the name of an argument be text, and everything else be missed."""
    if node["reftype"] == "obj" and node["reftarget"] in names():
        return content
    return None


def setup(app: Sphinx) -> ExtensionMetadata:
    """Answer for links that Sphinx finds no place for."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
