"""The demonstration: every province of the Philippines through the real workflow on an embedded AWS."""
