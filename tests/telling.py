"""What progress is told to in tests: it remembers, and stops when it is to."""

from napari_kmeans import Canceled


class Told(list):
    """Remembers each stage and the part of all that was done.

    Parameters
    ----------
    stop : callable, optional
        Gets both; where it returns True, the work is canceled.
    """

    def __init__(self, stop=None):
        super().__init__()
        self._stop = stop

    def __call__(self, stage, part):
        self.append((stage, part))
        if self._stop is not None and self._stop(stage, part):
            raise Canceled

    @property
    def stages(self):
        """The stages without those that follow on themselves."""
        return list(dict.fromkeys(stage for stage, _ in self))

    @property
    def parts(self):
        """The parts of all that were done, one after another."""
        return [part for _, part in self]
