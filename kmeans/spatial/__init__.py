"""Points in the plane: the kd-tree, the Hilbert order, bounding circles, footprints and compressed sparse rows."""
