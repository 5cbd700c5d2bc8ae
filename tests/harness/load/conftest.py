"""What the tests of the engine share."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1, of server and client alike."""
    place = tmp_path_factory.mktemp("tls") / "both.pem"
    made = place.with_suffix(".crt")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", place, "-out", made],
        check=True, capture_output=True,
    )  # fmt: skip
    place.write_bytes(place.read_bytes() + made.read_bytes())
    return place
