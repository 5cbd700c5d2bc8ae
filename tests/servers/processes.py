"""Processes and sockets, read from Linux's /proc: who belongs to a server, where it listens, which ports are free."""

from __future__ import annotations

import ipaddress
import socket
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"


@dataclass(frozen=True, order=True)
class Listener:
    """A listening TCP socket."""

    address: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        found = ipaddress.ip_address(self.address)
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return (mapped or found).is_loopback


def free_ports(count: int) -> list[int]:
    """Distinct ports free on 127.0.0.1 right now. Another process may still take one before the server does."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def members(group: int) -> set[int]:
    """Ids of the living processes of the process group or session `group`; zombies do not count."""
    found = set()
    for stat in PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            # The command's name, in parentheses, may hold spaces and parentheses itself.
            state, _, pgrp, session = stat.read_text().rpartition(")")[2].split()[:4]
            if state not in "ZX" and group in {int(pgrp), int(session)}:
                found.add(int(stat.parent.name))
    return found


def listeners(group: int) -> set[Listener]:
    """Every TCP socket on which a process of the group listens."""
    inodes = set()
    for pid in members(group):
        with suppress(OSError):
            for handle in (PROC / str(pid) / "fd").iterdir():
                with suppress(OSError):
                    inodes.add(str(handle.readlink()).removeprefix("socket:[").rstrip("]"))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in (PROC / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and fields[9] in inodes:
                address, _, port = fields[1].rpartition(":")
                found.add(Listener(_address(address), int(port, 16)))
    return found


def _address(words: str) -> str:
    """An address of /proc/net: 32-bit words, each printed in the machine's byte order."""
    packed = b"".join(int(words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(words), 8))
    return str(ipaddress.ip_address(packed))
