"""``kmeans report``: the page about a folder of results."""
