"""``kmeans export``: frames and clustered files for map software."""
