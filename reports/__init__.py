"""What we show: tables, figures and pages from a DataFrame."""
