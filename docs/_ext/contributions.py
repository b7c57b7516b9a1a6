"""What the plugin's manifest, ``napari.yaml``, adds to napari.

``{contributions} readers`` is a table of those of a kind.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from docutils.nodes import Node
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import napari_kmeans

MANIFEST = yaml.safe_load(
    Path(napari_kmeans.__file__).with_name("napari.yaml").read_text(encoding="utf-8")
)
PLUGIN = MANIFEST["name"]


def code(*names: str) -> str:
    """Return names as code, with commas in between."""
    return ", ".join(f"`{name}`" for name in names)


def called(kind: str, entry: dict[str, Any]) -> str:
    """Return how a script asks for what a contribution does."""
    name = entry["display_name"]
    return {
        "widgets": f'viewer.window.add_plugin_dock_widget("{PLUGIN}", "{name}")',
        "sample_data": f'viewer.open_sample("{PLUGIN}", "{entry.get("key")}")',
    }[kind]


def table(kind: str) -> Iterator[tuple[str, ...]]:
    """Give the head of a table, and its rows."""
    contributions = MANIFEST["contributions"]
    titles = {each["id"]: each["title"] for each in contributions["commands"]}
    entries = contributions[kind]
    if kind == "commands":
        yield "Command", "What it does"
        for each in entries:
            yield code(each["id"]), each["title"]
    elif kind == "menus":
        yield "Menu", "Entry"
        for menu, items in entries.items():
            for item in items:
                yield code(menu), titles[item["command"]]
    elif kind == "readers":
        yield "Files", "What is done", "Folders"
        for each in entries:
            folders = "yes" if each.get("accepts_directories") else "no"
            files = code(*each["filename_patterns"])
            yield files, titles[each["command"]], folders
    elif kind == "writers":
        yield "In the dialog", "Of layers", "Files"
        for each in entries:
            files = code(*each["filename_extensions"])
            yield each["display_name"], ", ".join(each["layer_types"]), files
    elif kind == "configurations":
        yield "Preference", "What it is"
        for page in entries.values():
            for each in page["properties"].values():
                yield each["title"], f"{each['description']} *{values(each)}*"
    else:
        yield "Name", "From a script"
        for each in entries:
            yield each["display_name"], code(called(kind, each))


def values(preference: dict[str, Any]) -> str:
    """Return what a preference may be, and is by default, as Python has it."""
    least, most = (preference.get(name) for name in ("minimum", "maximum"))
    of = preference["type"]
    if "enum" in preference:
        of = code(*preference["enum"])
    elif most is not None:
        of = f"{of}, {least:,} to {most:,}"
    elif least is not None:
        of = f"{of}, at least {least:g}"
    return f"{of}; default {code(str(preference['default']))}"


class Contributions(SphinxDirective):
    """Write a table of the contributions of a kind."""

    required_arguments = 1

    def run(self) -> list[Node]:
        """Return what one would write by hand, in Markdown."""
        self.env.note_reread()  # it is not the page alone that changes
        head, *rows = table(self.arguments[0])
        rule = ["---"] * len(head)
        lines = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("contributions", Contributions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
