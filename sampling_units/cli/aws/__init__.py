"""``kmeans aws``: runs on a deployed stack."""
