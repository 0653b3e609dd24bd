"""Tables: their entries, and how they are written (`formats`)."""
