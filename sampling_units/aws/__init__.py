"""S3 by boto3, and what a run keeps there: for `kmeans aws` and for the kickoff and summary functions alike."""
