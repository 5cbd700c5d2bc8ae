"""gRPC over TLS, with a client certificate, and through a proxy."""

from __future__ import annotations

import base64
import shutil
import socket
import ssl
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from harness.budget import Limits
from harness.wire.access import Access

from .clients import every_byte
from .grpc_peer import GrpcPeer, reply
from .grpc_server import grpc_server
from .hostile import HostileServer, Peer
from .hostile_grpc import HostileGrpc, grpc_client

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")


@dataclass(frozen=True)
class Files:
    """An authority and two certificates that it signed: the server's, for the name inference.test, and a client's."""

    ca: str
    cert: str
    key: str
    client_cert: str
    client_key: str

    def credentials(self, *, mutual: bool = False) -> object:
        """Credentials of a server of the library."""
        pair = (Path(self.key).read_bytes(), Path(self.cert).read_bytes())
        ca = Path(self.ca).read_bytes() if mutual else None
        return grpc.ssl_server_credentials([pair], root_certificates=ca, require_client_auth=mutual)


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Made anew for each run."""
    folder = tmp_path_factory.mktemp("ca")

    def at(name: str) -> str:
        return str(folder / name)

    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl("req", "-x509", *new, "-subj", "/CN=our own", "-days", "2", "-keyout", at("ca.key"), "-out", at("ca.pem"))
    for name, subject, extra in (
        ("server", "/CN=inference.test", "subjectAltName=DNS:inference.test,IP:127.0.0.1"),
        ("client", "/CN=the tester", "extendedKeyUsage=clientAuth"),
    ):
        (folder / f"{name}.ext").write_text(extra)
        _openssl("req", *new, "-subj", subject, "-keyout", at(f"{name}.key"), "-out", at(f"{name}.csr"))
        _openssl(
            *("x509", "-req", "-in", at(f"{name}.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-days", "2"),
            *("-CAcreateserial", "-extfile", at(f"{name}.ext"), "-out", at(f"{name}.pem")),
        )
    return Files(at("ca.pem"), at("server.pem"), at("server.key"), at("client.pem"), at("client.key"))


def test_tls_with_an_authority_of_ones_own(files: Files, tmp_path: Path) -> None:
    with grpc_server(credentials=files.credentials()) as (port, _):
        access = Access(f"https://127.0.0.1:{port}", ca=files.ca, authority="inference.test")
        with grpc_client(access, tmp_path) as (client, _):
            exchanges = [client.call("Echo", b"over TLS" * 10_000) for _ in range(3)]
    assert [exchange.response_body for exchange in exchanges] == [b"over TLS" * 10_000] * 3
    facts = exchanges[-1].connection
    assert facts is not None
    assert facts.tls is not None
    assert facts.tls.version.startswith("TLSv1")
    assert (facts.id, facts.request_index) == (1, 3), "one connection serves them all"
    assert exchanges[0].url.startswith("https://127.0.0.1:")


def test_a_client_certificate(files: Files, tmp_path: Path) -> None:
    with grpc_server(credentials=files.credentials(mutual=True)) as (port, _):
        url = f"https://127.0.0.1:{port}"
        own = Access(url, ca=files.ca, cert=files.client_cert, key=files.client_key)
        with grpc_client(own, tmp_path / "a") as (client, _):
            assert client.call("Echo", b"1").ok
        with grpc_client(Access(url, ca=files.ca), tmp_path / "b") as (client, _):
            refused = client.call("Echo", b"1")
    assert refused.error is not None
    assert refused.error.kind in ("tls", "closed", "reset")


@pytest.mark.parametrize("trusted", [True, False])
def test_untrusted_certificates_and_wrong_names_are_refused(files: Files, tmp_path: Path, trusted: bool) -> None:
    with grpc_server(credentials=files.credentials()) as (port, _):
        access = Access(f"https://localhost:{port}", ca=files.ca if trusted else None)
        with grpc_client(access, tmp_path) as (client, _):
            exchange = client.server_live()
    assert exchange.error is not None
    assert exchange.error.kind == "tls"
    assert "certificate is not trusted" in exchange.error.message


def test_tls_to_a_server_without_it_and_the_other_way_round(files: Files, tmp_path: Path) -> None:
    limits = Limits(request_seconds=2.0)
    with grpc_server() as (port, _), grpc_client(f"https://127.0.0.1:{port}", tmp_path, limits=limits) as (client, _):
        exchange = client.server_live()
    assert exchange.error is not None
    assert exchange.error.kind == "tls"
    with (
        grpc_server(credentials=files.credentials()) as (port, _),
        grpc_client(f"http://127.0.0.1:{port}", tmp_path, limits=limits) as (client, _),
    ):
        exchange = client.server_live()
    assert exchange.error is not None
    assert exchange.error.kind in ("protocol", "closed", "reset")


def test_server_name_and_alpn_are_sent(files: Files, tmp_path: Path) -> None:
    names: list[str | None] = []
    chosen: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.cert, files.key)
    context.set_alpn_protocols(["h2"])
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def behave(peer: GrpcPeer) -> None:
        with context.wrap_socket(peer.connection, server_side=True) as encrypted:
            chosen.append(encrypted.selected_alpn_protocol())
            inner = GrpcPeer(encrypted, peer.stopping)
            inner.settings()
            while True:
                inner.send(reply(inner.call()[0]))

    with HostileGrpc(behave) as url:
        access = Access(url.replace("http:", "https:"), ca=files.ca, authority="inference.test:443")
        with grpc_client(access, tmp_path) as (client, _):
            assert client.server_live().ok
            assert client.server_live().ok
    assert names == ["inference.test"]
    assert chosen == ["h2"]


class Proxy(HostileServer):
    """A proxy that makes tunnels, or refuses; ``asked`` holds the heads of what it was asked."""

    def __init__(self, status: bytes = b"200 Connection established") -> None:
        super().__init__("never-answers")
        self.asked: list[bytes] = []
        self.status = status
        self._behaviour = self._proxied

    def _proxied(self, peer: Peer) -> None:
        asked = peer.request()
        self.asked.append(asked)
        peer.send(b"HTTP/1.1 " + self.status + b"\r\n\r\n")
        host, _, port = asked.split()[1].decode().rpartition(":")
        if not self.status.startswith(b"200"):
            return
        with socket.create_connection((host.strip("[]"), int(port))) as server:
            back = threading.Thread(target=_pump, args=(server, peer.connection), daemon=True)
            back.start()
            _pump(peer.connection, server)
            back.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_proxy_makes_a_tunnel(tls: bool, files: Files, tmp_path: Path) -> None:
    credentials = files.credentials() if tls else None
    tunnels = Proxy()
    with tunnels as address, grpc_server(credentials=credentials) as (port, _):
        access = Access(
            f"http{'s' if tls else ''}://127.0.0.1:{port}",
            ca=files.ca,
            proxy=address.replace("//", "//me:pass-word-1@"),
        )
        with grpc_client(access, tmp_path) as (client, _):
            exchanges = [client.call("Echo", b"x" * 100_000) for _ in range(2)]
    assert all(exchange.ok for exchange in exchanges), exchanges[0].error
    assert len(tunnels.asked) == 1
    lines = tunnels.asked[0].split(b"\r\n")
    assert lines[0] == b"CONNECT 127.0.0.1:%d HTTP/1.1" % port
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:pass-word-1") in lines
    assert b"pass-word-1" not in every_byte(tmp_path)
    assert exchanges[1].connection is not None
    assert exchanges[1].connection.request_index == 2


def test_a_tunnel_to_ipv6_has_brackets(tmp_path: Path) -> None:
    tunnels = Proxy(b"403 Forbidden")
    with tunnels as address, grpc_client(Access("http://[::1]:8001", proxy=address), tmp_path) as (client, _):
        exchange = client.server_live()
    assert tunnels.asked[0].startswith(b"CONNECT [::1]:8001 HTTP/1.1\r\nHost: [::1]:8001\r\n")
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.status) == ("connect", None)
    assert "the proxy refused: HTTP/1.1 403 Forbidden" in exchange.error.message


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")
    with pytest.raises(ValueError, match="TLS files"), grpc_client(Access("https://a:1", ca=missing), tmp_path):
        pass
