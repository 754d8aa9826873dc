"""``kmeans aws``: the commands that plan, start, follow and fetch runs on a deployed stack."""
