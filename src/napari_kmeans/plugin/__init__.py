"""napari's side: the dock, the layers, the sample data."""
