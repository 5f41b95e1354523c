"""Mutants of source text: generic operators on anyone's Python, as text that replaces text, so that lines stay."""
