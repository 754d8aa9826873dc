"""Files in and out: rows, columns and geometries to arrays and back."""
