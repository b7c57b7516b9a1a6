"""Drawings: figures that the build makes of the code, and diagrams, as SVG in the page.

``{drawing} name`` shows what the function of that name in ``docs/figures.py`` draws;
``{drawing} name.svg`` shows a file of ``docs/figures``. Both take the colors of the
page, light or dark. The text below is the caption.
"""

from io import StringIO
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from matplotlib import pyplot
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import figures

DOCS = Path(__file__).parents[1]


class Drawing(SphinxDirective):
    """A figure, with what it shows in words."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the figure and its caption."""
        name = self.arguments[0]
        file = DOCS / "figures" / name if name.endswith(".svg") else None
        self.env.note_dependency(str(file or figures.__file__))
        svg = file.read_text(encoding="utf-8") if file else drawn(name)
        inline = svg[svg.index("<svg") :].replace(
            "<svg", f'<svg role="img" aria-label="{escaped(self.options["alt"])}"', 1
        )
        figure = nodes.container(classes=["drawing"])
        figure += nodes.raw("", f'<div class="canvas">{inline}</div>', format="html")
        figure += self.parse_content_to_nodes()
        return [figure]


def drawn(name: str) -> str:
    """Return what a function of ``figures`` draws, as SVG."""
    with pyplot.rc_context(figures.STYLE):
        drawing = getattr(figures, name)()
        page = StringIO()
        drawing.savefig(page, format="svg", metadata={"Date": None})
        pyplot.close(drawing)
    return page.getvalue().replace(figures.INK, "currentColor")


def escaped(text: str) -> str:
    """Return text as it may stand between quotation marks."""
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("\n", " ")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("drawing", Drawing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
