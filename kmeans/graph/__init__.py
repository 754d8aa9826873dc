"""The neighbour graph: who is next to whom, its connected components, and the contiguity of clusters."""
