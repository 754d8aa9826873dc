"""What a person types: local runs of the clustering, and the demonstration on an embedded AWS."""
