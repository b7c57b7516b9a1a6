"""K-means and dithering by brute force: slow, plain, without the package."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

#: Values of sRGB of so much light, at the steps of a table.
GRID = np.arange(-4096, 2 * 4096 + 1) / 4096
POWER = 1.055 * np.maximum(GRID, 0.001) ** (1 / 2.4) - 0.055
CURVE = np.where(GRID <= 0.0031308, 12.92 * GRID, POWER)


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


def light_of(rgb):
    """Return how much light there is of colors of sRGB, from IEC 61966-2-1."""
    return np.where(
        rgb <= 0.04045, rgb / 12.92, ((np.maximum(rgb, 0) + 0.055) / 1.055) ** 2.4
    )


def curved(light):
    """Return values of sRGB, between those at the steps of a table."""
    return np.interp(light, GRID, CURVE)


def gap_of(lights):
    """Return the longest edge of the shortest tree between all colors."""
    found, gap = {0}, 0.0
    distances = np.linalg.norm(lights[:, np.newaxis] - lights, axis=-1)
    while len(found) < len(lights):
        rest = [at for at in range(len(lights)) if at not in found]
        ways = distances[np.ix_([*found], rest)]
        gap = max(gap, ways.min())
        found.add(rest[ways.min(axis=0).argmin()])
    return gap


class Dithering:
    """Both ways of dithering, pixel by pixel, where values of sRGB are measured."""

    def __init__(self, centers, owners, painted, full, strength, thresholds):
        self.centers, self.owners, self.full = centers, owners, full
        self.strength, self.thresholds = strength, thresholds
        self.lights = light_of(painted / full)
        self.most = 1.5 * gap_of(self.lights)

    def step(self, pixel, error):
        """Return the cluster of a pixel, and what is left over of it."""
        value = curved(pixel + error) * self.full
        label = self.owners[((value - self.centers) ** 2).sum(axis=1).argmin()]
        reachable = pixel.clip(self.lights.min(axis=0), self.lights.max(axis=0))
        left = self.strength * (reachable + error - self.lights[label])
        length = np.linalg.norm(left)
        return label, left * min(1, self.most / length) if length else left

    def diffusion(self, light, valid):
        height, width = valid.shape
        labels = np.zeros(valid.shape, int)
        errors = np.zeros((height + 1, width + 2, 3))
        for y in range(height):
            step = 1 if y % 2 == 0 else -1
            for x in range(width)[::step]:
                if not valid[y, x]:
                    continue
                label, left = self.step(light[y, x], errors[y, x + 1])
                labels[y, x] = label + 1
                errors[y, x + 1 + step] += left * 7 / 16
                errors[y + 1, x + 1 - step] += left * 3 / 16
                errors[y + 1, x + 1] += left * 5 / 16
                errors[y + 1, x + 1 + step] += left * 1 / 16
        return labels

    def ordered(self, light, valid):
        labels = np.zeros(valid.shape, int)
        bright = self.lights @ [0.2126, 0.7152, 0.0722]
        for y, x in np.argwhere(valid):
            error, mixture = np.zeros(3), []
            for _ in range(16):
                label, error = self.step(light[y, x], error)
                mixture.append(label)
            mixture.sort(key=lambda label: bright[label])
            height, width = self.thresholds.shape
            labels[y, x] = mixture[self.thresholds[y % height, x % width]] + 1
        return labels
