"""Drawing: figures as files and as SVG in a page."""
