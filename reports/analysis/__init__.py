"""Analysis of records: selection, verdicts, claims, medians, speeds and studies."""
