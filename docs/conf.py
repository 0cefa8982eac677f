"""Sphinx's configuration of the site; `docs/build.py` puts the pages together and calls Sphinx on them.

Sphinx with myst-nb reads the notebooks as they are, with their stored outputs, and Markdown; it runs nothing. KaTeX,
which draws the equations, comes from `docs/package.json`: a page that is looked at needs no other server.
"""

import os
import re
import sys
from pathlib import Path

REPOSITORY = os.environ.get("RWLIB_SITE_REPOSITORY", "").rstrip("/")
"""Address of the repository, for links to its files; empty: no such links."""
BRANCH = os.environ.get("RWLIB_SITE_BRANCH", "main")
sys.path.insert(0, str(Path(os.environ["RWLIB_SITE_ROOT"])))

import rwlib  # noqa: E402

project, author, release = "rwlib", "the authors of rwlib", rwlib.__version__
copyright = "the authors of rwlib; MIT licence"
html_title = "rwlib: GAN image inpainting, built step by step"
language = "en"
extensions = [
    "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinxcontrib.katex",
    "sphinx_copybutton",
]  # fmt: skip
exclude_patterns = ["notebooks/learner"]

# --- notebooks

nb_execution_mode = "off"
nb_merge_streams = True
nb_mime_priority_overrides = [
    ("html", "application/vnd.jupyter.widget-view+json", None)
]  # their still pictures instead
nb_ipywidgets_js = {}
nb_number_source_lines = False
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "attrs_inline", "attrs_block"]
myst_dmath_double_inline = True
myst_heading_anchors = 3
# Links to anchors that are plain HTML: tests/browser/test_site.py follows every link.
suppress_warnings = [
    "myst.xref_missing", "ref.python", "myst.header", "mystnb.unknown_mime_type", "misc.highlighting_failure",
]  # fmt: skip
copybutton_exclude = ".linenos, .gp, .go"

# --- the library's pages, from its docstrings

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
# Values are left out, and defaults shown as they are written: some are paths of the machine that builds the site.
autodoc_default_options = {"members": True, "show-inheritance": True, "no-value": True}
autodoc_preserve_defaults = True
napoleon_google_docstring, napoleon_numpy_docstring = True, False
default_role = "py:obj"  # `name` in a docstring is code, and a link where there is something of that name


def with_literal_blocks(lines):
    """Make the indented blocks of a module's docstring, which are formulas and drawings, literal ones."""
    out, indented = [], False
    for line in lines:
        begins = line.startswith("    ") and not line.startswith("     - ")  # not the cells of a table
        if begins and not indented:
            out += ["", "::", ""]
        if line.strip():
            indented = begins
        out.append(line)
    return out


def to_rst(app, what, name, obj, options, lines):
    """Make a table in Markdown, which some docstrings have, a table in reStructuredText."""
    out, rows = [], []
    for line in [*lines, ""]:
        if re.match(r"\s*\|.*\|\s*$", line):
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
            continue
        if rows:
            out += ["", ".. list-table::", "   :header-rows: 1", ""]
            for row in rows[:1] + rows[2:]:
                out += [f"   {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(row)]
            out += [""]
            rows = []
        # In reStructuredText bars would name a substitution; absolute values are written with them.
        out.append(line if line.startswith("    ") else line.replace("|", "\\|"))
    lines[:] = with_literal_blocks(out[:-1]) if what == "module" else out[:-1]


# --- looks

html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = html_show_sourcelink = False
html_show_sphinx = False
html_favicon = "_static/favicon.svg"
html_last_updated_fmt = None
pygments_style = "a11y-high-contrast-light"
html_theme_options = {
    "use_download_button": False,  # each notebook's page has a link to the learner's version instead
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "home_page_in_toc": True,
}
if REPOSITORY:
    html_theme_options |= {
        "repository_url": REPOSITORY,
        "repository_branch": BRANCH,
        "path_to_docs": "",
        "use_repository_button": True,
    }

katex_css_path = "katex/katex.min.css"  # its fonts lie beside it; the scripts are in sphinxcontrib.katex
katex_options = "throwOnError: false"


def setup(app):
    """Connect."""
    app.connect("autodoc-process-docstring", to_rst)
