"""The figures of How it works: each is drawn by the code that it explains.

The build of the book calls these functions and puts what they draw into the pages: see
``_ext/drawing.py``. ``python docs/figures.py FOLDER tiles stages`` writes some of them.
"""

import json
import sys
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from matplotlib import pyplot
from matplotlib.patches import Rectangle

from napari_kmeans import (
    despeckle,
    dither,
    fit,
    kmeans,
    quantize,
    quantize_planes,
    read_samples,
)
from napari_kmeans.core import kernels
from napari_kmeans.core.cluster import breathing, lloyd, opencv, settling
from napari_kmeans.core.cluster.search import SHORT
from napari_kmeans.core.data.samples import from_pixels
from napari_kmeans.core.data.sampling import stratified
from napari_kmeans.core.options.settings import SEARCHED

#: What is drawn in this color takes that of the page's text, light or dark.
INK = "#010203"

#: Colors that are told apart by color-blind eyes, too, on light and on dark.
RED, YELLOW, TEAL, BLUE, GRAY = "#d1495b", "#edae49", "#00899c", "#4a7fb5", "#8d96a3"

STYLE = {
    "svg.hashsalt": "napari-kmeans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": GRAY,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "legend.frameon": False,
    "savefig.dpi": 200,  # of what is drawn as pixels
    "savefig.facecolor": "none",
    "xtick.color": INK,
    "ytick.color": INK,
}

MILLION = 1_000_000

ROOT = Path(__file__).parents[1]


def float32_trap():
    """Draw what float32 sums make of a constant image and of a photo, as these grow."""
    drawing, panels = pyplot.subplots(1, 2, figsize=(6.5, 2.9), sharex=True)
    value = 100
    sizes, centers, _ = grown(np.full((MILLION, 1), value, np.float32), 34)
    panels[0].plot(sizes, centers, color=RED, label="pixels added in float32")
    [[own]] = quantize(np.full((1000, 1000), value, np.float32), k=1).centers
    panels[0].axhline(own, color=TEAL, label="napari-kmeans")
    few = [1, 2, 3]
    criteria = (cv2.TERM_CRITERIA_MAX_ITER, 2, 1.0)
    for size in few:
        pixels = np.full((size * MILLION, 1), value, np.float32)
        _, _, found = cv2.kmeans(pixels, 1, None, criteria, 1, cv2.KMEANS_PP_CENTERS)
        panels[0].plot(size, found.item(), "o", color=RED, markersize=5)
    panels[0].plot([], [], "o", color=RED, markersize=5, label="cv2.kmeans")
    panels[0].set(ylabel="center", ylim=(50, 130), title="all pixels are 100")
    panels[0].legend(loc="lower left")
    photo = skimage.data.coffee()
    found = quantize(photo, k=5)
    largest = photo[found.labels == 1 + found.counts.argmax()]
    photo_size = found.labels.size / MILLION
    sizes, _, off = grown(largest.astype(np.float32), int(34 / photo_size), photo_size)
    panels[1].plot(sizes, off, color=RED)
    panels[1].set(ylabel="off by, gray levels", title="a cluster of a photo")
    for panel in panels:
        panel.set_xlabel("megapixels")
    return drawing


def grown(pixels, most, size=1):
    """Return sizes, means in float32, and how far off, of pixels that are repeated."""
    true = pixels.mean(axis=0, dtype=float)
    total, means = np.zeros((1, pixels.shape[1]), np.float32), []
    repeats = np.arange(1, most + 1)
    for times in repeats:
        total = np.cumsum(np.concatenate([total, pixels]), axis=0)[-1:]
        means.append(total[0].astype(float) / (times * len(pixels)))
    return size * repeats, np.array(means), abs(np.array(means) - true).max(axis=1)


def orders():
    """Draw by how much a sum differs when its addends come in another order."""
    rng = np.random.default_rng(0)
    values = rng.random(20_000) * 255
    splitters = kernels.SPLITTER * kernels.quanta(255, len(values), len(values))
    plain, exact = [], []
    for _ in range(200):
        shuffled = rng.permutation(values)
        plain.append(np.cumsum(shuffled)[-1])
        high, low = kernels.halves(shuffled, *splitters)
        exact.append(np.cumsum(high)[-1] + np.cumsum(low)[-1])
    ulp = np.spacing(exact[0])
    off = [(np.array(sums) - exact[0]) / ulp for sums in (plain, exact)]
    drawing, panel = pyplot.subplots(figsize=(6.5, 2.2))
    edges = np.arange(np.floor(min(off[0])) - 0.5, max(off[0]) + 1)
    panel.hist(off[0], edges, color=RED, label="added one after the other")
    panel.hist(off[1], edges, color=TEAL, label="split, then added: all are alike")
    panel.set(
        xlabel="difference, in units of the last bit of the sum",
        ylabel="of 200 orders",
        yscale="log",
        ylim=(0.7, 1000),
    )
    panel.legend(loc="upper left")
    return drawing


def split():
    """Draw which bits of numbers are added up in which of the two sums."""
    first, second = np.log2(kernels.quanta(255, 1000, 1000))
    drawing, panel = pyplot.subplots(figsize=(6.5, 1.9))
    values = [200.1, 0.7, 1e-5, 1e-9]
    for row, value in enumerate(values):
        top = np.floor(np.log2(value))
        bottom = top - 52
        cuts = np.clip([top, first - 1, second - 1, bottom - 1], bottom - 1, top)
        colors = TEAL, YELLOW, GRAY
        for color, (high, low) in zip(colors, pairwise(cuts), strict=True):
            panel.barh(row, low - high, 0.6, high, color=color)
    for place, name in ((first, "first quantum"), (second, "second quantum")):
        panel.axvline(place - 1, color=INK, linewidth=0.8)
        panel.text(place - 0.4, -0.75, name, ha="right", va="bottom")
    panel.set_yticks(range(len(values)), [f"{value:g}" for value in values])
    panel.set(xlim=(8, -86), ylim=(len(values) - 0.4, -1.5))
    panel.set_xlabel("bits, by the power of two that they stand for")
    panel.spines["left"].set_visible(False)
    panel.tick_params(left=False)
    return drawing


def tiles():
    """Draw tiles of colors, and of how many centers each is near to."""
    samples = read_samples(skimage.data.coffee())
    colors, k = samples.colors, 16
    centers = fit(samples, k=k).centers
    values = np.array(colors.channels(np.dtype(np.uint8)), np.float64)
    rows = np.lexsort(values[::-1])
    several = {"sorted by red": values[:, rows]}
    several["in Morton order"] = values
    drawing, panels = pyplot.subplots(1, 3, figsize=(6.5, 2.4))
    counts = []
    for panel, (name, ordered) in zip(panels[:2], several.items(), strict=True):
        whole = ordered.shape[1] // kernels.TILE
        parted = ordered[:, : whole * kernels.TILE].reshape(3, whole, kernels.TILE)
        low, high = parted.min(axis=2).T, parted.max(axis=2).T
        for tile in range(0, whole, whole // 70):
            size = high[tile, :2] - low[tile, :2]
            color = parted[:, tile].mean(axis=1) / 255
            box = Rectangle(low[tile, :2], *size, facecolor=color, edgecolor=GRAY)
            box.set_linewidth(0.4)
            panel.add_patch(box)
        panel.set(xlim=(0, 255), ylim=(0, 255), xlabel="red", title=name)
        counts.append(near_to(low, high, centers))
    panels[0].set_ylabel("green")
    edges = np.arange(0.5, k + 1)
    for of, color, name in zip(counts, (RED, TEAL), ("sorted", "Morton"), strict=True):
        weights = np.full(len(of), 100 / len(of))
        panels[2].hist(of, edges, weights=weights, color=color, alpha=0.75, label=name)
    panels[2].set(xlabel="candidate centers", ylabel="% of tiles")
    panels[2].set_title(f"K={k}")
    panels[2].legend()
    return drawing


def near_to(low, high, centers):
    """Return how many centers may be nearest to a color of each box."""
    below, above = low[:, None] - centers, high[:, None] - centers
    near = (np.maximum(0, np.maximum(below, -above)) ** 2).sum(axis=2)
    far = (np.maximum(-below, above) ** 2).sum(axis=2)
    return (near <= far.min(axis=1, keepdims=True)).sum(axis=1)


def crossing():
    """Draw two attempts of OpenCV, what they are merged to, and what is found."""
    k, rng = 25, np.random.default_rng(3)
    places = rng.random((k, 2))
    points = (places[:, None] + rng.normal(0, 0.025, (k, 80, 2))).reshape(-1, 2)
    attempts = searched(points.astype(np.float32), k, attempts=2)
    tiled = breathing._tiled(from_pixels(list(points.T)))
    a, b = (breathing._stepped(tiled, start.T, 2) for start in attempts)
    merged = breathing._crossed(tiled, a, b)
    found = kmeans(points, k)
    shown = {
        "one attempt": (a.centers.T, a.cost),
        "another": (b.centers.T, b.cost),
        "both, merged": (merged.centers.T, merged.cost),
        "in the end": (found.centers, found.compactness),
    }
    drawing, panels = pyplot.subplots(1, 4, figsize=(6.5, 2.1))
    for panel, (name, (centers, cost)) in zip(panels, shown.items(), strict=True):
        panel.scatter(*points.T, s=1, color=GRAY, linewidths=0, rasterized=True)
        panel.scatter(*centers.T, s=22, color=RED, edgecolors="white", linewidths=0.6)
        panel.set_title(f"{name}\n{cost:.2f}")
        panel.set(xticks=[], yticks=[], aspect="equal")
        panel.spines[:].set_visible(False)
    return drawing


def searched(rows, k, attempts=10):
    """Return the centers of OpenCV's attempts, as short as they are before settling."""
    found = opencv.search(
        np.ascontiguousarray(rows, np.float32),
        k,
        max_iter=SHORT,
        epsilon=0.0,
        attempts=attempts,
        init="random",
        initial_labels=None,
        seed=0,
    )
    return [centers.astype(np.float64) for centers in found.attempts]


def stages():
    """Draw how far compactness is from the best known, after each stage of a fit."""
    k, image = 64, skimage.data.coffee()
    known = json.loads((ROOT / "benchmarks" / "best.json").read_text(encoding="utf-8"))
    best = known["coffee K=64 400x600"]["compactness"]
    samples = read_samples(image).colors
    index = stratified(samples.n, samples.weights, SEARCHED, 0)
    attempts = searched(samples.pick(index).T, k)
    coarse = samples.coarse(settling.coarse_size(k, counted=True), 0)
    tiled = breathing._tiled(coarse)
    stepped = [breathing._stepped(tiled, start.T, 2) for start in attempts]
    stepped.sort(key=lambda answer: answer.cost)
    pairs = [breathing._crossed(tiled, *stepped[at : at + 2]) for at in (0, 2, 4, 6)]
    settled = settling.settle(samples, attempts, 0)
    refined = fit(read_samples(image), k=k)
    shown = {
        "attempts of\nOpenCV": attempts,
        "crossed\nin pairs": [answer.centers.T for answer in pairs],
        "settled": [settled],
        "refined": [refined.quantizer.centers],
    }
    drawing, panel = pyplot.subplots(figsize=(6.2, 2.7))
    colors = RED, YELLOW, BLUE, TEAL
    for place, several in enumerate(shown.values()):
        costs = [lloyd.assign(samples, c).squared.sum() for c in several]
        above = 100 * (np.array(costs) / best - 1)
        spread = np.linspace(-0.12, 0.12, len(above)) if len(above) > 1 else [0]
        panel.plot(place + np.array(spread), above, "o", color=colors[place])
        middle = np.median(above)
        told = f"{middle:.0f} %" if middle > 9 else f"{middle:.2f} %"
        panel.text(place + 0.2, middle, told, va="center")
    panel.set_xticks(range(len(shown)), shown)
    panel.set(yscale="log", xlim=(-0.4, 3.6), ylabel="above the best known")
    panel.yaxis.set_major_formatter(lambda part, _: f"{part:g} %")
    return drawing


def optimum():
    """Draw the best intervals of gray values, and how far from them attempts end."""
    image, k = skimage.data.brick(), 8
    best = quantize(image, k=k, init="optimal")
    drawing, panels = pyplot.subplots(1, 2, figsize=(6.5, 2.4), width_ratios=(3, 2))
    counts = np.bincount(image.ravel(), minlength=256)
    owners = best.palette.label(np.arange(256, dtype=np.uint8)[None, :]).ravel()
    colors = [(TEAL, YELLOW)[label % 2] for label in owners]
    panels[0].bar(range(256), counts, 1, color=colors)
    for center in best.centers.ravel():
        panels[0].axvline(center, color=INK, linewidth=0.8)
    panels[0].set(xlabel="gray value", ylabel="pixels", xlim=(60, 210), yticks=[])
    rows = np.float32(image.reshape(-1, 1)[::16])
    known = quantize(rows, k=k, init="optimal", channel_axis=None).compactness
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
    cv2.setRNGSeed(0)
    above = []
    for _ in range(60):
        flags = cv2.KMEANS_RANDOM_CENTERS
        _, _, centers = cv2.kmeans(rows, k, None, criteria, 1, flags)
        cost = ((rows - centers.T).astype(np.float64) ** 2).min(axis=1).sum()
        above.append(100 * (cost / known - 1))
    panels[1].hist(above, 20, color=RED, label="cv2.kmeans")
    panels[1].axvline(0, color=TEAL, linewidth=2, label='init="optimal"')
    panels[1].legend()
    panels[1].set(xlabel="compactness above the optimum, %", ylabel="of 60 attempts")
    return drawing


def movie():
    """Draw the centers of a movie in which two change places, and their numbers."""
    frames, rng = 18, np.random.default_rng(0)
    time = np.linspace(0, 1, frames)
    red = np.stack([60 + 120 * time, 180 - 120 * time, np.full(frames, 220.0)])
    blue = np.array([40.0, 120, 80])
    pixels = np.zeros((frames, 3, 200, 3))
    pixels[..., 0], pixels[..., 1], pixels[..., 2] = red.T[..., None], 20, blue[:, None]
    pixels += rng.normal(0, 5, pixels.shape)
    images = np.clip(pixels, 0, 255).astype(np.uint8).reshape(frames, 20, 30, 3)
    matched = quantize_planes(images, 3, rgb=True).centers
    alone = np.array([quantize(image, 3, rgb=True).centers for image in images])
    drawing, panels = pyplot.subplots(1, 2, figsize=(6.5, 2.4), sharey=True)
    names = "each frame by brightness", "matched from frame to frame"
    for panel, centers, name in zip(panels, (alone, matched), names, strict=True):
        for at, color in enumerate((RED, TEAL, BLUE)):
            style = {"color": color, "markersize": 3, "linewidth": 0.8}
            panel.plot(centers[:, at, 0], "o-", label=f"cluster {at + 1}", **style)
        panel.set(xlabel="frame", title=name)
    panels[0].set_ylabel("red of the center")
    panels[1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return drawing


def spaces():
    """Draw a photo in few colors, with distances measured in three spaces."""
    image, k = skimage.data.astronaut()[::2, ::2], 6
    drawing, panels = pyplot.subplots(
        2, 4, figsize=(6.5, 2.2), height_ratios=(7, 1), sharex="row"
    )
    shown = {"photo": image}
    colors = []
    for space in ("rgb", "cielab", "oklab"):
        found = quantize(image, k, color_space=space)
        shown[space] = found.quantized
        colors.append(found.palette.colors[:, :3])
    for panel, (name, picture) in zip(panels[0], shown.items(), strict=True):
        panel.imshow(picture)
        panel.set_title(name)
    for panel, row in zip(panels[1, 1:], colors, strict=True):
        panel.imshow(row[np.newaxis], aspect="auto")
    for panel in panels.flat:
        panel.axis("off")
    return drawing


def color_differences():
    """Draw which colors are equally far from some, by CIEDE2000 and in CIELAB."""
    lightness, reach = 60.0, 90
    a, b = np.meshgrid(np.linspace(-reach, reach, 241), np.linspace(-reach, reach, 241))
    plane = np.stack([np.full(a.size, lightness), a.ravel(), b.ravel()])
    drawing, panel = pyplot.subplots(figsize=(6, 4))
    squares = np.empty(a.size)
    for place in [(0, 0), *((r * np.cos(t), r * np.sin(t)) for r, t in ring())]:
        center = np.array([lightness, *place])
        kernels.squares_ciede2000(plane, center, squares)
        panel.contour(a, b, squares.reshape(a.shape), [16], colors=[TEAL])
        circle = pyplot.Circle(place, 4, fill=False, color=RED, linewidth=0.8)
        panel.add_patch(circle)
    panel.plot([], [], color=TEAL, label="CIEDE2000 of 4")
    panel.plot([], [], color=RED, label="4 in CIELAB")
    panel.set(xlabel="a*: green to red", ylabel="b*: blue to yellow", aspect="equal")
    panel.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return drawing


def ring():
    """Return places around gray: how far, and in which direction."""
    return [(r, t) for r in (35, 70) for t in np.arange(0, 2 * np.pi, np.pi / 6)]


def specks():
    """Draw labels before and after small components went to their neighbors."""
    image = skimage.data.immunohistochemistry()[150:270, 200:380]
    found = quantize(image, k=3)
    cleaned = despeckle(found.labels, size=30)
    before, after = cleaned.n_before.sum(), cleaned.n_after.sum()
    colors = np.concatenate([[[0, 0, 0]], found.palette.colors[:, :3]])
    shown = {
        "image": image,
        f"labels: {before} components": colors[found.labels],
        f"size=30: {after} components": colors[cleaned.labels],
    }
    return side_by_side(shown, (6.5, 1.8))


def side_by_side(pictures, size):
    """Draw pictures beside each other, each below its name."""
    drawing, panels = pyplot.subplots(1, len(pictures), figsize=size)
    for panel, (name, picture) in zip(panels, pictures.items(), strict=True):
        panel.imshow(picture, interpolation="nearest")
        panel.set_title(name)
        panel.axis("off")
    return drawing


def dithered():
    """Draw a photo in few colors, plain and dithered in two ways."""
    image = skimage.data.astronaut()[20:180, 140:300]
    palette = fit(read_samples(image), k=6)
    colors = np.concatenate([[[0, 0, 0]], palette.colors[:, :3]])
    shown = {
        "photo": image,
        "nearest": colors[palette.label(image)],
        "diffusion": colors[dither(image, palette)],
        "ordered": colors[dither(image, palette, method="ordered")],
    }
    return side_by_side(shown, (6.5, 1.9))


if __name__ == "__main__":
    folder, *names = sys.argv[1:]
    with pyplot.rc_context(STYLE):
        for name in names:
            globals()[name]().savefig(Path(folder) / f"{name}.svg")
