"""Images with clusters that are known."""

import numpy as np


def blobs(k, seed, n_channels=3, std=6.0, shares=None):
    """Return an image of pixels about k centers that are well apart, in bytes."""
    random = np.random.default_rng(seed)
    while True:
        centers = random.uniform(25, 230, (k, n_channels))
        apart = [
            np.linalg.norm(a - b) for i, a in enumerate(centers) for b in centers[:i]
        ]
        if min(apart) > 7 * std:
            break
    labels = random.choice(k, size=(60, 70), p=shares)
    values = centers[labels] + random.normal(0, std, (60, 70, n_channels))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
