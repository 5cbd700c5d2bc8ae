"""Starts a command again whenever it ends, as a production supervisor does: `restart.py COMMAND...`.

Standard library only; run by `supervise.py` in place of the server itself. The command stays in this process's group
and session, so that who ends the group ends both. One that does not live through its first seconds was never a server:
its exit code is passed on. SIGTERM ends the command, then the loop.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

FIRST_S = 2.0
PAUSE_S = 0.2


def main(command: list[str]) -> int:
    """Start, wait, start again. The exit code of a first run that was too short; 0 after SIGTERM."""
    asked: list[int] = []
    current: list[int] = []

    def note(number: int, _: object) -> None:
        asked.append(number)
        for pid in current:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    signal.signal(signal.SIGTERM, note)
    began, lives = time.monotonic(), 0
    while not asked:
        server = subprocess.Popen(command)
        current[:] = [server.pid]
        if asked:
            server.terminate()
        code = server.wait()
        current.clear()
        lives += 1
        os.write(2, f"restart: life {lives} ended with {code}\n".encode())
        if lives == 1 and not asked and time.monotonic() - began < FIRST_S:
            return code if code >= 0 else 128 - code
        if not asked:
            time.sleep(PAUSE_S)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
