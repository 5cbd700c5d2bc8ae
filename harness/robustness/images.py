"""The corruptions of ImageNet-C, under their names, of images of any size.

Pixels are from 0 to 1, (height, width, channels). Each is written anew from its description, with the published
severities (``corruptions.toml``); where the original calls ImageMagick or OpenCV, the same is made with scipy. JPEG is
its lossy part alone, with the table of the luminance for every channel.
"""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.robustness.declared import ImageTable

Floats = npt.NDArray[np.float64]
Severity = Mapping[str, float]
SEVERITIES = (1, 2, 3, 4, 5)
_TABLE = Path(__file__).with_name("corruptions.toml")
# Lengths are of images with so many pixels on the shorter side.
_SIDE = 224
# ITU-T T.81, table K.1.
_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


def corrupted(kind: str, image: Floats, severity: int, rng: np.random.Generator) -> Floats:
    """An image with one of the corruptions; pixels stay from 0 to 1."""
    made = _CORRUPTIONS[kind](image, parameters(kind, severity), rng)
    return np.clip(made, 0.0, 1.0)


def corrupted_rows(kind: str, rows: Floats, size: float, image: ImageTable, rng: np.random.Generator) -> Floats:
    """Rows (n, elements) that are images, each with the corruption of a severity, in the range that is declared."""
    found = [corrupted(kind, pixels(row, image), round(size), rng) for row in rows]
    return np.array([elements(each, image) for each in found]).reshape(rows.shape)


def pixels(row: Floats, image: ImageTable) -> Floats:
    """The elements of an image as pixels from 0 to 1, (height, width, channels)."""
    low, high = image.range
    shape = (*image.shape, image.channels) if image.layout == "hwc" else (image.channels, *image.shape)
    own = (row.reshape(shape) - low) / (high - low)
    return own if image.layout == "hwc" else np.moveaxis(own, 0, -1)


def elements(found: Floats, image: ImageTable) -> Floats:
    """Pixels as the elements of an image."""
    low, high = image.range
    own = found if image.layout == "hwc" else np.moveaxis(found, -1, 0)
    return own.reshape(-1) * (high - low) + low


def parameters(kind: str, severity: int) -> dict[str, float]:
    """What a severity of a corruption is."""
    return {name: float(values[severity - 1]) for name, values in _table()[kind].items()}


@functools.cache
def _table() -> dict[str, dict[str, list[float]]]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


def _gaussian_noise(image: Floats, by: Severity, rng: np.random.Generator) -> Floats:
    return image + rng.normal(0.0, by["deviation"], image.shape)


def _shot_noise(image: Floats, by: Severity, rng: np.random.Generator) -> Floats:
    return rng.poisson(image * by["photons"]) / by["photons"]


def _impulse_noise(image: Floats, by: Severity, rng: np.random.Generator) -> Floats:
    hit, white = rng.random(image.shape) < by["share"], rng.random(image.shape) < 0.5
    return np.where(hit, white.astype(np.float64), image)


def _defocus_blur(image: Floats, by: Severity, _: np.random.Generator) -> Floats:
    from scipy import ndimage  # noqa: PLC0415 -- takes time to import, and most runs have no images

    radius = by["radius"] * _unit(image)
    reach = math.ceil(radius) + 1
    # The share of each pixel that lies within the disk.
    fine = (np.arange((2 * reach + 1) * 9) - 4) / 9 - reach
    inside = (fine[:, None] ** 2 + fine[None, :] ** 2 <= radius**2).astype(np.float64)
    kernel = inside.reshape(2 * reach + 1, 9, 2 * reach + 1, 9).mean(axis=(1, 3))
    kernel = ndimage.gaussian_filter(kernel, by["edge"])
    found: Floats = ndimage.convolve(image, (kernel / kernel.sum())[:, :, None], mode="reflect")
    return found


def _motion_blur(image: Floats, by: Severity, rng: np.random.Generator) -> Floats:
    return _moved(image, by["radius"], by["deviation"], rng.uniform(-45, 45))


def _moved(image: Floats, radius: float, deviation: float, degrees: float) -> Floats:
    """The weighted mean of the image along a line, weights falling as a bell curve does."""
    from scipy import ndimage  # noqa: PLC0415 -- as above

    steps = np.arange(0.0, radius + 1)
    weights = np.exp(-(steps**2) / (2 * deviation**2))
    angle, unit = math.radians(degrees), _unit(image)
    found = np.zeros_like(image)
    for step, weight in zip(steps * unit, weights / weights.sum(), strict=True):
        by = (step * math.sin(angle), step * math.cos(angle), 0)
        found += weight * ndimage.shift(image, by, order=1, mode="nearest")
    return found


def _zoom_blur(image: Floats, by: Severity, _: np.random.Generator) -> Floats:
    factors = np.arange(1.0, by["most"] + by["step"] / 2, by["step"])
    found: Floats = np.mean([image, *(_zoomed(image, factor) for factor in factors)], axis=0)
    return found


def _zoomed(image: Floats, factor: float) -> Floats:
    """Seen from nearer, about the middle."""
    from scipy import ndimage  # noqa: PLC0415 -- as above

    middle = (np.array(image.shape) - 1) / 2
    scale = np.array([1 / factor, 1 / factor, 1.0])
    found: Floats = ndimage.affine_transform(image, scale, middle - scale * middle, order=1, mode="nearest")
    return found


def _snow(image: Floats, by: Severity, rng: np.random.Generator) -> Floats:
    layer = rng.normal(by["flakes"], by["deviation"], (*image.shape[:2], 1))
    layer = _zoomed(layer, by["zoom"])
    layer = np.clip(np.where(layer < by["least"], 0.0, layer), 0, 1)
    layer = _moved(layer, by["radius"], by["blur"], rng.uniform(-135, -45))
    whiter = np.maximum(image, _grey(image) * 1.5 + 0.5)
    return by["image"] * image + (1 - by["image"]) * whiter + layer + np.rot90(layer, 2)


def _grey(image: Floats) -> Floats:
    shares = np.array([0.299, 0.587, 0.114]) if image.shape[2] == 3 else np.full(image.shape[2], 1 / image.shape[2])
    found: Floats = (image * shares).sum(axis=2, keepdims=True)
    return found


def _fog(image: Floats, by: Severity, rng: np.random.Generator) -> Floats:
    most = image.max()
    plasma = _plasma(max(image.shape[:2]), by["decay"], rng)[: image.shape[0], : image.shape[1], None]
    found: Floats = (image + by["density"] * plasma) * most / (most + by["density"])
    return found


def _plasma(side: int, decay: float, rng: np.random.Generator) -> Floats:
    """A height map from 0 to 1: random grids, each twice as fine as the one before, and weaker by the decay."""
    from scipy import ndimage  # noqa: PLC0415 -- as above

    size = 1 << max(1, math.ceil(math.log2(side)))
    found, grid, weight = np.zeros((size, size)), 2, 1.0
    while grid <= size:
        coarse = rng.uniform(-1, 1, (grid, grid))
        found += weight * ndimage.zoom(coarse, size / grid, order=1, mode="grid-wrap", grid_mode=True)
        grid, weight = grid * 2, weight / decay**2
    found -= found.min()
    found /= found.max()
    return found


def _brightness(image: Floats, by: Severity, _: np.random.Generator) -> Floats:
    """More of the value of hue, saturation and value."""
    value = image.max(axis=2, keepdims=True)
    more = np.minimum(1.0, value + by["more"])
    found: Floats = np.where(value > 0, image * more / np.where(value > 0, value, 1.0), more)
    return found


def _contrast(image: Floats, by: Severity, _: np.random.Generator) -> Floats:
    mean = image.mean(axis=(0, 1), keepdims=True)
    found: Floats = (image - mean) * by["share"] + mean
    return found


def _elastic_transform(image: Floats, by: Severity, rng: np.random.Generator) -> Floats:
    from scipy import ndimage  # noqa: PLC0415 -- as above

    height, width, channels = image.shape
    unit = min(height, width) / 244  # the side that these parameters are written for
    corners = np.array([[0.0, 0.0, 1.0], [height, 0.0, 1.0], [0.0, width, 1.0]])
    away = corners[:, :2] + rng.uniform(-1, 1, (3, 2)) * by["affine"] * unit
    affine = np.linalg.solve(corners, away)
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    places = np.stack([rows, columns, np.ones_like(rows)], axis=-1) @ affine
    for axis in (0, 1):
        field = ndimage.gaussian_filter(rng.uniform(-1, 1, (height, width)), by["deviation"] * unit, mode="reflect")
        places[..., axis] += field * by["strength"] * unit
    at = [places[..., 0], places[..., 1]]
    return np.stack([ndimage.map_coordinates(image[..., c], at, order=1, mode="reflect") for c in range(channels)], -1)


def _pixelate(image: Floats, by: Severity, _: np.random.Generator) -> Floats:
    """Boxes of pixels, each of one colour."""
    found = image
    for axis in (0, 1):
        side = image.shape[axis]
        box = np.arange(side) * max(1, int(side * by["share"])) // side
        starts = np.flatnonzero(np.diff(box, prepend=-1))
        lengths = np.diff([*starts, side]).reshape([-1 if each == axis else 1 for each in range(3)])
        found = np.take(np.add.reduceat(found, starts, axis=axis) / lengths, box, axis=axis)
    return found


def _jpeg_compression(image: Floats, by: Severity, _: np.random.Generator) -> Floats:
    from scipy import fft  # noqa: PLC0415 -- as above

    quality = by["quality"]
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    table = np.clip(np.floor((_LUMINANCE * scale + 50) / 100), 1, 255)[None, :, None, :, None]
    height, width, channels = image.shape
    padded = np.pad(image, [(0, -height % 8), (0, -width % 8), (0, 0)], mode="edge") * 255 - 128
    blocks = padded.reshape(padded.shape[0] // 8, 8, padded.shape[1] // 8, 8, channels)
    kept = np.round(fft.dctn(blocks, axes=(1, 3), norm="ortho") / table) * table
    found: Floats = fft.idctn(kept, axes=(1, 3), norm="ortho").reshape(padded.shape)
    return (np.round(found) + 128)[:height, :width] / 255


def _unit(image: Floats) -> float:
    return float(min(image.shape[:2]) / _SIDE)


_CORRUPTIONS: dict[str, Callable[[Floats, Severity, np.random.Generator], Floats]] = {
    "gaussian_noise": _gaussian_noise,
    "shot_noise": _shot_noise,
    "impulse_noise": _impulse_noise,
    "defocus_blur": _defocus_blur,
    "motion_blur": _motion_blur,
    "zoom_blur": _zoom_blur,
    "snow": _snow,
    "fog": _fog,
    "brightness": _brightness,
    "contrast": _contrast,
    "elastic_transform": _elastic_transform,
    "pixelate": _pixelate,
    "jpeg_compression": _jpeg_compression,
}
