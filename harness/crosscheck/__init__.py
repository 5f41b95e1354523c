"""The harness: identical data and weights for everyone, an oracle, a proved error bound, and verdicts."""
