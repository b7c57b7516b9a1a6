"""Files of palettes: their fields, as the schema has them, and one as it is written.

``{schema}`` is a table of all fields; ``{palette}`` a small file, saved by the build.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from docutils.nodes import Node
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from napari_kmeans import fit, read_samples
from napari_kmeans.core.palettes import model

SCHEMA = json.loads(
    Path(model.__file__).with_name("palette.schema.json").read_text(encoding="utf-8")
)


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, str, str]]:
    """Give each field: where it is, of what type, and what is said of it."""
    schema = {**defined(schema), **schema}
    said = schema.get("description", "")
    if path:
        yield path, kind(schema), said
    for name, below in schema.get("properties", {}).items():
        yield from fields(below, f"{path}.{name}" if path else name)
    items = defined(schema.get("items", {}))
    if "properties" in items:
        for name, below in items["properties"].items():
            yield from fields(below, f"{path}[].{name}")


def defined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what is elsewhere in the schema; what is not, as it is."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = SCHEMA["$defs"][name] if name else schema
    return found


def kind(schema: dict[str, Any]) -> str:
    """Return of what type a field is, in words."""
    schema = defined(schema)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(each) for each in schema["anyOf"]))
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(each)}`" for each in schema["enum"])
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    said = " or ".join(types)
    if "array" in types and "items" in schema:
        return said.replace("array", f"array of {kind(schema['items'])}")
    least, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    if "maximum" in schema:
        return f"{said}, {least:,} to {schema['maximum']:,}"
    if least is not None:
        return f"{said}, at least {least:,}"
    return f"{said} above {above}" if above is not None else said


class Schema(SphinxDirective):
    """Write a table of the fields of a palette's file."""

    def run(self) -> list[Node]:
        """Return what one would write by hand, in Markdown."""
        self.env.note_reread()  # it is not the page alone that changes
        rows = [
            f"* - `{path}`\n  - {said} *{of}*" if said else f"* - `{path}`\n  - *{of}*"
            for path, of, said in fields(SCHEMA)
        ]
        head = ":::{list-table}\n:class: options\n:widths: 35 65\n"
        return self.parse_text_to_nodes("\n".join([head, *rows, ":::"]))


class File(SphinxDirective):
    """Write the file of a palette of two clusters."""

    def run(self) -> list[Node]:
        """Return what one would write by hand, in Markdown."""
        self.env.note_reread()
        samples = read_samples(np.array([[1, 3], [8, 8]], np.uint8))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "palette.json")
            fit(samples, k=2).rename(2, "bright").save(path)
            text = path.read_text(encoding="utf-8")
        return self.parse_text_to_nodes(f"```json\n{text}\n```")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("schema", Schema)
    app.add_directive("palette", File)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
