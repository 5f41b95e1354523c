"""How a file, a notebook, a folder or several files become a module: read, pruned, and run a statement at a time."""
