"""One file a claim of the notes."""
