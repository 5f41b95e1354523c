"""The learner's function: load, convert, probe, judge, word."""
