"""``kmeans sample``: selection of clusters from a sampling frame."""
