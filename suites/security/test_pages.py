"""Pages that should not be there: markup of a request that comes back, files and debugging beside the service."""

from __future__ import annotations

import contextlib
from urllib.parse import quote

from harness.check import HINDSIGHT, Untestable, check
from harness.criteria import Advice
from harness.generate.members import with_data, with_members
from harness.judging.disclosure import words
from harness.judging.passive.looks import MARKUP as MARKUP_ADVICE
from harness.judging.passive.reporting import report_sightings
from harness.oracles.disclosure import markup_echoed
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import status_of
from harness.record.quoting import clip

MARKUP = "<img src=x onerror=art15()>"
# Path, and words of which one stands in what is meant and none in the path, which a server may repeat: a page that
# answers every path alike is none of them.
STRAY_PAGES = (
    ("/.env", ("_KEY=", "PASSWORD=", "SECRET=", "DATABASE_URL=")),
    ("/.git/config", ("[core]", "[remote ")),
    ("/actuator/env", ("propertySources",)),
    ("/debug/pprof/", ("goroutine?debug=", "full goroutine stack dump")),
    ("/debug/vars", ('"cmdline"', '"memstats"')),
    ("/server-status", ("Apache Server Status",)),
    ("/v2/models/..%2f..%2f..%2f..%2fetc%2fpasswd", ("root:x:0:0", "root:*:0:0")),
)


@check(
    "security-errors-echo-no-markup",
    duties=["A15-5-b"],
    criterion="markup in a request never comes back unescaped in what a browser takes for a page",
    advice=[Advice.NO_MARKUP_ECHO],
    faults=["markup-of-model-name-echoed", "markup-of-path-echoed", "markup-of-body-echoed"],
    fix="Label errors application/json, send X-Content-Type-Options: nosniff, and escape what pages repeat.",
    last=HINDSIGHT,
)
def security_errors_echo_no_markup(probe: Probe) -> None:
    """Markup in a request is not echoed as a page.

    An element with a script stands in a path, a model name, a version, a query and a broken body, and for one model as
    name of an input, data type, element, name of an output and id. JSON may repeat it; a body
    labelled as a page, or not labelled and beginning like one, must have it escaped; so must answers to other checks of
    the run. MITRE ATLAS AML.T0043.003.
    """
    marked = quote(MARKUP, safe="")
    paths = [f"/v2/models/{marked}", f"/v2/models/{marked}/infer", f"/v2/{marked}", f"/{marked}", f"/v2?q={marked}"]
    paths += [f"/v2/models/{marked}/versions/{marked}/ready"]
    paths += [probe.client.model_path(model.name, MARKUP) for model in probe.endpoint.models[:1]]
    asked: list[tuple[str, str, bytes | None]] = [("GET", path, None) for path in paths]
    asked += [("POST", path, b"{}") for path in paths[1:4]]
    asked.append(("POST", probe.client.model_path(UNKNOWN_MODEL, None, "infer"), f'{{"id":"{MARKUP}"{MARKUP}'.encode()))
    asked += _marked_inferences(probe)
    for method, path, body in asked:
        exchange = probe.client.send(method, path, body)
        if exchange.error is not None or exchange.status is None:
            continue
        echoed = markup_echoed(words(exchange, raw=True), exchange.media_type, MARKUP)
        observed = f"{method} {clip(path, 60)}: {status_of(exchange)}, {exchange.media_type or 'no content type'}"
        observed += ", with the markup as it was sent" if echoed else ""
        expected = "markup escaped, or not repeated, or not in a page"
        probe.holds(not echoed, expected=expected, observed=observed, exchange=exchange, root="markup-echoed")
    report_sightings(probe, "rest", MARKUP_ADVICE, "markup escaped, or not repeated, or not in a page")


def _marked_inferences(probe: Probe) -> list[tuple[str, str, bytes | None]]:
    """Inferences with markup where errors like to quote the request, for the first model that takes any."""
    for model in probe.endpoint.models:
        with contextlib.suppress(Untestable):
            request = model.rest.accepted().request
            path = probe.client.model_path(model.name, model.address, "infer")
            bodies = [with_data(request, [1], **{member: MARKUP}) for member in ("name", "datatype")]
            bodies += [with_data(request, [MARKUP]), with_members(request, outputs=[{"name": MARKUP}])]
            bodies.append(with_members(request, id=MARKUP, inputs=MARKUP))
            return [("POST", path, body) for body in bodies]
    return []


@check(
    "security-no-stray-pages",
    duties=["A15-5-a", "A15-5-h"],
    criterion="no file of the host, environment or debugging page is served",
    advice=[Advice.NO_STRAY_PAGES],
    faults=["environment-file-served", "repository-of-sources-served", "profiler-served"],
    fix="Serve nothing but the routes of the protocol; keep debugging pages on another port.",
)
def security_no_stray_pages(probe: Probe) -> None:
    """No file, environment or debugging page is served beside the protocol.

    A few well-known paths, each believed only if its body has the words of what is meant. MITRE ATLAS AML.T0063.
    """
    answered = 0
    for path, signs in STRAY_PAGES:
        exchange = probe.client.send("GET", path)
        if exchange.error is not None or exchange.status is None:
            continue
        answered += 1
        text = words(exchange, raw=True)
        there = exchange.ok and any(sign in text for sign in signs)
        observed = f"GET {path}: {status_of(exchange)}{', and it is what its name says' if there else ''}"
        probe.holds(
            not there, expected="nothing there", observed=observed, exchange=exchange, root=f"stray-page:{path}"
        )
    if not answered:
        probe.untestable("no request was answered")
