"""Read a picture of 14 megapixels once, and cluster it with every K from 2 to 16.

Run it with ``python examples/sweep.py``; a picture of yours with its name behind that.
"""

import sys
import time

from napari_kmeans import fit, read, read_samples
from napari_kmeans.sample_data import large

picture = read(sys.argv[1])[0] if sys.argv[1:] else large()[0][0]
start = time.perf_counter()
samples = read_samples(picture)
print(f"{samples.n:,} pixels read in {time.perf_counter() - start:.2f} s")
for k in range(2, 17):
    start = time.perf_counter()
    palette = fit(samples, k)
    print(f"{k:2} {palette.compactness:,.0f} {time.perf_counter() - start:.3f} s")
