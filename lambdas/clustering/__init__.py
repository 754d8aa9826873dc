"""The clustering function: one file or a batch of files from bucket to bucket."""
