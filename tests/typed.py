"""A user's script with all that is public, for the type checker, which is strict."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import napari_kmeans
from napari_kmeans import (
    Canceled,
    ClusteredPoints,
    Criteria,
    Despeckled,
    KMeansQuantizer,
    Palette,
    Quality,
    QuantizedImage,
    QuantizedMany,
    QuantizedPlanes,
    Sweep,
    apply_many,
    cloud,
    despeckle,
    dither,
    error_map,
    fit,
    kmeans,
    margin_map,
    measure,
    one_layer_each,
    paint_samples,
    quantize,
    quantize_many,
    quantize_planes,
    quantize_samples,
    read,
    read_points,
    read_samples,
    reject,
    sweep,
    tabulate,
    to_layers,
    write_indexed,
)


def told(stage: str, part: float) -> None:
    """Stop what takes too long."""
    if part > 2:
        raise Canceled(stage)


def script(image: NDArray[np.uint8], folder: Path) -> str:
    """Use all that there is."""
    criteria = Criteria(max_iter=20, epsilon=0.5)
    q: QuantizedImage = quantize(
        image, 3, criteria=criteria, rgb=None, mask=image > 3, seed=1, progress=told
    )
    labels: NDArray[Any] = q.labels
    names: tuple[str, ...] = q.palette.rename(1, "dark").names
    movie = np.stack([image, image])
    planes: QuantizedPlanes = quantize_planes(movie, 2, axes=(0,), channel_axis=None)
    points: ClusteredPoints = kmeans(read_points(image.astype(np.float64)), k=2)
    many: QuantizedMany = quantize_many([image, image], 2)
    assert len(many) == len(apply_many([image, image], q.palette))
    assert len(tabulate(image, q, labels)) == q.k**2

    samples = read_samples(image, no_data=0)
    palette: Palette = fit(samples, 4, init="k-means++", refine=True)
    found: Sweep = sweep(samples, [2, 3])
    again: QuantizedImage = quantize_samples(samples, found.suggestion.k)
    quality: Quality = measure(samples, palette)
    cleaned: Despeckled = despeckle(labels, 4, spacing=(1.0, 0.5))
    merged = paint_samples(samples, palette.merge([1, 2], name="both"))
    sure, n = reject(labels, margin_map(image, q.palette), 0.1)
    mixed = dither(np.stack([image] * 3, -1), Palette.of_colors(["#ff0000", "#ffffff"]))
    assert mixed.max() <= KMeansQuantizer(2).fit(image).n_features_in_
    errors = error_map(image, palette, metric="distance")

    write_indexed(folder / "labels.png", cleaned.labels, q.palette)
    data, attributes = read(folder / "labels.png")[:2]
    for of_layer, options, kind in (
        *to_layers(merged, "image", roles=["labels"]),
        *to_layers(planes, "movie"),
        *to_layers(points, "points"),
        *one_layer_each(q.labels, q.palette, "image", only=[1]),
        *cloud(samples, palette, most=100),
    ):
        assert kind in ("image", "labels", "points"), (of_layer, options)
    assert errors.shape == sure.shape == data.shape[:2] == image.shape, attributes
    return f"{names[0]} {quality.psnr:.1f} {again.k} {n} {napari_kmeans.__version__}"
