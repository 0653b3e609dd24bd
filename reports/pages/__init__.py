"""Pages: the reports of exhibits, timings and studies, written by templates."""
