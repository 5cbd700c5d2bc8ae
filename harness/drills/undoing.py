"""Takes back what the tester itself did, for a watchdog: ``python -I undoing.py WHAT ...``.

It is started by its path and imports nothing of ours, so that it runs whatever the paths of the watchdog are.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

_LOOK_S = 0.05
_TIMEOUT_S = 10.0
_DYING_S = 0.5


def command(what: str, *words: str) -> tuple[str, ...]:
    """The command that carries one of these functions out."""
    return (sys.executable, "-I", str(Path(__file__).resolve()), what, *words)


def started(pid: int) -> str:
    """When a process was started, in ticks since the start of the machine; empty for one that is not there.

    A number of a process is given anew; with this it names one for ever.
    """
    fields = _fields(pid)
    return "" if not fields or fields[0] in {b"Z", b"X"} else fields[19].decode()


def is_stopped(pid: int) -> bool:
    """Whether it was stopped, and nothing of it runs any more."""
    return _fields(pid)[:1] == [b"T"]


def _fields(pid: int) -> list[bytes]:
    """State, parent and all else that the system says of a process; empty for one that is not there."""
    try:
        # The name of the program stands in brackets and may hold anything.
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


def below(pid: int) -> list[int]:
    """The processes that a process has started, and those that these have, and so on."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        if fields := _fields(int(path.name)):
            parents.setdefault(int(fields[1]), []).append(int(path.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found[1:]


def send_signal(pid: str, since: str, name: str, children: str = "") -> None:
    """Send a signal to a process, unless another has its number by now, and to all below it if ``children`` says so."""
    if since not in {"", started(int(pid))}:
        return
    for each in [int(pid), *(below(int(pid)) if children else [])]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.Signals[name])


def end_group(pid: str, since: str, seconds: str) -> None:
    """Ask a process to end and wait so many seconds; then kill its group, which has its number."""
    send_signal(pid, since, "SIGTERM")
    end = time.monotonic() + float(seconds)
    while started(int(pid)) == since and time.monotonic() < end:
        time.sleep(_LOOK_S)
    if started(int(pid)) in {since, ""}:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(int(pid), signal.SIGKILL)


def start_unless(pid: str, since: str, pid_file: str, *argv: str) -> None:
    """Start a server again, unless it runs: the process itself, or whichever its file names by now."""
    end = time.monotonic() + _DYING_S
    while since and started(int(pid)) == since:
        # It may have been killed just now, and be on its way out.
        if time.monotonic() > end:
            return
        time.sleep(_LOOK_S)
    with contextlib.suppress(OSError, ValueError, IndexError):
        if pid_file and started(int(Path(pid_file).read_text(encoding="utf-8").split()[0])):
            return
    server = subprocess.Popen(  # noqa: S603 -- the command that the policy names
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        if code := server.wait(_DYING_S):
            sys.exit(f"{argv[0]} ended with {code}")


def clear_proxy(path: str) -> None:
    """Tell a proxy that the user started to let everything pass again."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_TIMEOUT_S)
        line.connect(path)
        line.sendall(b'{"kind":"none"}\n')
        line.recv(1)


def call(method: str, url: str, body: str) -> None:
    """Send one request; that there is nothing any more at its address is as good."""
    data = body.encode() or None
    headers = {"Content-Type": "application/json", "User-Agent": "art15"}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)  # noqa: S310 -- from the policy
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(request, timeout=_TIMEOUT_S).close()
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise SystemExit(f"{method} {url}: {error}") from None
    except OSError as error:
        raise SystemExit(f"{method} {url}: {error}") from None


ACTS: dict[str, Callable[..., None]] = {
    "signal": send_signal, "end": end_group, "start": start_unless, "clear-proxy": clear_proxy, "call": call,
}  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Carry one of them out."""
    ACTS[arguments[0]](*arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
