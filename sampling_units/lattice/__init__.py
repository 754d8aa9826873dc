"""Whether the rows of a file are cells of a lattice."""
