"""The search for clusters: Lloyd's algorithm, seeding, balanced partitions of a component, and their repair."""
