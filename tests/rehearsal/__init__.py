"""The deployment that docs/deploy.md describes, rehearsed against the embedded AWS: ``make e2e``."""
