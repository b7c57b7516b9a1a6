"""Names in docstrings, which numpydoc has in single backticks.

A single backtick is a link, as ``conf.py`` has it, and a link that leads nowhere fails
the build. What is public is found from anywhere; arguments and attributes have no page
to lead to, and are told from misspelled names by being those of the API.
"""

import inspect
from functools import cache

from docutils.nodes import Element, TextElement
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata

import napari_kmeans
from members import attributes, bases
from napari_kmeans.plugin.clusters import Clusters
from napari_kmeans.plugin.model import KMeansModel
from napari_kmeans.plugin.settings import DockSettings
from napari_kmeans.plugin.sweeps import Sweeps
from napari_kmeans.plugin.tabulation import Tabulation

#: By what scripts drive the window.
WINDOW = (DockSettings, KMeansModel, Clusters, Tabulation, Sweeps)

#: Where else a name may be.
MODULES = ("napari_kmeans", "napari_kmeans.plugin.settings")


@cache
def names() -> frozenset[str]:
    """Return the arguments, and attributes, of all that scripts use."""
    found: set[str] = set()
    all_ = (getattr(napari_kmeans, name) for name in napari_kmeans.__all__)
    for public in (*all_, *WINDOW):
        members = vars(public).values() if inspect.isclass(public) else [public]
        for member in filter(callable, members):
            found.update(inspect.signature(inspect.unwrap(member)).parameters)
        if inspect.isclass(public):
            for each in attributes(public):
                found.update(each.name.split(", "))
            for base in bases(public):
                found.update(vars(base))
    return frozenset(found)


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: TextElement
) -> Element | None:
    """Find what is elsewhere; let an argument be text, and all else be missed."""
    if node["reftype"] != "obj" or node.get("refdomain") != "py":
        return None
    name, where = node["reftarget"], node.get("refdoc", "")
    for module in MODULES:
        given = app.builder, "obj", f"{module}.{name}", node, content
        if found := env.domains["py"].resolve_xref(env, where, *given):
            return found
    return content if name in names() else None


def setup(app: Sphinx) -> ExtensionMetadata:
    """Answer for links that Sphinx finds no place for."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
