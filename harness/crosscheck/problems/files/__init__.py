"""The user's own data: `.npz`, `.csv` and the course's `.h5`, each read as if it were made to do harm.

A file is opened only if it is a plain one, nothing is unpickled, and how much is read is bounded before anything is
allocated. Whatever is wrong with a file is one sentence, a BadInput.
"""
