"""``kmeans split``: one file for each value of a column."""
