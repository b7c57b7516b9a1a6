"""Clusters as values: what labels and paints images, and can be edited."""
