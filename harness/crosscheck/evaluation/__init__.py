"""The harness measured: its oracle, its mutation score, its false alarms."""
