"""The harness: identical data and weights for everyone, a oracle, a proved error bound, and verdicts."""
