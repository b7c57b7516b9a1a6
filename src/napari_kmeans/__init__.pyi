from .core.criteria import Criteria as Criteria
from .core.fitting import fit as fit
from .core.kmeans import kmeans as kmeans
from .core.palette import Palette as Palette
from .core.planes import quantize_planes as quantize_planes
from .core.planes_result import QuantizedPlanes as QuantizedPlanes
from .core.progress import Canceled as Canceled
from .core.quantize import quantize as quantize
from .core.quantize import quantize_samples as quantize_samples
from .core.reading import read_samples as read_samples
from .core.result import ClusteredPoints as ClusteredPoints
from .core.result import QuantizedImage as QuantizedImage
from .files import read as read
from .layers.tuples import to_layers as to_layers

__version__: str
