"""K-means quantization of images and clustering of points, for napari and scripts."""

from importlib.util import find_spec

import lazy_loader

__version__ = "0.1.0"

# Nothing is imported before it is used: opening the plugin must cost napari nothing.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)

# Without scikit-learn, whoever asks for it is told what it takes; a star does not ask.
if find_spec("sklearn") is None:
    __all__.remove("KMeansQuantizer")


def __dir__() -> list[str]:
    return [*__all__]
