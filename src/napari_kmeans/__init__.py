"""K-means quantization of images and clustering of points, for napari and scripts."""

import lazy_loader

__version__ = "0.1.0"

# Nothing is imported before it is used: opening the plugin must cost napari nothing.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
