"""The deployment that the README describes, rehearsed against the embedded AWS: ``make e2e``."""
