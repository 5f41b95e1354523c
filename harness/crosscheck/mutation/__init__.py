"""Known mistakes, each a change to one hook of the reference."""
