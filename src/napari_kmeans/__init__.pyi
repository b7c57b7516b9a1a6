from .core.fitting import fit as fit
from .core.kmeans import kmeans as kmeans
from .core.options.criteria import Criteria as Criteria
from .core.palettes.palette import Palette as Palette
from .core.planes import quantize_planes as quantize_planes
from .core.quantize import paint_samples as paint_samples
from .core.quantize import quantize as quantize
from .core.quantize import quantize_samples as quantize_samples
from .core.reading.points import read_points as read_points
from .core.reading.source import read_samples as read_samples
from .core.results.image import QuantizedImage as QuantizedImage
from .core.results.planes import QuantizedPlanes as QuantizedPlanes
from .core.results.points import ClusteredPoints as ClusteredPoints
from .core.run.progress import Canceled as Canceled
from .files import read as read
from .files import write_indexed as write_indexed
from .layers.cloud import cloud as cloud
from .layers.parts import one_layer_each as one_layer_each
from .layers.tuples import to_layers as to_layers

__version__: str
