"""The AWS resources, one construct a file; ``stack`` wires them together."""
