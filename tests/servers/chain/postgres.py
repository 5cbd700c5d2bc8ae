"""A cluster of PostgreSQL of its own, in a temporary folder and on loopback alone."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from harness.cluster.kept import Kept
from tests.servers.processes import free_ports
from tests.servers.recipe import Missing
from tests.servers.servers import inherited

USER, START_S, POLL_S = "postgres", 60.0, 0.1


@dataclass(frozen=True)
class Postgres:
    """A running cluster, and the password of its only user."""

    port: int
    password: str

    def url(self, database: str, driver: str = "postgresql") -> str:
        """The address of a database, with the password."""
        return f"{driver}://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"


def _program(name: str) -> str:
    """Debian has those of the server outside of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    where = str(found[-1]) if found else shutil.which(name)
    if where is None:
        raise Missing(f"there is no {name} (make system)")
    return where


def _as_user() -> list[str]:
    """PostgreSQL does not run as root."""
    return ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"] if os.geteuid() == 0 else []


@contextmanager
def postgres(*databases: str) -> Iterator[Postgres]:
    """A cluster with these databases, for as long as the context lasts.

    Raises:
        Missing: this machine has no PostgreSQL.
        RuntimeError: it does not start.
    """
    initdb, server = _program("initdb"), _program("postgres")
    with tempfile.TemporaryDirectory(prefix="art15-postgres-") as name:
        folder = Path(name)
        data, log, secret = folder / "data", folder / "log", folder / "secret"
        cluster = Postgres(free_ports(1)[0], secrets.token_hex(16))
        secret.write_text(cluster.password)
        if os.geteuid() == 0:
            for each in (folder, secret):
                shutil.chown(each, USER, USER)
        make = [initdb, "-D", str(data), "-U", USER, "--auth", "scram-sha-256", "--pwfile", str(secret), "--no-sync"]
        done = subprocess.run(
            [*_as_user(), *make, "-E", "UTF8", "--locale", "C"], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"initdb: {done.stderr[-1000:]}")
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        start = [server, "-D", str(data), "-p", str(cluster.port)]
        kept = Kept(
            [*_as_user(), *start, *(part for key, value in settings.items() for part in ("-c", f"{key}={value}"))],
            inherited(), log,
        )  # fmt: skip
        try:
            _make(cluster, databases, log)
            yield cluster
        finally:
            kept.stop()


def _make(cluster: Postgres, databases: tuple[str, ...], log: Path) -> None:
    until = time.monotonic() + START_S
    while (failure := _refused(cluster)) is not None:
        if time.monotonic() > until:
            raise RuntimeError(f"PostgreSQL: {failure}\n{log.read_text()[-1000:]}")
        time.sleep(POLL_S)
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        for name in databases:
            connection.execute(f"CREATE DATABASE {name}".encode())


def _refused(cluster: Postgres) -> str | None:
    try:
        psycopg.connect(cluster.url("postgres")).close()
    except psycopg.OperationalError as error:
        return str(error)
    return None
