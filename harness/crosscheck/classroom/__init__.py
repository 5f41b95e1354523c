"""A class: every submission judged in a sandbox, graded in parts, grouped by cause, and written out."""
