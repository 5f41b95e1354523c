"""An answer held against the oracle: elements, steps, labels, causes, verdict."""
