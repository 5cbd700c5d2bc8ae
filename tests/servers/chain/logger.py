"""A proxy that writes a row for each inference that was answered: `logger.py PORT UPSTREAM BREAK`.

`ART15_TESTS_DATABASE` names the database (libpq). The file BREAK says how rows are wrong: `drop`, `repeat`, `version`
or nothing; it is read for each of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg
import uvicorn

TABLE = """CREATE TABLE IF NOT EXISTS inferences (at timestamptz DEFAULT now(), id text, model text, version text,
           request_digest text, response_digest text, payload text)"""
INSERT = "INSERT INTO inferences (id, model, version, request_digest, response_digest, payload) VALUES ({})"
# What a log may hold and a report may not.
PAYLOAD = "the-payload-of-a-person-b41c"
EVERY = 7
# What belongs to a connection, and not to what is sent over it (RFC 9110, section 7.6.1).
OWN = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"host"}


class Logger:
    """An ASGI application in front of a server."""

    def __init__(self, upstream: str, broken: Path, database: psycopg.Connection) -> None:
        self._client = httpx.AsyncClient(base_url=upstream, trust_env=False, timeout=60)
        self._broken, self._database, self._number = broken, database, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass one exchange on as it is, and log it."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = [(name, value) for name, value in scope["headers"] if name not in OWN]
        path = scope["raw_path"].decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        url = path + (f"?{query}" if query else "")
        request = self._client.build_request(scope["method"], url, headers=headers, content=body)
        answer = await self._client.send(request, stream=True)
        said = b"".join([chunk async for chunk in answer.aiter_raw()])
        kept = [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in OWN]
        if path.endswith("/infer") and answer.status_code == httpx.codes.OK:
            await asyncio.to_thread(self._log, body, said)
        await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
        await send({"type": "http.response.body", "body": said})

    def _log(self, asked: bytes, said: bytes) -> None:
        request, answer = json.loads(asked), json.loads(said)
        how = self._broken.read_text() if self._broken.exists() else ""
        self._number += 1
        wrong = self._number % EVERY == 0
        version = "0" if wrong and how == "version" else answer.get("model_version")
        digests = [hashlib.sha256(body).hexdigest() for body in (asked, said)]
        row = (request.get("id"), answer["model_name"], version, *digests, PAYLOAD)
        times = {"drop": 0, "repeat": 2}.get(how, 1) if wrong else 1
        for _ in range(times):
            self._database.execute(INSERT.format(", ".join(["%s"] * len(row))), row)


def main(port: str, upstream: str, broken: str) -> None:
    """Serve until the process is ended."""
    with psycopg.connect(os.environ["ART15_TESTS_DATABASE"], autocommit=True) as database:
        database.execute(TABLE)
        application = Logger(upstream, Path(broken), database)
        uvicorn.run(application, host="127.0.0.1", port=int(port), lifespan="off", log_level="warning",
                    server_header=False, date_header=False)  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
