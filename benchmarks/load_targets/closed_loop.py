"""locust as most people use it: each user sends, waits for the answer, sends again. The command names the class."""

from __future__ import annotations

import os
from pathlib import Path

from locust import FastHttpUser, HttpUser, constant, task

URL = os.environ["LOAD_URL"]
BODY = Path(os.environ["LOAD_BODY"]).read_bytes()
HEADERS = dict(line.split(": ", 1) for line in os.environ["LOAD_HEADERS"].splitlines())


class Fast(FastHttpUser):
    """On geventhttpclient."""

    wait_time = constant(0)

    @task
    def infer(self) -> None:
        """One request."""
        self.client.post(URL, data=BODY, headers=HEADERS, name="infer")  # type: ignore[arg-type]  # it takes bytes


class Plain(HttpUser):
    """On requests."""

    wait_time = constant(0)

    @task
    def infer(self) -> None:
        """One request."""
        self.client.post(URL, data=BODY, headers=HEADERS, name="infer")
