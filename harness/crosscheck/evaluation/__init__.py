"""The harness evaluated: its oracle certified, its mutation score, its false alarms, and the same of the baselines."""
