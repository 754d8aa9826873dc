"""The clustering function's access to S3: whole objects, by a client that starts fast."""
