"""Pages: the reports of exhibits, timings and studies in Markdown."""
