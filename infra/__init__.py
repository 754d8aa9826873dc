"""The AWS resources, one construct per file; ``stack`` connects them."""
