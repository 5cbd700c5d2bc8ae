"""Runs `pytest --endpoint` as a user would, in a process of its own, and reads what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# The console script, as users call it: unlike `python -m pytest` it does not put the current folder on the path.
PYTEST = Path(sys.executable).parent / "pytest"
PATIENCE = 300.0


@dataclass(frozen=True)
class Ran:
    """A finished run: exit code, everything printed, the evidence folder, and the most memory it had in use."""

    code: int
    output: str
    folder: Path
    peak_kilobytes: int = 0

    @property
    def evidence(self) -> dict[str, Any]:
        """The document."""
        document: dict[str, Any] = json.loads((self.folder / "evidence.json").read_bytes())
        return document

    @property
    def verdicts(self) -> dict[str, str]:
        """Verdict by check id."""
        return {check["id"]: check["verdict"] for check in self.evidence["checks"]}


def probe(endpoint: str, folder: Path, *arguments: str, environ: dict[str, str] | None = None, cwd: Path = ROOT) -> Ran:
    """`pytest --endpoint ENDPOINT --oip-evidence FOLDER ARGUMENTS`."""
    command = [str(PYTEST), "--endpoint", endpoint, "--oip-evidence", str(folder), *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            command, cwd=cwd, env={**clean, **(environ or {})}, stdout=printed, stderr=subprocess.STDOUT
        )
        end = threading.Timer(PATIENCE, process.kill)
        end.start()
        # wait4 and not RUSAGE_CHILDREN, which knows only the largest of all children this process ever had.
        _, status, usage = os.wait4(process.pid, 0)
        end.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        output = printed.read().decode("utf-8", "replace")
    return Ran(process.returncode, output, folder, usage.ru_maxrss)
