"""Analysis of records: selection, medians, verdicts, speeds and studies."""
