"""
A progress bar, and a way to stop
=================================

Whatever may take long takes `progress`: a function that is told the stage, and the
part of all that is done. What it raises stops the work.
"""

# %%

import matplotlib.pyplot as plt
from skimage.data import coffee

from napari_kmeans import Canceled, quantize

told = []


def show(stage, part):
    told.append((part, stage))


result = quantize(coffee(), k=16, attempts=4, progress=show)

# %%

_, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.plot(*zip(*told), "o-")
ax.set(xlabel="part done", xlim=(-0.03, 1.03))
ax.invert_yaxis()
ax.grid(alpha=0.3)
plt.show()

# %%
# To stop, raise `Canceled`, or an exception of your own:


def stop(stage, part):
    if stage.startswith("Settling") and part > 0.2:
        raise Canceled


try:
    quantize(coffee(), k=16, progress=stop)
except Canceled:
    print("canceled")

# %%
# As a bar of tqdm::
#
#     from tqdm import tqdm
#
#     with tqdm(total=1, bar_format="{l_bar}{bar}") as bar:
#
#         def show(stage, part):
#             bar.set_description(stage, refresh=False)
#             bar.update(part - bar.n)
#
#         quantize(image, k=5, progress=show)
#
# OpenCV cannot be interrupted: a canceled run is left at once, while the attempt that
# it is at goes on, unheard, to its end.
#
# The window has a bar and the button **Cancel**.
#
# Read on: `Canceled`.
