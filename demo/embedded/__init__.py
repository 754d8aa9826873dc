"""AWS on this machine: MiniStack serves S3 and Step Functions on loopback, the real handlers run as local processes."""
