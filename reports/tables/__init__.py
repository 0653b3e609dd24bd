"""Tables: cells with intervals, as Markdown, LaTeX and CSV."""
