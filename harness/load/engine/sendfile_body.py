"""A large body in pages that the kernel sends without copying them: of a large tensor, the copy is most of the cost.

Linux' ``memfd_create`` and ``sendfile``. Pages on their way are read again when a segment is sent anew, so nothing may
change them: they are sealed. Elsewhere, and under TLS, the body is sent as bytes. Source: memfd_create(2), fcntl(2).
"""

from __future__ import annotations

import fcntl
import os
import weakref

LEAST = 1 << 15
"""Bytes below which a copy is cheaper than a second system call."""


class SendfileBody:
    """A body and the file that holds it, closed with the last reference.

    Attributes:
        body: the same as bytes, for what the kernel does not take at once.
        file: its descriptor.
    """

    __slots__ = ("__weakref__", "body", "file")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.file = os.memfd_create("art15-body", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        weakref.finalize(self, os.close, self.file)
        rest = memoryview(body)
        while rest:
            rest = rest[os.write(self.file, rest) :]
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(self.file, fcntl.F_ADD_SEALS, seals)


def sendfile_body_of(body: bytes) -> SendfileBody | None:
    """The body in pages, where that is cheaper and the system has them."""
    # An interpreter built against an old C library is on Linux and has no memfd_create.
    if len(body) < LEAST or not hasattr(os, "memfd_create"):
        return None
    try:
        return SendfileBody(body)
    except OSError:  # no more files or memory: bytes do as well
        return None
