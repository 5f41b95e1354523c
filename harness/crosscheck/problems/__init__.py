"""Data x network x initial weights x alpha x iterations, and the cases made of them."""
