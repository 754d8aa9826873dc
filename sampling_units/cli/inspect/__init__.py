"""``kmeans inspect``: what a file is, and how it was made."""
