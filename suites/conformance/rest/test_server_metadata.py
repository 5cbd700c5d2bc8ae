"""Server metadata: GET v2 (inference_rest.md, "Server Metadata Response JSON Object")."""

from __future__ import annotations

from harness.check import check
from harness.probing.json_values import ABSENT, json_type, shown
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange


@check(
    "rest-server-metadata-answers-200",
    clauses=["REST-HTTP-02"],
    duties=["A15-4-d"],
    criterion="GET v2 or GET v2/ answers 200 with a JSON object, directly or after one redirect to the other form",
    faults=["server-metadata-404"],
    fix="Serve the server metadata at v2; redirect v2/ to it, or serve both.",
)
def rest_server_metadata_answers_200(probe: Probe) -> None:
    """Server metadata is found at v2 or at v2/.

    The table of endpoints and the OpenAPI file differ by the trailing slash, so one of the two forms is enough.
    """
    exchange = probe.endpoint.metadata_exchange
    good = exchange.ok and probe.endpoint.server is not None
    probe.holds(good, expected="status 200 and a JSON object", observed=status_of(exchange), exchange=exchange)
    probe.observe(f"the form that answers is {probe.endpoint.metadata_path}", "REST-HTTP-02")


@check(
    "rest-server-metadata-name",
    clauses=["REST-SMETA-01"],
    duties=["A15-4-d"],
    criterion="the member name is a string",
    needs=["rest-server-metadata-answers-200"],
    faults=["server-metadata-without-name"],
    fix="Add the name of the server software as a string.",
)
def rest_server_metadata_name(probe: Probe) -> None:
    """Server metadata has a string name.

    Reads the body of the server metadata.
    """
    exchange = probe.endpoint.metadata_exchange
    if exchange.answered and not exchange.ok:
        expected = "status 200 and an object with a name"
        probe.holds(False, expected=expected, observed=status_of(exchange), exchange=exchange)
        return
    _string_member(probe, "name")


@check(
    "rest-server-metadata-version",
    clauses=["REST-SMETA-02"],
    duties=["A15-4-d"],
    criterion="the member version is a string",
    needs=["rest-server-metadata-answers-200"],
    faults=["server-metadata-version-number"],
    fix="Add the version of the server software as a string, not as a number.",
)
def rest_server_metadata_version(probe: Probe) -> None:
    """Server metadata has a string version.

    Reads the body of the server metadata.
    """
    _read(probe)
    _string_member(probe, "version")


@check(
    "rest-server-metadata-extensions",
    clauses=["REST-SMETA-03"],
    duties=["A15-4-d"],
    criterion="the member extensions is an array of strings, possibly empty",
    needs=["rest-server-metadata-answers-200"],
    faults=["extensions-null"],
    fix="Always send extensions; an empty array says that there are none.",
)
def rest_server_metadata_extensions(probe: Probe) -> None:
    """Server metadata lists its extensions as an array of strings.

    Reads the body of the server metadata.
    """
    exchange = _read(probe)
    value = probe.json_object(exchange).get("extensions", "(absent)")
    exchange = probe.endpoint.metadata_exchange
    value = probe.json_object(exchange).get("extensions", ABSENT)
    good = isinstance(value, list) and all(isinstance(name, str) for name in value)
    probe.holds(good, expected="extensions is an array of strings", observed=shown(value), exchange=exchange)


@check(
    "rest-server-metadata-extensions-exist",
    clauses=["REST-SMETA-06", "REST-SMETA-04"],
    duties=["A15-4-d"],
    criterion="an advertised model repository extension has a route",
    needs=["rest-server-metadata-extensions"],
    faults=["extension-advertised-but-absent"],
    fix="Advertise only what is served.",
)
def rest_server_metadata_extensions_exist(probe: Probe) -> None:
    """An extension that is advertised is there.

    Names are not standardised; they are recorded. The repository index is read where the name is Triton's
    model_repository: reading it disturbs nothing. Other extensions have suites of their own.
    """
    names = probe.endpoint.server.extensions if probe.endpoint.server else ()
    probe.observe(f"extensions: {', '.join(names) or 'none'}", "REST-SMETA-04")
    probe.holds(True, clause="REST-SMETA-04", expected="any names", observed=", ".join(names))
    if "model_repository" in names:
        exchange = probe.answered(probe.client.send("POST", "/v2/repository/index", body=b"{}"))
        good = exchange.status not in (404, 405, 501)
        expected = "the repository index is routed"
        probe.holds(good, clause="REST-SMETA-06", expected=expected, observed=status_of(exchange), exchange=exchange)


def _read(probe: Probe) -> Exchange:
    """The answer with the metadata; that there is none is one finding, by the check of the name."""
    exchange = probe.endpoint.metadata_exchange
    if exchange.answered and not exchange.ok:
        probe.untestable(f"there is no server metadata: {status_of(exchange)}")
    return exchange


def _string_member(probe: Probe, name: str) -> None:
    exchange = probe.endpoint.metadata_exchange
    body = probe.json_object(exchange)
    observed = f"{name} is a {json_type(body[name])}" if name in body else f"{name} is absent"
    probe.holds(isinstance(body.get(name), str), expected=f"{name} is a string", observed=observed, exchange=exchange)
