"""Implementations by people who are not us: some right, most of them in trouble."""
