"""K-means quantization of images and clustering of points, for napari and scripts.

In one step:

- `quantize` an image, `quantize_planes` of a stack each on its own, `kmeans` of points.
- `quantize_many` images with the same clusters: `QuantizedMany`.
- `KMeansQuantizer` in a pipeline of scikit-learn.

Or step by step, as often as one likes once an image is read:

1. Read: `read` a file, `read_samples` of an image, `read_points`.
2. Fit: `fit` a palette, with `Criteria` for when to stop, or `quantize_samples`;
   `sweep` several K, and choose one by the figures of the `Sweep`.
3. Palette: a `Palette` is merged, split, named, recolored and locked.
   `measure` tells the `Quality` of what it paints, `error_map` and `margin_map` where
   it is good and sure, `cloud` shows it among the colors.
4. Paint: `Palette.label` and `Palette.paint` any image, `apply_many` do many,
   `paint_samples` what was read; `dither` mixes its colors. `despeckle` labels and
   `reject` unsure ones, `tabulate` what is in each region; `write_indexed` makes a
   picture of labels, `to_layers` and `one_layer_each` make layers of napari.

Results are a `QuantizedImage`, `QuantizedPlanes`, `ClusteredPoints` and `Despeckled`.
What takes long takes ``progress``, which may raise `Canceled`.

Images are arrays of NumPy, whatever NumPy makes an array of, and of dask; what says its
chunks, as arrays of zarr and h5py do, is read by blocks; a DataArray of xarray gives
DataArrays.
"""

from importlib.util import find_spec

import lazy_loader

__version__ = "0.1.0"

# Nothing is imported before it is used: opening the plugin must cost napari nothing.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)

# Without scikit-learn, whoever asks for it is told what it takes; a star does not ask.
if find_spec("sklearn") is None:
    __all__.remove("KMeansQuantizer")


def __dir__() -> list[str]:
    return [*__all__, "__doc__", "__version__"]
