"""What runs on AWS: one folder a function, and the contract they share with the CLI and the infrastructure."""
