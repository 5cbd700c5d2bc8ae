"""The checks of TLS in both directions, against servers of its own: the reference server speaks plain HTTP."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from harness.check import REGISTRY
from harness.endpoint.endpoint import Endpoint
from harness.outcome import Outcome
from harness.policy import Policy
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.run.checks import load_checks
from harness.run.one_check import execute
from harness.verdicts import Verdict
from harness.wire.access import Access
from tests.harness.wire.clients import client_for
from tests.harness.wire.hostile import GOOD

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
HELLO = 0x16  # the first byte of a TLS handshake


def make(folder: Path, days: int) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 with so many days left, and its key."""
    cert, key = folder / f"cert-{days}.pem", folder / f"key-{days}.pem"
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", str(days)),
        *("-keyout", str(key), "-out", str(cert)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


@contextmanager
def serving(files: tuple[Path, Path], least: ssl.TLSVersion, *, plain_too: bool = False) -> Iterator[int]:
    """Port of a server that answers every request over TLS, and without if ``plain_too``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = least
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        try:
            first = connection.recv(1, socket.MSG_PEEK)
            if first and first[0] == HELLO:
                connection = context.wrap_socket(connection, server_side=True)
            elif not plain_too:
                return
            while connection.recv(65536):
                connection.sendall(GOOD)
        except OSError:
            return
        finally:
            connection.close()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def carried_out(slug: str, url: str, folder: Path, ca: Path | None = None) -> tuple[Verdict, Outcome]:
    """The verdict of one check against a URL, and what it saw."""
    load_checks()
    check = REGISTRY.checks[slug]
    access = Access(url, token="secret-token-for-tests", ca=str(ca) if ca else None)
    with client_for(access, folder)[0] as client:
        # Nothing of the endpoint is looked at but the client and a path, so that nobody need be there.
        nothing = cast("Exchange", None)
        endpoint = Endpoint(client, None, Policy(), "v2", nothing, None)
        probe = Probe(check, endpoint, Outcome(dict(check.beyond_clauses)), None)
        verdict, _ = execute(check, probe)
    return verdict, probe.outcome


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make(tmp_path_factory.mktemp("tls"), 90)


def test_current_tls_passes(files: tuple[Path, Path], tmp_path: Path) -> None:
    with serving(files, ssl.TLSVersion.TLSv1_2) as port:
        verdict, outcome = carried_out("security-tls-is-current", f"https://127.0.0.1:{port}", tmp_path, files[0])
    assert verdict is Verdict.PASS
    assert [text.partition(":")[2].strip().partition(" ")[0] for _, text in outcome.observations[2:]] == ["taken"] * 2


def test_old_tls_is_a_warning(files: tuple[Path, Path], tmp_path: Path) -> None:
    with serving(files, ssl.TLSVersion.TLSv1) as port:
        verdict, outcome = carried_out("security-tls-is-current", f"https://127.0.0.1:{port}", tmp_path, files[0])
    assert verdict is Verdict.WARN
    assert {each.root for each in outcome.violations} == {"old-tls-taken"}
    assert all(each.exchange for each in outcome.violations)


@pytest.mark.parametrize(("plain_too", "expected"), [(False, Verdict.PASS), (True, Verdict.WARN)])
def test_plain_http_beside_tls(files: tuple[Path, Path], tmp_path: Path, plain_too: bool, expected: Verdict) -> None:
    with serving(files, ssl.TLSVersion.TLSv1_2, plain_too=plain_too) as port:
        url = f"https://127.0.0.1:{port}"
        verdict, _ = carried_out("security-tls-not-beside-plain-http", url, tmp_path, files[0])
    assert verdict is expected


@pytest.mark.parametrize(("days", "expected"), [(90, Verdict.PASS), (2, Verdict.WARN)])
def test_certificate(tmp_path: Path, days: int, expected: Verdict) -> None:
    own = make(tmp_path, days)
    with serving(own, ssl.TLSVersion.TLSv1_2) as port:
        url = f"https://127.0.0.1:{port}"
        verdict, outcome = carried_out("security-certificate-recorded", url, tmp_path, own[0])
    assert verdict is expected
    assert "127.0.0.1" in outcome.observations[0][1]
    assert "self-signed" in outcome.observations[0][1]


@pytest.mark.parametrize(
    "slug", ["security-tls-is-current", "security-tls-not-beside-plain-http", "security-certificate-recorded"]
)
def test_without_tls_nothing_applies(slug: str, tmp_path: Path) -> None:
    verdict, _ = carried_out(slug, "http://127.0.0.1:9", tmp_path)
    assert verdict is Verdict.NOT_APPLICABLE
