"""Tables: their entries, and how they are written as text, Markdown, LaTeX and CSV."""
