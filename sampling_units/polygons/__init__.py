"""One polygon for each cluster: unions of cells, or of the cells of a Voronoi diagram."""
