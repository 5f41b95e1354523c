"""Faults injected while a command runs: `python -m tests.faults --count 300 --seed 1`."""
