"""OME-Zarr: images larger than memory, read lazily and written region by region.

Read are OME-NGFF 0.4 (Zarr 2) and 0.5 (Zarr 3); written is 0.5. Zarr itself is
imported when it is needed: it is an extra.
"""

from .reading import napari_get_reader, read
from .writing import check_output, write_steps

__all__ = ["check_output", "napari_get_reader", "read", "write_steps"]
