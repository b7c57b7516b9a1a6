"""How Sphinx builds the book: ``./run docs``, or ``tox -e docs``."""

import sys
from pathlib import Path

import napari_kmeans

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "_ext")]

project = "napari-kmeans"
author = "The napari-kmeans developers"
copyright = f"2026, {author}"
version = release = napari_kmeans.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "arguments",
    "commands",
    "contributions",
    "drawing",
    "mathml",
    "members",
    "palettes",
]
exclude_patterns = ["_build", "README.md"]
templates_path = ["_templates"]
# What refers to nothing is a warning, and `tox -e docs` fails at warnings.
nitpicky = True

# Pages are Markdown; docstrings, and the text of examples, are reStructuredText.
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
default_role = "py:obj"
# Quotes are those of Python: one copies them.
smartquotes = False
rst_prolog = ".. py:currentmodule:: napari_kmeans"

# The API, from its docstrings; arguments' types are told there in words.
autodoc_typehints = "none"
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
# A docstring that lacks an argument, or tells of one that is not there, is an error.
# All is checked but what is a matter of taste: where a docstring begins, that each has
# a longer text, an example and what to see also; and that arguments are told of one by
# one and in order, where "as for `quantize`" tells more.
numpydoc_validation_checks = {
    "all",
    *("ES01", "EX01", "GL01", "PR03", "PR04", "RT03", "SA01"),
}
# What drives the window takes what `Palette` takes, and tells that in a line.
numpydoc_validation_exclude = {r"^napari_kmeans\.plugin\."}
# What is returned, and made by nobody, has attributes, and its arguments are those.
numpydoc_validation_overrides = {
    "PR01": [r"(?s)\A(?!.*\nParameters\n-).*\nAttributes\n-"],
}

# Tutorials and how-to pages are scripts. Each is run, and its pictures, tables and
# numbers are what it makes and prints.

sphinx_gallery_conf = {
    "examples_dirs": ["../examples/tutorials", "../examples/how_to"],
    "gallery_dirs": ["tutorials", "how_to"],
    "filename_pattern": r"\.py$",
    # The how-to pages by what is asked most; `measure` and so on are folders.
    "subsection_order": [
        f"../examples/how_to/{name}"
        for name in (
            *("measure", "pixels", "colors", "again", "clusters"),
            *("distances", "files", "others", "programs"),
        )
    ],
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "reference/examples",
    "doc_module": ("napari_kmeans",),
    "reference_url": {"napari_kmeans": None},
    "ignore_repr_types": r"matplotlib\..*",
    "image_scrapers": ("matplotlib",),
    "image_srcset": ["2x"],
    "reset_modules": ("matplotlib", "strict.reset"),
    "reset_modules_order": "both",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 60,
    "remove_config_comments": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "napari-kmeans"
# Pages that are in no section have nothing beside them.
html_sidebars = {page: [] for page in ("index", "compared", "limits", "changelog")}
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
