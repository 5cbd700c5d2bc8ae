"""Runs `pytest --endpoint` as a user would, in a process of its own, and reads what it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# The console script, as users call it: unlike `python -m pytest` it does not put the current folder on the path.
PYTEST = Path(sys.executable).parent / "pytest"
PATIENCE = 900.0
# The largest resident set of a child begins with that of the process that forked it, which may be a test worker that
# has seen a lot: so a small process stands in between.
MEASURED = """
import os, resource, sys
pid = os.fork()
if not pid:
    if sys.argv[2] != "0":
        resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
    os.execv(sys.argv[3], sys.argv[3:])
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status) % 256)
"""


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


def probe(
    endpoint: str,
    folder: Path,
    *arguments: str,
    environ: dict[str, str] | None = None,
    cwd: Path = ROOT,
    memory: int = 0,
    patience: float = PATIENCE,
    by: Sequence[str] = (str(PYTEST),),
) -> Ran:
    """`pytest -v --endpoint ENDPOINT --oip-evidence FOLDER ARGUMENTS`, which says all that there is to say.

    Args:
        endpoint, folder, arguments: of that command.
        environ: added to the environment.
        cwd: the folder it is started in.
        memory: bytes of address space that it may take; 0: no limit.
        patience: seconds after which it is killed.
        by: the command itself.
    """
    command = [*by, "-v", "--endpoint", endpoint, "--oip-evidence", str(folder), *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    with tempfile.TemporaryDirectory() as scratch:
        peak, printed = Path(scratch) / "peak", Path(scratch) / "printed"
        with printed.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", MEASURED, str(peak), str(memory), *command],
                cwd=cwd,
                env={**clean, **(environ or {})},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
        return Ran(code, printed.read_text(errors="replace"), folder, int(peak.read_text()))


def one_line_usage(ran: Ran, *words: str) -> None:
    """Exit code 4, and one error line with all the words."""
    assert ran.code == 4, ran.output
    errors = [line for line in ran.output.splitlines() if line.startswith("ERROR")]
    assert len(errors) == 1, ran.output
    assert "Traceback" not in ran.output
    for word in words:
        assert word in errors[0], errors[0]
