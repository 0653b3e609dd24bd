"""Sphinx's configuration: Markdown pages by MyST, an executed gallery, nothing from the network.

make docs       # docs/generate.py, then sphinx-build; a warning fails it
"""

import importlib.metadata
import os
import tempfile
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml

ROOT = Path(__file__).resolve().parents[1]

project = "sgbench"
author = "the authors of sgbench"
release = version = importlib.metadata.version("sgbench")

extensions = [
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["generator", "gallery/*.py", "gallery/*.ipynb"]
root_doc = "index"
needs_sphinx = "8.0"

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

html_theme = "furo"
html_title = "sgbench"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["llms.txt"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_math_renderer = "mathml"
pygments_style, pygments_dark_style = "default", "monokai"
python_use_unqualified_type_names = True
autodoc_typehints = "description"

# Examples read the records that come with the package; what they write goes to a temporary folder.
os.environ["SGBENCH_STORE"] = str(Path(tempfile.mkdtemp(prefix="sgbench-docs-"), "store"))
sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "min_reported_time": 60,
    "write_computation_times": False,
    "image_scrapers": ("matplotlib",),
    "remove_config_comments": True,
    "plot_gallery": True,
}


def _inline(self: Any, node: nodes.Element) -> None:
    """Write an equation as MathML, which browsers read as it is: no script, no font."""
    self.body.append(latex2mathml.tex2mathml(node.astext()))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.Element) -> None:
    """Write an equation that stands alone."""
    self.body.append(latex2mathml.tex2mathml(node.astext(), as_block=True))
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Register the renderer of equations."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
