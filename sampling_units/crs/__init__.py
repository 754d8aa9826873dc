"""Coordinate systems: from what a file names to metres and back."""
