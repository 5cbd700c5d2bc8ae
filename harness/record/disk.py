"""The disk under a run: what cannot be recorded is not sent, and what this machine lacks is no word of the endpoint."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

# What this machine lacks: descriptors, memory, buffers, ports of its own, space.
OWN = frozenset(
    {
        errno.EADDRNOTAVAIL,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.ENOSPC,
    }
)
# The disk refuses, for this file as for the next.
REFUSES = frozenset({errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EROFS})
# What a look-up of a name says where this machine could not even ask.
_LOOK_UP = frozenset({socket.EAI_MEMORY, socket.EAI_SYSTEM})


class CannotRecord(BaseException):
    """Evidence cannot be written, so nothing more may be sent: ends the run, and no check catches it."""


def of_this_machine(error: BaseException) -> str:
    """What this machine lacks, in words; empty where the error is about the peer or the way to it."""
    if isinstance(error, socket.gaierror):
        return f"a name could not be looked up: {error.strerror}" if error.errno in _LOOK_UP else ""
    if isinstance(error, MemoryError):
        return "this machine has no memory left"
    if isinstance(error, OSError) and error.errno in OWN:
        return f"this machine: {error.strerror or errno.errorcode[error.errno]}"
    return ""


class Disk:
    """Whether evidence can be written. Once it could not, it stays so: a disk with room again has a gap before it.

    Attributes:
        failed: why not, in one line; empty while it can.
    """

    def __init__(self) -> None:
        self.failed = ""

    def fails(self, error: OSError) -> CannotRecord:
        """Note that a write failed; gives what is to be raised."""
        # The name of a file that was to be written says nothing, and half of it is a digest.
        self.failed = self.failed or f"the evidence cannot be written: {error.strerror or error}"
        return CannotRecord(self.failed)

    def admit(self) -> None:
        """Let pass what is to be sent.

        Raises:
            CannotRecord: it could not be recorded.
        """
        if self.failed:
            raise CannotRecord(self.failed)

    def gone(self, folder: Path) -> bool:
        """Whether nothing can be made of a folder any more, as it was taken away."""
        return bool(self.failed) and not (folder / "journal.jsonl").exists()
