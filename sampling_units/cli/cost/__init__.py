"""``kmeans cost``: time and price of a run on AWS."""
