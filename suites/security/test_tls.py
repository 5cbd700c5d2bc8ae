"""TLS: versions that are taken, plain HTTP on the same port, and facts of the certificate."""

from __future__ import annotations

import ssl
import time
from typing import Any

from harness.check import check
from harness.criteria import Advice
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.wire.pinned import certificate, pinned, plain
from harness.wire.sockets import WireError

DAY = 86_400
MOST_URGENT = 7
CURRENT = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
SHOWN_BY = "tests/harness/run/test_tls_checks.py"


@check(
    "security-tls-is-current",
    duties=["A15-5-b"],
    criterion="no handshake with TLS 1.0 or 1.1 succeeds",
    advice=[Advice.CURRENT_TLS],
    shown_by=SHOWN_BY,
    fix="Set TLS 1.2 as the least version (RFC 8996).",
)
def security_tls_is_current(probe: Probe) -> None:
    """Old versions of TLS are not taken.

    A handshake with each of TLS 1.0 to 1.3 alone, and a request if it succeeds. RFC 8996 says that 1.0 and 1.1 must
    not be used. A version that this machine cannot speak is said so. Without TLS, answers could be altered on the way:
    AML.T0043.003 of MITRE ATLAS would need no access at all.
    """
    _over_tls(probe)
    states = {version: _speaks(probe, version) for version in (*OLD, *CURRENT)}
    for version, (exchange, why) in states.items():
        probe.observe(f"{version.name}: {'taken' if exchange is not None and exchange.answered else why}")
    if not any(exchange is not None and exchange.answered for exchange, _ in states.values()):
        probe.untestable("no handshake with any single version of TLS succeeded")
    for version in OLD:
        exchange, why = states[version]
        if exchange is None:
            continue
        taken = exchange.connection is not None and exchange.connection.tls is not None and exchange.answered
        observed = f"{version.name}: {'taken' if taken else why}"
        probe.holds(not taken, expected="no handshake", observed=observed, exchange=exchange, root="old-tls-taken")


@check(
    "security-tls-not-beside-plain-http",
    duties=["A15-5-b"],
    criterion="plain HTTP on the port of TLS serves nothing",
    advice=[Advice.CURRENT_TLS],
    shown_by=SHOWN_BY,
    fix="Serve TLS only on this port; answer plain requests by a refusal or a redirect.",
)
def security_tls_not_beside_plain_http(probe: Probe) -> None:
    """Plain HTTP on the same port serves nothing.

    Server metadata and health without TLS and without credentials. A refusal, a redirect or a closed connection is
    right. MITRE ATLAS AML.T0040.
    """
    _over_tls(probe)
    with plain(probe.client) as client:
        for path in (f"/{probe.endpoint.metadata_path}", "/v2/health/live"):
            exchange = client.send("GET", path, fresh=True)
            observed = f"GET {path} without TLS: {status_of(exchange)}"
            probe.holds(not exchange.ok, expected="nothing served", observed=observed, exchange=exchange)


@check(
    "security-certificate-recorded",
    duties=["A15-5-b"],
    criterion="the certificate is verified, and its names, issuer and days left are recorded",
    advice=[Advice.CURRENT_TLS],
    shown_by=SHOWN_BY,
    fix="Renew certificates by a machine, well before they run out.",
)
def security_certificate_recorded(probe: Probe) -> None:
    """The certificate is verified, and what it says is recorded.

    One handshake, verified against the trust store (or --oip-ca). The run would not have begun with one that cannot be
    verified; a certificate with less than a week left is advice. MITRE ATLAS AML.T0040.
    """
    _over_tls(probe)
    try:
        found = certificate(probe.client)
    except WireError as error:
        probe.untestable(f"no handshake: {error.failure.message}")
    if not found:
        probe.untestable("the certificate could not be read")
    left = (ssl.cert_time_to_seconds(str(found["notAfter"])) - time.time()) / DAY
    facts = f"{left:.0f} days left, names {', '.join(_names(found)) or 'none'}, issuer {_issuer(found)}"
    probe.observe(f"{facts}{', self-signed' if found.get('issuer') == found.get('subject') else ''}")
    probe.holds(
        left >= MOST_URGENT, expected=f"{MOST_URGENT} days or more", observed=facts, root="certificate-runs-out",
        exchange=probe.client.send("GET", f"/{probe.endpoint.metadata_path}", fresh=True),
    )  # fmt: skip


def _over_tls(probe: Probe) -> None:
    if not probe.client.access.address.tls:
        probe.not_applicable("the endpoint is reached without TLS (http)")


def _speaks(probe: Probe, version: ssl.TLSVersion) -> tuple[Exchange | None, str]:
    """The exchange over one version, None if this machine cannot speak it; and the reason there was no answer."""
    try:
        client = pinned(probe.client, version)
    except ValueError as error:
        return None, f"not tried: {error}"
    with client:
        exchange = client.send("GET", "/v2/health/live", fresh=True)
    if exchange.error is not None and "no protocols available" in exchange.error.message.lower():
        return None, "not tried: this machine does not speak it"
    return exchange, f"not taken ({clip(status_of(exchange), 100)})"


def _names(found: dict[str, Any]) -> list[str]:
    return [str(name) for _, name in found.get("subjectAltName", ())]


def _issuer(found: dict[str, Any]) -> str:
    parts = [value for group in found.get("issuer", ()) for key, value in group
             if key in ("organizationName", "commonName")]  # fmt: skip
    return ", ".join(str(part) for part in parts) or "not named"
