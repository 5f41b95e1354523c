"""Has a name and nothing else of the contract."""

name = "lacks"
