"""Keeps one server for one owner: `supervise.py COMMAND...`, standard library only, started by `kept.py`.

The command runs in a session of its own. Its process id goes to standard output, its output to standard error. When
standard input ends, which is also what happens when the owner dies in whatever way, or on SIGTERM, the server is
stopped: SIGTERM to its group, SIGKILL after the grace period, also for what has left the group.

A pipe and not PR_SET_PDEATHSIG on the server: that signal follows the thread that started the child, so it fires
when a thread of the owner ends, and it never reaches the grandchildren.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

GRACE_S = 5.0
KILL_S = 10.0
POLL_S = 0.1
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends; without it, one in a new session would be lost."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap() -> dict[int, int] | None:
    """Collect what has ended, by id with exit code (negative: the signal); None when no child is left."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended or None
        if pid == 0:
            return ended
        ended[pid] = os.waitstatus_to_exitcode(status)


def children() -> list[int]:
    """Ids of the direct children, the adopted ones among them."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = stat.read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                found.append(int(stat.parent.name))
    return found


def stop(group: int) -> None:
    """End the group and every other descendant, first politely."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
    polite = time.monotonic() + GRACE_S
    last = polite + KILL_S
    while reap() is not None and time.monotonic() < last:
        if time.monotonic() >= polite:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
            for pid in children():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(POLL_S / 2)


def watch(server: int, owner: int, asked: list[int]) -> int:
    """Wait until the server ends (its exit code), or somebody asks to stop or the owner is gone (0).

    Three ways to hear of the owner, as each alone can fail: a child forked by the owner keeps the pipe open, and a
    process without a reaper of its own may be adopted unseen.
    """
    while not asked and os.getppid() == owner:
        ended = reap() or {}
        if server in ended:
            return ended[server]
        if select.select([0], [], [], POLL_S)[0] and not os.read(0, 1):
            return 0
    return 0


def main(command: list[str]) -> int:
    """Start, report, watch, stop. The exit code is the server's, 128 + n for signal n; 0 if it was stopped."""
    asked: list[int] = []
    # Only a note: an exception raised from here could cut the stopping short.
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    owner = os.getppid()
    adopt_orphans()
    server = subprocess.Popen(  # noqa: S603 - what its owner asked for
        command, stdin=subprocess.DEVNULL, stdout=2, stderr=2, start_new_session=True
    ).pid
    try:
        os.write(1, f"{server}\n".encode())
        code = watch(server, owner, asked)
    finally:
        stop(server)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
