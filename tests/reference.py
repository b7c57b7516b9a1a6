"""K-means by brute force: slow, plain, and nothing of the package in it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def squared_distances(rows, centers):
    """Return the squared distance of each row to each center, (n, k), in float64."""
    squared = np.zeros((len(rows), len(centers)))
    for channel in range(centers.shape[1]):
        value = rows[:, channel].astype(np.float64)
        difference = value[:, np.newaxis] - centers[:, channel]
        squared += difference * difference
    return squared


def nearest(rows, centers):
    """Return the index of each row's nearest center, ties to the lowest."""
    return squared_distances(rows, centers).argmin(axis=1)


def mean(rows, weights=None):
    """Return the weighted mean of rows, exact until the last rounding."""
    weights = np.ones(len(rows)) if weights is None else weights
    total = sum(map(Fraction, weights.tolist()))
    return np.array(
        [
            float(
                sum(
                    Fraction(value) * Fraction(weight)
                    for value, weight in zip(column, weights.tolist(), strict=True)
                )
                / total
            )
            for column in rows.T.tolist()
        ]
    )


def lloyd_step(rows, centers, weights=None):
    """Return the means of the rows nearest to each center; NaN for none."""
    labels = nearest(rows, centers)
    weights = np.ones(len(rows)) if weights is None else weights
    moved = np.full(centers.shape, np.nan)
    for label in range(len(centers)):
        inside = labels == label
        if inside.any():
            moved[label] = mean(rows[inside], weights[inside])
    return moved


def compactness(rows, labels, centers, weights=None):
    """Return the weighted sum of squared distances, exact until the last rounding."""
    weights = np.ones(len(rows)) if weights is None else weights
    total = Fraction(0)
    for row, label, weight in zip(
        rows.tolist(), labels.tolist(), weights.tolist(), strict=True
    ):
        for value, center in zip(row, centers[label].tolist(), strict=True):
            total += Fraction(weight) * (Fraction(value) - Fraction(center)) ** 2
    return float(total)
