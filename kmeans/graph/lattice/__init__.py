"""Recognition of points that are the centres of the cells of a lattice."""
