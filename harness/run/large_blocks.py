"""Memory of large bodies and tensors: given back when it is free, where the C library would keep it for later."""

from __future__ import annotations

import contextlib
import ctypes

# mallopt(3): blocks from this size on are mapped each for itself. By default glibc raises the size as it goes.
_M_MMAP_THRESHOLD, _BYTES = -3, 1 << 20


def give_back() -> None:
    """Let blocks of a mebibyte and more go back to the system as they are freed; elsewhere than on glibc, nothing."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _BYTES)
