"""Numbers: arrays in, arrays out. Knows neither napari nor Qt nor files."""
