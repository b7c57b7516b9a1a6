from .core.criteria import Criteria as Criteria
from .core.kmeans import kmeans as kmeans
from .core.planes import QuantizedPlanes as QuantizedPlanes
from .core.planes import quantize_planes as quantize_planes
from .core.quantize import quantize as quantize
from .core.result import ClusteredPoints as ClusteredPoints
from .core.result import QuantizedImage as QuantizedImage
from .files import read as read

__version__: str
