"""Files, names and events made to break the clustering function, and the proof that it refuses each of them."""
