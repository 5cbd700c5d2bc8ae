"""TLS: trust, server name, client facts, and one deadline for handshake and answer together."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.budget import Limits
from harness.wire.access import Access

from .clients import client_for, record_of
from .hostile import GOOD

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for the name inference.test, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", "/CN=inference.test", "-addext", "subjectAltName=DNS:inference.test", "-days", "2"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


@pytest.fixture
def server(certificate: tuple[Path, Path]) -> Iterator[tuple[int, list[str | None]]]:
    """Port of a TLS server that answers every request, and the server names it was asked for."""
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    while connection.recv(65536):
                        connection.sendall(GOOD)
            except OSError:
                plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], names
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def test_the_authority_is_host_header_and_server_name(
    server: tuple[int, list[str | None]], certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    port, names = server
    access = Access(f"https://127.0.0.1:{port}", ca=str(certificate[0]), authority="inference.test:443")
    with client_for(access, tmp_path)[0] as client:
        exchanges = [client.server_live() for _ in range(3)]
    assert [exchange.error for exchange in exchanges] == [None] * 3
    assert names == ["inference.test"]
    assert ("Host", "inference.test:443") in exchanges[0].request_headers
    facts = exchanges[-1].connection
    assert facts is not None
    assert facts.tls is not None
    assert facts.tls.version.startswith("TLSv1")
    assert facts.request_index == 3


@pytest.mark.parametrize("trusted", [True, False])
def test_untrusted_certificates_and_wrong_names_are_refused(
    server: tuple[int, list[str | None]], certificate: tuple[Path, Path], tmp_path: Path, trusted: bool
) -> None:
    ca = str(certificate[0]) if trusted else None
    client, events = client_for(Access(f"https://localhost:{server[0]}", ca=ca), tmp_path)
    exchange = client.server_live()
    assert exchange.error is not None
    assert exchange.error.kind == "tls"
    assert "certificate is not trusted" in exchange.error.message
    assert b'"kind":"tls"' in record_of(tmp_path, events[0])


def test_a_handshake_that_drips_ends_at_the_deadline(tmp_path: Path) -> None:
    stopping = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            # The head of a handshake record of 16 KiB, and then a byte of it at a time.
            connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
            while not stopping.wait(0.05):
                try:
                    connection.sendall(b"\x03")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        client, _ = client_for(url, tmp_path, limits=Limits(request_seconds=0.5))
        exchange = client.server_live()
    finally:
        stopping.set()
        listener.close()
        thread.join(5)
    assert exchange.error is not None
    assert exchange.error.kind == "tls"
    assert exchange.elapsed_s < 5.0
