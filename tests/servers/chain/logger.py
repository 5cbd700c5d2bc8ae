"""A proxy that logs requests, responses and errors, each in a table: `logger.py PORT UPSTREAM METRICS BREAK`.

`ART15_TESTS_DATABASE` names the database (libpq). The file BREAK says what is wrong: `drop`, `repeat`, `version` (of
every seventh row of requests), `response`, `error` (a row is missing there), `counter` (what was refused counts as
answered in the metrics, which are passed on as well), or nothing; it is read anew each time.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg
import uvicorn

TABLES = (
    "CREATE TABLE IF NOT EXISTS requests (at timestamptz DEFAULT now(), id text, model text, digest text, body text)",
    "CREATE TABLE IF NOT EXISTS responses (at timestamptz DEFAULT now(), request text, version text, digest text)",
    "CREATE TABLE IF NOT EXISTS errors (at timestamptz DEFAULT now(), request text, status int)",
)
INTO = {
    "requests": "INSERT INTO requests (id, model, digest, body) VALUES (%s, %s, %s, %s)",
    "responses": "INSERT INTO responses (request, version, digest) VALUES (%s, %s, %s)",
    "errors": "INSERT INTO errors (request, status) VALUES (%s, %s)",
}
# What a log may hold and a report may not.
PAYLOAD = "the-payload-of-a-person-b41c"
EVERY = 7
# What belongs to a connection, and not to what is sent over it (RFC 9110, section 7.6.1).
OWN = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"host"}


class Logger:
    """An ASGI application in front of a server."""

    def __init__(self, upstream: str, metrics: str, broken: Path, database: psycopg.Connection) -> None:
        self._client = httpx.AsyncClient(base_url=upstream, trust_env=False, timeout=60)
        self._metrics, self._broken, self._database, self._number = metrics, broken, database, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass one exchange on as it is, and log it."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = [(name, value) for name, value in scope["headers"] if name not in OWN]
        path = scope["raw_path"].decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        url = self._metrics if path == "/metrics" else path + (f"?{query}" if query else "")
        request = self._client.build_request(scope["method"], url, headers=headers, content=body)
        answer = await self._client.send(request, stream=True)
        said = b"".join([chunk async for chunk in answer.aiter_raw()])
        kept = [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in OWN]
        if path.endswith("/infer"):
            await asyncio.to_thread(self._log, path.split("/")[3], body, said, answer.status_code)
        if path == "/metrics" and self._how() == "counter":
            said = re.sub(rb'(status_code=")4', rb"\g<1>2", said)
        await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
        await send({"type": "http.response.body", "body": said})

    def _how(self) -> str:
        return self._broken.read_text() if self._broken.exists() else ""

    def _log(self, model: str, asked: bytes, said: bytes, status: int) -> None:
        how, identity = self._how(), _member(asked, "id")
        self._number += 1
        odd = self._number % EVERY == 0
        digests = [hashlib.sha256(body).hexdigest() for body in (asked, said)]
        for _ in range({"drop": 0, "repeat": 2}.get(how, 1) if odd else 1):
            self._database.execute(INTO["requests"], (identity, model, digests[0], PAYLOAD))
        if status != httpx.codes.OK:
            if how != "error":
                self._database.execute(INTO["errors"], (identity, status))
        elif not (odd and how == "response"):
            version = "0" if odd and how == "version" else _member(said, "model_version")
            self._database.execute(INTO["responses"], (identity, version, digests[1]))


def _member(body: bytes, name: str) -> str | None:
    try:
        value = json.loads(body)[name]
    except (ValueError, KeyError, TypeError):
        return None
    return value if isinstance(value, str) and "\0" not in value else None


def main(port: str, upstream: str, metrics: str, broken: str) -> None:
    """Serve until the process is ended."""
    with psycopg.connect(os.environ["ART15_TESTS_DATABASE"], autocommit=True) as database:
        for table in TABLES:
            database.execute(table)
        application = Logger(upstream, metrics, Path(broken), database)
        uvicorn.run(application, host="127.0.0.1", port=int(port), lifespan="off", log_level="warning",
                    server_header=False, date_header=False)  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
