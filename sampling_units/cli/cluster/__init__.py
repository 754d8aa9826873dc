"""``kmeans cluster``: clusters local files, on all cores."""
