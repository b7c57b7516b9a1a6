"""Layers: results as tuples of napari's; no viewer, no Qt."""
