"""Every implementation on every problem, and why some do not agree."""
