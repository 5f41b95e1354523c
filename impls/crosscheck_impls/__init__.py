"""The three models of the notes, written three times: NumPy, PyTorch, JAX, under one interface."""
