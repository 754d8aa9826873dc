"""Parquet, geometries and coordinate systems: files in, arrays out, and back."""
