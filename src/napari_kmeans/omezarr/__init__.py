"""OME-Zarr: images larger than memory, read lazily and written region by region.

Read are OME-NGFF 0.4 (Zarr 2) and 0.5 (Zarr 3); written is 0.5, and labels into an
image as that is. Zarr itself is imported when it is needed: it is an extra.
"""

from .labels import labeling
from .reading import napari_get_reader, read
from .writing import fill, plain, replacing, write

__all__ = [
    "fill",
    "labeling",
    "napari_get_reader",
    "plain",
    "read",
    "replacing",
    "write",
]
