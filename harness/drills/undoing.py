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
    try:
        # The name of the program stands in brackets and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {b"Z", b"X"} else fields[19].decode()


def send_signal(pid: str, since: str, name: str) -> None:
    """Send a signal to a process, unless another has its number by now."""
    if since in {"", started(int(pid))}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.Signals[name])


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
