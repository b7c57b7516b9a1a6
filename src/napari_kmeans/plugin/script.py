"""Scripts: a result as the code that makes it again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.options.code import call, changed, literal
from ..core.options.keywords import BOUND, FIT, READ
from ..core.palettes.edit import Edit
from ..core.validation import shown
from .opened import Opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.layers import Image, Labels, Layer, Points, Shapes

    from ..core.options.keywords import ReadOptions

#: Whence scripts import what the package itself has not.
INNER = {
    "extend_labels": "from napari_kmeans.core.reading.painted import extend_labels",
    "stacked": "from napari_kmeans.layers.source import stacked",
    "mask": "from napari_kmeans.plugin.regions import mask",
    "parts_of": "from napari_kmeans.core.palettes.model import parts_of",
}

#: What the package itself has.
PUBLIC = (
    *("Criteria", "Palette", "despeckle", "fit", "kmeans", "paint_samples"),
    *("quantize_planes", "quantize_samples", "read", "read_samples"),
)


class Fitted(NamedTuple):
    """Clusters that were found in samples.

    Attributes
    ----------
    k : int
    options : mapping
        As for `fit`; without `keep`.
    started : bool
        Whether it began from painted labels; in code, these are ``init``.
    kept : bool
        Whether the locked clusters of the palette before were kept.
    inherited : bool
        Whether names, locks and colors of the palette before were passed on.

    Examples
    --------
    >>> Fitted(3, {"seed": 4, "attempts": 10}).code
    'fit(samples, k=3, seed=4)'
    """

    k: int
    options: Mapping[str, Any] = {}
    started: bool = False
    kept: bool = False
    inherited: bool = False

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments as code, but for the samples; without those by default."""
        given = {**self.options, "init": "random"} if self.started else self.options
        told = {"k": literal(self.k), **changed(given, {**FIT, **BOUND})}
        told |= {"init": "init"} if self.started else {}
        return told | ({"keep": "palette"} if self.kept else {})

    @property
    def code(self) -> str:
        """The expression that is its palette, that before being ``palette``."""
        found = call("fit", ["samples"], self.arguments)
        return found + ".inherit(palette)" * self.inherited


#: What can be done to have a palette.
Made = Fitted | Opened | Edit


def code(
    sources: Sequence[Image | Points],
    steps: Sequence[Made],
    *,
    read: ReadOptions | None = None,
    cut: tuple[slice, ...] = (),
    by_blocks: bool = False,
    mask: Labels | Shapes | None = None,
    start_labels: Labels | None = None,
    axes: tuple[int, ...] = (),
    rejected: float = 0.0,
    despeckled: Mapping[str, Any] | None = None,
) -> str:
    """Return the code that makes a result again, edits included.

    It stands alone where the only source is a layer that was read from a file, and no
    other layer has a part; else it is for napari's console, where ``viewer`` is. The
    layers should still have the data that they had.

    Parameters
    ----------
    sources : sequence of napari.layers.Image or napari.layers.Points
        What was clustered; several are the channels of one image.
    steps : sequence of Fitted, Opened or Edit
        What was done, from the first to the last. Told is what has led to the last
        palette: from the latest that were opened, or fitted without those before.
    read : dict, optional
        How images were read, as for `read_samples`; without the mask.
    cut : tuple of slice, optional
        The part of them that was read; by default all.
    by_blocks : bool, default False
        Whether the image was too large to be read as a whole.
    mask : napari.layers.Labels or napari.layers.Shapes, optional
        The region outside of which pixels were left out.
    start_labels : napari.layers.Labels, optional
        The painted labels from which a fit has `started`.
    axes : tuple of int, optional
        Those of the planes of a source that were clustered each on its own.
    rejected : float, default 0.0
        The least margin of pixels, where those of a smaller one were rejected.
    despeckled : dict, optional
        The arguments of `despeckle` but the labels, where labels were cleaned up.

    Returns
    -------
    str
        A script. What it makes is ``result``, and ``labels`` where these were cleaned
        up.

    Raises
    ------
    TypeError, ValueError
        Where no step stands for itself, or one cannot be written as code.

    Examples
    --------
    >>> import numpy as np
    >>> from napari.layers import Image
    >>> photo = Image(np.eye(9), name="photo")
    >>> edits = [Edit("merge", ([1, 2],)), Edit("split", (1,), {"k": 3})]
    >>> print(code([photo], [Fitted(3), *edits], read={"rgb": False}))
    # For napari's console, where the viewer is `viewer`.
    from napari_kmeans import fit, paint_samples, read_samples
    <BLANKLINE>
    image = viewer.layers['photo'].data
    samples = read_samples(image, rgb=False)
    palette = fit(samples, k=3)
    palette = palette.merge([1, 2])
    palette = palette.split(1, samples, k=3)
    result = paint_samples(samples, palette)
    <BLANKLINE>
    """
    chain = _latest(steps)
    fits = [one for one in chain if isinstance(one, Fitted)]
    is_image = sources[0]._type_string == "image"
    lines = []
    whole = not cut and mask is None and start_labels is None
    path = _path(sources) if whole and is_image else None
    if not is_image:
        lines.append(f"points = {_data(sources[0])}")
        lines.append(call("result = kmeans", ["points"], fits[0].arguments))
        return _script(lines)
    if path:
        lines += _from_file(sources[0], path)
        lines += ["image = da.asarray(image)"] if by_blocks else []
    else:
        lines += _from_viewer(sources, cut, by_blocks)
    options, masked = changed(read or {}, READ), {}
    if mask is not None:
        layers = f"{_layer(mask)}, {_layer(sources[0])}"
        lines.append(f"inside = mask({layers}){_index(cut)}")
        masked = {"mask": "inside"}
    if start_labels is not None:
        lines.append(_started(start_labels, fits[-1].k, read or {}, cut))
    if axes:
        placed = literal(tuple(axis + (len(sources) > 1) for axis in axes))
        given = {**fits[0].arguments, "axes": placed, **masked, **options}
        lines.append(call("result = quantize_planes", ["image"], given))
    else:
        lines.append(call("samples = read_samples", ["image"], {**masked, **options}))
        lines += _clustered(chain)
    if rejected:
        lines.append(f"result = result.rejected(image, {literal(rejected)})")
    if despeckled is not None:
        given = {name: literal(value) for name, value in despeckled.items()}
        lines.append(f"{call('labels = despeckle', ['result.labels'], given)}.labels")
        lines.append("result = result.relabeled(labels)")
    return _script(lines)


def _latest(steps: Sequence[Made]) -> Sequence[Made]:
    """Return what has led to the last palette, from where it began."""
    for index in reversed(range(len(steps))):
        step = steps[index]
        if isinstance(step, Opened) or (
            isinstance(step, Fitted) and not (step.kept or step.inherited)
        ):
            return steps[index:]
    raise ValueError(
        f"steps={shown(steps)} should have a fit that does not go on from another."
    )


def _clustered(chain: Sequence[Made]) -> list[str]:
    """Return how samples become a result, by fits and edits one after another."""
    if len(chain) == 1 and isinstance(chain[0], Fitted):
        return [call("result = quantize_samples", ["samples"], chain[0].arguments)]
    done = []
    for place, step in enumerate(chain):
        if isinstance(step, Opened):
            done += step.lines
            # Counted by the image, so that edits heed how large clusters are.
            counted = "palette = paint_samples(samples, palette).palette"
            done += [counted] if chain[place + 1 :] else []
        else:
            method = "palette." if isinstance(step, Edit) else ""
            done.append(f"palette = {method}{step.code}")
    return [*done, "result = paint_samples(samples, palette)"]


def _path(sources: Sequence[Layer]) -> str | None:
    """Return the file that the only source was read from; None where there is none."""
    source = sources[0].source
    known = len(sources) == 1 and source.reader_plugin is not None
    return source.path if known else None


def _from_file(source: Layer, path: str) -> list[str]:
    """Return how the data of a layer are read as the viewer has read them."""
    plugin = {"plugin": literal(source.source.reader_plugin)}
    data = source.data[0] if getattr(source, "multiscale", False) else source.data
    return [
        call("image, *_ = read", [literal(path)], plugin),
        f"assert image.shape == {literal(tuple(map(int, data.shape)))}",
    ]


def _from_viewer(
    sources: Sequence[Layer], cut: tuple[slice, ...], by_blocks: bool
) -> list[str]:
    """Return how the data of layers become an image."""
    data = [_data(source) for source in sources]
    data = [f"da.asarray({one})" for one in data] if by_blocks else data
    parts = [f"{one}{_index(cut)}" for one in data]
    if len(parts) == 1:
        return [f"image = {parts[0]}"]
    stack = "".join(f"    {part},\n" for part in parts)
    return [f"channels = [\n{stack}]", "image = stacked(channels)"]


def _started(
    labels: Labels, k: int, read: Mapping[str, Any], cut: tuple[slice, ...]
) -> str:
    """Return how painted labels become those to start from."""
    given = {"rgb": literal(bool(read.get("rgb")))}
    if read.get("channel_axis") is not None:
        given["channel_axis"] = literal(read["channel_axis"])
    painted = f"{_data(labels)}{_index(cut)}"
    return call("init = extend_labels", ["image", painted, literal(k)], given)


def _layer(layer: Layer) -> str:
    return f"viewer.layers[{layer.name!r}]"


def _data(layer: Layer) -> str:
    """Return the data of a layer in full resolution."""
    return f"{_layer(layer)}.data" + "[0]" * getattr(layer, "multiscale", False)


def _index(cut: tuple[slice, ...]) -> str:
    """Return what cuts a part out of an array."""
    if all(one == slice(None) for one in cut):
        return ""
    ends = ((one.start, one.stop) for one in cut)
    return f"[{', '.join(':' if a is b is None else f'{a}:{b}' for a, b in ends)}]"


def _script(lines: Sequence[str]) -> str:
    """Return a script of some lines, with what they import."""
    body = "\n".join(lines)
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    public = ", ".join(name for name in PUBLIC if name in used)
    imports = [f"from napari_kmeans import {public}"]
    imports += [line for name, line in INNER.items() if name in used]
    if "da" in used:
        imports = ["import dask.array as da", "", *imports]
    if "viewer" in used:
        imports = ["# For napari's console, where the viewer is `viewer`.", *imports]
    return "\n".join([*imports, "", body, ""])
