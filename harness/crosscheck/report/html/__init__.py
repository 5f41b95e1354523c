"""The report: one HTML file with all that is known of a run, which asks nothing of a network."""
