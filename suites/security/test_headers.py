"""Headers of answers: what they tell, and whether other web sites may use the service."""

from __future__ import annotations

from harness.check import check
from harness.record.exchange import Exchange
from harness.target.probe import Probe
from harness.target.replies import status_of

ORIGIN = "https://art15.invalid"
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
    advice=["closed-to-other-origins"],
    faults=[],
    fix="Name the origins that may, and never repeat the Origin of a request together with Allow-Credentials.",
)
def security_closed_to_other_origins(probe: Probe) -> None:
    """Another web site cannot use the service with a visitor's credentials.

    A read and an inference path's preflight with the Origin of a site that does not exist, reads with the origin
    "null" and with one that begins like the endpoint's own, all with a cookie. Access-Control-Allow-Origin
    must not repeat it together with Allow-Credentials (WHATWG Fetch).
    A wildcard is recorded: browsers send no credentials to it. MITRE ATLAS AML.T0040.
    """
    metadata = f"/{probe.target.metadata_path}"
    model = probe.target.models[0] if probe.target.models else None
    infer = metadata if model is None else probe.client.model_path(model.name, model.address, "infer")
    access = probe.client.access
    scheme = "https" if access.is_tls else "http"
    longer = [f"{scheme}://{host}.art15.invalid" for host in dict.fromkeys((access.host, access.host_header))]
    asked = [("GET", metadata, ORIGIN), ("OPTIONS", infer, ORIGIN), ("GET", metadata, "null")]
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
    "security-headers-recorded",
    duties=["A15-5-h"],
    criterion="what headers tell of the software, and which of them guard, is recorded",
    advice=["no-disclosure"],
    only_records=True,
    fix="Leave versions out of Server, and send X-Content-Type-Options: nosniff.",
)
def security_headers_recorded(probe: Probe) -> None:
    """What the headers of answers tell is recorded.

    One read and one unknown route; names of software, guarding headers and attributes of cookies. Nothing here is held
    against the endpoint, and the check says nothing for it: it ends as not applicable. MITRE ATLAS AML.T0063.
    """
    for what, path in (("metadata", f"/{probe.target.metadata_path}"), ("unknown route", "/v2/no/such/route")):
        exchange = probe.client.send("GET", path)
        if exchange.error is None and exchange.status is not None:
            probe.observe(f"{what}, {status_of(exchange)}: {_told(exchange)}")
    if not probe.outcome.observations:
        probe.untestable("no request was answered")
    probe.not_applicable("headers are recorded, not judged: see what was observed")


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
