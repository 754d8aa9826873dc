"""The kickoff function: finds the files to cluster and writes the list of batches."""
