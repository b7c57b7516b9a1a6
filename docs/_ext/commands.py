"""Commands of the program, as its own help tells of them.

``{command} palette merge`` is how the command is called, an example, and tables of its
arguments and options: its own first, then those that it shares with other commands.
"""

import re
from dataclasses import fields, is_dataclass
from typing import Any

import typer
from docutils.nodes import Node
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from napari_kmeans.cli import groups, main

#: The groups of options that commands share, by what each says of itself.
GROUPS = {
    group.__doc__: {field.name for field in fields(group)}
    for group in vars(groups).values()
    if is_dataclass(group)
}


def found(*names: str) -> tuple[Any, Any]:
    """Return a command by its names, and what it is called in."""
    command: Any = typer.main.get_command(main)
    context = command.context_class(command, info_name="napari-kmeans")
    for name in names:
        command = command.commands[name]
        context = command.context_class(command, parent=context, info_name=name)
    return command, context


def plain(text: str) -> str:
    """Return text that Markdown leaves as it is."""
    return re.sub(r"([\\`*_<>\[\]|$])", r"\\\1", text)


def row(parameter: Any, context: Any) -> str:
    """Return how a parameter is given, what it does, and what it is by default."""
    names, says = parameter.get_help_record(context)
    says, _, rest = says.partition("  [")
    default = re.sub(r"default: |]$", "", rest)
    if default.startswith("("):  # told in words
        default = plain(default[1:-1])
    elif default not in ("", "required"):
        default = f"`{default}`"
    each = ", ".join(f"`{name}`" for name in names.split(", "))
    by_default = f" *Default:* {default}." if default not in ("", "required") else ""
    return f"* - {each}\n  - {plain(says)}{by_default}"


def tables(command: Any, context: Any) -> list[str]:
    """Return a table of arguments, and one of each group of options."""
    own, said = "Options.", {"help", "version"}
    named: dict[str, list[str]] = {"Arguments.": [], own: []}
    for parameter in command.get_params(context):
        of = (title for title, names in GROUPS.items() if parameter.name in names)
        title = next(of, own)
        if parameter.param_type_name == "argument":
            title = "Arguments."
        if parameter.name not in said:
            named.setdefault(title, []).append(row(parameter, context))
    lines = []
    for title, rows in named.items():
        if rows:
            head = f":::{{list-table}} {title.rstrip('.')}"
            lines += [head, ":class: options", ":widths: 30 70", "", *rows, ":::", ""]
    return lines


class Command(SphinxDirective):
    """Write what the help of a command says."""

    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[Node]:
        """Return what one would write by hand, in Markdown."""
        self.env.note_reread()  # it is not the page alone that changes
        command, context = found(*self.arguments)
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        example = re.sub(r"^\x08\nExample:\n", "", command.epilog or "")
        lines = [plain(command.help), "", "```none", usage, "```", ""]
        if example:
            told = [line.strip() for line in example.splitlines()]
            lines += ["For example:", "", "```sh", *told, "```", ""]
        return self.parse_text_to_nodes("\n".join([*lines, *tables(command, context)]))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("command", Command)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
