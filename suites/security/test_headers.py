"""Headers of answers: what they tell, and whether other web sites may use the service."""

from __future__ import annotations

import re

from harness.check import check
from harness.criteria import Advice
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange

ORIGIN = "https://art15.invalid"
# Headers that name software, and a product with its version (RFC 9110, 10.1.5); what a proxy says of its protocol in
# Via looks alike, and is none.
SOFTWARE = frozenset({"server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator"})
VERSIONED = re.compile(r"[A-Za-z][\w+-]{0,63}/v?\d+(?:\.\d+)+\w*")
TELLING = ("Server", "X-Powered-By", "Via", "X-AspNet-Version", "X-Envoy-Upstream-Service-Time")
GUARDING = (
    "X-Content-Type-Options",
    "Strict-Transport-Security",
    "Cache-Control",
    "Content-Security-Policy",
    "X-Frame-Options",
)


@check(
    "security-closed-to-other-origins",
    duties=["A15-5-a"],
    criterion="no other origin is allowed to send requests with a visitor's credentials and to read the answers",
    advice=[Advice.CLOSED_TO_OTHER_ORIGINS],
    faults=["cors-reflects-origin", "cors-null-allowed", "cors-suffix-allowed"],
    fix="Name the origins that may, and never repeat the Origin of a request together with Allow-Credentials.",
)
def security_closed_to_other_origins(probe: Probe) -> None:
    """Another web site cannot use the service with a visitor's credentials.

    A read and an inference path's preflight with the Origin of a site that does not exist, reads with the origin
    "null" and with some that begin or end like the endpoint's own, all with a cookie. Access-Control-Allow-Origin
    must not repeat it together with Allow-Credentials (WHATWG Fetch).
    A wildcard is recorded: browsers send no credentials to it. MITRE ATLAS AML.T0040.
    """
    metadata = f"/{probe.endpoint.metadata_path}"
    model = probe.endpoint.models[0] if probe.endpoint.models else None
    infer = metadata if model is None else probe.client.model_path(model.name, model.address, "infer")
    access = probe.client.access
    scheme = "https" if access.address.tls else "http"
    longer = [f"{scheme}://{host}.art15.invalid" for host in dict.fromkeys((access.address.host, access.host_header))]
    asked = [("GET", metadata, ORIGIN), ("OPTIONS", infer, ORIGIN), ("GET", metadata, "null")]
    longer += [f"{scheme}://art15{access.address.host}"]
    asked += [("GET", metadata, origin) for origin in longer]
    for method, path, origin in asked:
        headers = [("Origin", origin), ("Cookie", "art15=1")]
        if method == "OPTIONS":
            headers += [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type")]
        exchange = probe.client.send(method, path, headers=headers)
        if exchange.error is not None or exchange.status is None:
            continue
        allowed = exchange.header("Access-Control-Allow-Origin")
        credentials = (exchange.header("Access-Control-Allow-Credentials") or "").strip().lower() == "true"
        observed = f"{method} with Origin {origin}: allowed origin {allowed or 'none'}"
        observed += ", credentials allowed" if credentials else ""
        probe.observe(observed)
        expected = "not this origin together with credentials"
        good = not (credentials and allowed is not None and allowed.strip() == origin)
        probe.holds(good, expected=expected, observed=observed, exchange=exchange, root="any-origin-with-credentials")


@check(
    "security-headers-hide-versions",
    duties=["A15-5-h"],
    criterion="no answer lists the versions of several products in its headers",
    advice=[Advice.NO_DISCLOSURE],
    faults=["versions-in-headers"],
    fix="Send no X-Powered-By, and in Server one name without a version.",
)
def security_headers_hide_versions(probe: Probe) -> None:
    """Headers do not list what is inside, version by version.

    One read, one unknown route and one broken inference. RFC 9110 (10.2.4) warns of needlessly fine-grained detail in
    Server: one product with its version is left to the operator, and recorded; several in the same answer (interpreter,
    libraries, framework) tell which known holes to try. MITRE ATLAS AML.T0063.
    """
    asked = [_asked(probe, what, path) for what, path in _paths(probe)]
    if probe.endpoint.models:
        model = probe.endpoint.models[0]
        asked.append(("broken inference", probe.client.infer(model.name, b"{", model.address)))
    seen = [(what, exchange) for what, exchange in asked if exchange.error is None and exchange.status is not None]
    if not seen:
        probe.untestable("no request was answered")
    for what, exchange in seen:
        told = sorted({found for name, value in exchange.response_headers if name.lower() in SOFTWARE
                       for found in VERSIONED.findall(value)})  # fmt: skip
        observed = f"{what}: {', '.join(told) or 'no version'}"
        expected = "at most one product with its version"
        probe.holds(len(told) < 2, expected=expected, observed=observed, exchange=exchange, root="versions-in-headers")


@check(
    "security-headers-recorded",
    duties=["A15-5-h"],
    criterion="what headers tell of the software, and which of them guard, is recorded",
    advice=[Advice.NO_DISCLOSURE],
    only_records=True,
    fix="Leave versions out of Server, and send X-Content-Type-Options: nosniff.",
)
def security_headers_recorded(probe: Probe) -> None:
    """What the headers of answers tell is recorded.

    One read and one unknown route; names of software, guarding headers and attributes of cookies. Nothing here is held
    against the endpoint, and the check says nothing for it: it ends as not applicable. MITRE ATLAS AML.T0063.
    """
    for what, exchange in (_asked(probe, what, path) for what, path in _paths(probe)):
        if exchange.error is None and exchange.status is not None:
            probe.observe(f"{what}, {status_of(exchange)}: {_told(exchange)}")
    if not probe.outcome.observations:
        probe.untestable("no request was answered")
    probe.not_applicable("headers are recorded, not judged: see what was observed")


def _paths(probe: Probe) -> list[tuple[str, str]]:
    return [("metadata", f"/{probe.endpoint.metadata_path}"), ("unknown route", "/v2/no/such/route")]


def _asked(probe: Probe, what: str, path: str) -> tuple[str, Exchange]:
    return what, probe.client.send("GET", path)


def _told(exchange: Exchange) -> str:
    told = [f"{name}: {exchange.header(name)}" for name in TELLING if exchange.header(name)]
    guards = [name for name in GUARDING if exchange.header(name)]
    missing = [name for name in GUARDING[:1] if name not in guards]
    cookies = [value.partition(";")[2].strip() for name, value in exchange.response_headers
               if name.lower() == "set-cookie"]  # fmt: skip
    parts = ["; ".join(told) or "no name of software"]
    parts.append(f"guards: {', '.join(guards) or 'none'}")
    parts += [f"no {name}" for name in missing]
    parts += [f"cookie with {attributes or 'no attributes'}" for attributes in cookies]
    return "; ".join(parts)
