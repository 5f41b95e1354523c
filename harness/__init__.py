"""The harness: identical data and weights for everyone, a truth, a proved budget, and verdicts."""
