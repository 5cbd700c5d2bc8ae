"""A probing run neither imports locust nor lets gevent patch its interpreter, though locust registers a plugin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

RUN = """
import sys, pytest
class Seen:
    def pytest_unconfigure(self, config):
        print("PLUGIN", config.pluginmanager.get_plugin("locust"))
        print("MODULES", sorted({"locust", "gevent"} & set(sys.modules)))
sys.exit(pytest.main(["-q", "-o", "addopts=-p no:asyncio", "--endpoint", "embedded", "--oip-evidence", sys.argv[1],
                      "-k", "rest-live-answers-200"], plugins=[Seen()]))
"""
PATCHED = "import gevent.monkey\ngevent.monkey.patch_all()\n" + RUN


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, str(folder / "evidence")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)


def test_locust_is_not_there(tmp_path: Path) -> None:
    done = run(RUN, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PLUGIN None" in done.stdout
    assert "MODULES []" in done.stdout


def test_a_patched_interpreter_is_refused(tmp_path: Path) -> None:
    done = run(PATCHED, tmp_path)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "gevent has patched" in done.stdout + done.stderr
