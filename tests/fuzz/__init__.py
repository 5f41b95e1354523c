"""Malformed files and strange options, drawn from seeds: each must end in an answer or in one line, never otherwise."""
