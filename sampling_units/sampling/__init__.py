"""Draws samples of clusters from sampling frames, with probability proportional to size."""
