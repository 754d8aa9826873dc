"""``kmeans cluster``: files of this machine, on all its cores."""
