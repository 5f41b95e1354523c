"""What every claim needs: frameworks, rows, pictures, tables."""
