"""The engine of the claims: processes, training in each framework, rows, pictures, tables."""
