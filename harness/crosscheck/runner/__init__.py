"""Each implementation in a process of its own: loading, asking, collecting."""
