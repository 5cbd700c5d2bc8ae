"""Watches a run from outside: what others on this machine could see of it meanwhile, and what it leaves.

Meanwhile, every few milliseconds: the command line of each process of the run, the environment of each but the first
(which whoever starts it has given), and every file in its folder for temporary files. Afterwards: whatever lies in
its folders, and what it printed.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .searching import files, pieces, told

EVERY_S = 0.01
# Bytes of one file that are looked at while it grows.
MOST = 8 << 20
# The standard library asks it for the processor, with its environment as it is; it is there for a millisecond.
UNAME = b"uname\0-p\0"


@dataclass(frozen=True)
class Seen:
    """A run that is over.

    Attributes:
        code, printed: as the shell has them.
        there: every text that was seen, by where; one that changed has several.
        samples: how often somebody looked.
        processes: that were there at some time.
    """

    code: int
    printed: bytes
    there: dict[str, bytes]
    samples: int
    processes: int

    def leaks(self, secrets: Sequence[str]) -> dict[str, list[str]]:
        """Where secrets are, and what was seen of them."""
        wanted = pieces(secrets)
        found = {where: told(data, wanted) for where, data in self.there.items()}
        return {where: each for where, each in found.items() if each}


class Watch:
    """Looks at a session of processes and a folder, in a thread of its own, until it is stopped."""

    def __init__(self, session: int, temporary: Path) -> None:
        self.there: dict[str, bytes] = {}
        self.samples = 0
        self.pids: set[int] = set()
        self._session, self._temporary = session, temporary
        self._known: set[tuple[object, ...]] = set()
        self._digests: set[tuple[str, str]] = set()
        self._others: set[str] = set()
        self._first = b""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._forever, daemon=True, name="watch")
        self._thread.start()

    def stop(self) -> None:
        """Look a last time."""
        self._over.set()
        self._thread.join()
        self._look()

    def _forever(self) -> None:
        while not self._over.wait(EVERY_S):
            self._look()

    def _look(self) -> None:
        self.samples += 1
        for pid in self._processes():
            self.pids.add(pid)
            with suppress(OSError):
                self._process(pid)
        for folder, _, names in os.walk(self._temporary):
            for name in names:
                with suppress(OSError):
                    self._file(Path(folder) / name)

    def _process(self, pid: int) -> None:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
        self._keep(f"cmdline of process {pid}", line)
        if pid == self._session:
            self._first = line or self._first
        elif line not in (b"", self._first, UNAME):  # or it was forked, and is about to become another program
            self._keep(f"environ of process {pid}, {line[:80]!r}", Path(f"/proc/{pid}/environ").read_bytes())

    def _processes(self) -> list[int]:
        found = []
        for name in (entry.name for entry in os.scandir("/proc")):
            if name.isdigit() and name not in self._others:
                with suppress(OSError):
                    numbers = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                    if int(numbers[3]) == self._session:
                        found.append(int(name))
                    else:
                        self._others.add(name)  # asked once: who is in another session stays there
        return found

    def _file(self, path: Path) -> None:
        facts = path.stat()
        sign = (path, facts.st_ino, facts.st_size, facts.st_mtime_ns)
        if sign not in self._known:
            with path.open("rb") as file:
                self._keep(
                    f"temporary {path.relative_to(self._temporary)}", str(path).encode() + b"\n" + file.read(MOST)
                )
            self._known.add(sign)

    def _keep(self, where: str, data: bytes) -> None:
        digest = hashlib.sha256(data).hexdigest()
        if (where, digest) not in self._digests:
            self._digests.add((where, digest))
            self.there[f"{where} ({self.samples}, {digest[:8]})"] = data


def watched(command: Sequence[str], home: Path, environ: dict[str, str], patience: float = 120.0) -> Seen:
    """Run a command in ``home/here``, with ``home/tmp`` for temporary files, and look all the while and afterwards.

    What it leaves anywhere below ``home`` counts, and so does what it prints.
    """
    here, temporary = home / "here", home / "tmp"
    for each in (here, temporary):
        each.mkdir()
    before = set(files(home))
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "ART15"))}
    with (home.parent / f"{home.name}.out").open("w+b") as output:
        process = subprocess.Popen(
            command, cwd=here, env={**clean, "TMPDIR": str(temporary), **environ}, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        watch = Watch(process.pid, temporary)
        try:
            code = process.wait(patience)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            watch.stop()
        output.seek(0)
        printed = output.read()
    left = {f"left {name}": data for name, data in files(home).items() if name not in before}
    return Seen(code, printed, {"printed": printed, **left, **watch.there}, watch.samples, len(watch.pids))
