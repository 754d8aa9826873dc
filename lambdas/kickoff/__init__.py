"""The kickoff function: finds what is to do and writes the list of batches."""
