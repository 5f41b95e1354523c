"""A claim with an error in it."""

raise ZeroDivisionError("division\nby zero")
