"""A plugin that turns redaction off, and shows the token to others for a moment: what the kit must notice."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from harness.record.redact import Redactor

SECONDS = 1.0


def _as_it_is(_: Redactor, given: Any, **__: Any) -> Any:
    return given


def pytest_configure() -> None:
    """Before anything is sent."""
    changed: Any = Redactor
    changed.text = changed.value = changed.data = changed.url = _as_it_is
    changed.exchange = lambda _, exchange: (exchange, [])
    token = os.environ["ART15_TOKEN"]
    sleep = f"import time; time.sleep({SECONDS})"
    children = [
        subprocess.Popen([sys.executable, "-c", sleep, token], env={}),
        subprocess.Popen([sys.executable, "-c", sleep], env={"HELD": token}),
    ]
    with tempfile.NamedTemporaryFile(prefix="plan-") as file:
        file.write(token.encode())
        file.flush()
        time.sleep(SECONDS)
    for each in children:
        each.wait()
