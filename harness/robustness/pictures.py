"""Images as PNG in base64: grey or RGB of 8 bits, small ones, with nothing but numpy and zlib."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# Pixels of a side that are kept; of a larger image every second one, every third one, ...
MOST = 96


def png(image: Floats) -> str:
    """An image of pixels from 0 to 1, (height, width, channels); of more or less than three channels their mean."""
    if image.shape[2] not in (1, 3):
        image = image.mean(axis=2, keepdims=True)
    height, width, channels = image.shape
    values = np.round(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8)
    # Each line of pixels begins with the number of its filter; 0 is none.
    lines = b"".join(b"\0" + line.tobytes() for line in values)
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in parts)).decode()


def smaller(image: Floats) -> Floats:
    """An image of a size that is kept."""
    step = -(-max(image.shape[:2]) // MOST)
    return image[::step, ::step]


def difference(original: Floats, changed: Floats) -> Floats:
    """How pixels differ: grey where they do not, lighter where they became lighter."""
    return 0.5 + (changed - original) / 2


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
