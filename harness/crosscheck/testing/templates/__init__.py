"""What `crosscheck init` writes: a right answer to begin with, in five forms. Each file is copied as it is."""
