"""Names and labels that are hostile: paths that lead elsewhere, ids that break lines, foreign methods and types."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from functools import partial
from urllib.parse import quote, unquote_to_bytes

from harness.check import check
from harness.generate.hostile_names import (
    IDS,
    INJECTED,
    MEBIBYTE,
    MEDIA_TYPES,
    METHODS,
    HostilePath,
    long_paths,
    odd_paths,
    traversals,
)
from harness.generate.members import with_members
from harness.record.exchange import Exchange
from harness.target.hostility import SURVIVES, Siege, changed_outputs, valid_of
from harness.target.probe import Probe
from harness.target.replies import object_or_none, status_of
from harness.wire.rawhttp import Piece, head, send_raw


def _get(probe: Probe, path: str) -> Exchange:
    """The path as it is: nothing on our side may resolve or encode it."""
    data = head(probe.client, "GET", path, [("Connection", "close")])
    return send_raw(probe.client, [Piece(data)], method="GET")[0]


def _asked(probe: Probe, cases: Iterable[HostilePath]) -> Iterator[tuple[HostilePath, Exchange]]:
    """Each path with its answer, which puts no header of ours into its head."""
    known = {case.name: case for case in cases}
    sends = ((case.name, case.why, partial(_get, probe, case.path)) for case in known.values())
    for name, exchange in Siege(probe).each(sends):
        yield known[name], exchange


def _no_injection(probe: Probe, name: str, why: str, exchange: Exchange) -> None:
    probe.holds(
        exchange.header(INJECTED) is None,
        clause="policy:no-leak",
        expected=f"no header {INJECTED}: it stood behind a line break in a value of the request",
        observed=f"{name} ({why}): a header {INJECTED} in the answer, {status_of(exchange)}",
        exchange=exchange,
        root="line-break-becomes-header",
    )


@check(
    "adversarial-names-traversal-refused",
    duties=["A15-5-a", "A15-5-h"],
    criteria=[*SURVIVES, "no-leak"],
    criterion="no path out of the models is answered with 200, unless with what the plain path gives",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["traversal-reads-file"],
    fix="Look models up in a table by their decoded name; never build a file path from a name.",
)
def adversarial_names_traversal_refused(probe: Probe) -> None:
    """A path that leads out of the models is not answered with anything that is not public.

    Dots and slashes, plain, encoded, encoded twice, overlong, as backslashes, in names and versions. An answer of 200
    is accepted if it is the metadata of a model under test, or what the endpoint gives for the same path decoded
    and resolved: a router may do that. ATLAS AML.T0049 (exploit public-facing application).
    """
    valid_of(probe)
    model = quote(probe.model.name, safe="")
    names = {each.name for each in probe.target.models} | set(probe.target.listed or ())
    for case, exchange in _asked(probe, traversals(model)):
        if exchange.status is None:
            continue
        public = exchange.status != 200 or _name_of(exchange) in names or _is_public(probe, case.path, exchange)
        probe.holds(
            public,
            clause="policy:no-leak",
            expected="an error status",
            observed=f"{case.name} ({case.path[:200]}): {status_of(exchange)}, {exchange.response_body[:200]!r}",
            exchange=exchange,
            root="path-traversal",
        )


def _name_of(exchange: Exchange) -> object:
    return (object_or_none(exchange) or {}).get("name")


def _is_public(probe: Probe, path: str, exchange: Exchange) -> bool:
    """Whether some plainer spelling of the path, without any way out in it, gives the same answer."""
    decoded = unquote_to_bytes(path.replace("%25", "%"))
    for text in {posixpath.normpath(unquote_to_bytes(decoded).decode("latin-1").replace("\\", "/")), "/v2/models"}:
        plain = "/" + quote(text.lstrip("/"), safe="/")
        for spelling in (plain, plain + "/"):
            other = _get(probe, spelling)
            if other.status == exchange.status and other.response_body == exchange.response_body:
                return True
    return False


@check(
    "adversarial-names-odd-paths-answered",
    clauses=["REST-MMETA-11"],
    duties=["A15-4-c", "A15-5-a"],
    criteria=[*SURVIVES, "no-leak"],
    criterion="each odd path is answered or cut off, no header is injected, and the endpoint infers as before",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["model-name-splits-header", "long-path-ends-process", "nul-ends-model-name"],
    fix="Refuse paths that cannot be decoded; write no part of a request into a header.",
)
def adversarial_names_odd_paths_answered(probe: Probe) -> None:
    """Odd names in paths are answered or cut off, and end in no header of the answer.

    Null characters, line breaks, bytes that are no UTF-8, escapes cut off, hundreds of segments, markup, and a name
    of 6 000 letters. Any status is accepted. ATLAS AML.T0049.
    """
    valid_of(probe)
    for case, exchange in _asked(probe, odd_paths(quote(probe.model.name, safe=""))):
        _no_injection(probe, case.name, case.why, exchange)
        if "nul" in case.name:
            probe.holds(
                exchange.status != 200,
                clause="REST-MMETA-11",
                expected="an error status: there is no model of that name",
                observed=f"{case.name} ({case.path[-100:]}): {status_of(exchange)}",
                exchange=exchange,
                root="nul-ends-model-name",
            )


@check(
    "adversarial-names-long-paths-answered",
    duties=["A15-4-c", "A15-5-a"],
    criteria=SURVIVES,
    criterion="paths up to a megabyte are answered or cut off, and the endpoint infers as before",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[],
    allow="stress",
    fix="Limit the size of the request target (414).",
)
def adversarial_names_long_paths_answered(probe: Probe) -> None:
    """Paths of 64 KiB, of 1 MiB and of 100 000 segments are answered or cut off, and survived.

    Any status is accepted, and the end of the connection. ATLAS AML.T0029 (denial of ML service).
    """
    valid_of(probe)
    for _ in _asked(probe, long_paths()):
        pass


@check(
    "adversarial-ids-whole-and-harmless",
    clauses=["REST-RESP-04"],
    duties=["A15-4-c", "A15-5-a"],
    criteria=[*SURVIVES, "no-leak"],
    criterion="each id comes back unchanged or is refused, and none becomes a header",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["id-splits-header"],
    fix="Treat the id as an opaque text: copy it as it is, and never into a header or a log line unescaped.",
)
def adversarial_ids_whole_and_harmless(probe: Probe) -> None:
    """An id of any characters comes back unchanged or is refused, and nothing of it becomes a header.

    Non-Latin text, null characters, line breaks, controls, noncharacters, 10 000 letters; all are valid JSON
    strings. Compared by code points. ATLAS AML.T0043 (craft adversarial data).
    """
    valid_of(probe)
    for name, exchange in _with_ids(probe, IDS):
        _no_injection(probe, f"id-{name}", "an id", exchange)
        _same_id(probe, name, dict(IDS)[name], exchange)


@check(
    "adversarial-ids-of-a-megabyte",
    clauses=["REST-RESP-04"],
    duties=["A15-4-c", "A15-5-a"],
    criteria=[*SURVIVES, "no-leak"],
    criterion="an id of 1 MiB comes back unchanged or is refused, and the endpoint infers as before",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[],
    allow="stress",
    fix="Limit the length of the id, and refuse a longer one with 400.",
)
def adversarial_ids_of_a_megabyte(probe: Probe) -> None:
    """An id of a mebibyte comes back unchanged or is refused, and the endpoint infers as before.

    Once in ASCII, once in characters of three bytes. ATLAS AML.T0029.
    """
    valid_of(probe)
    ids = (("mebibyte", "i" * MEBIBYTE), ("mebibyte-wide", "推" * (MEBIBYTE // 3)))
    for name, exchange in _with_ids(probe, ids):
        _no_injection(probe, f"id-{name}", "an id", exchange)
        _same_id(probe, name, dict(ids)[name], exchange)


def _with_ids(probe: Probe, ids: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Exchange]]:
    request = probe.accepted().request
    path = probe.client.model_path(probe.model.name, probe.model.address, "infer")

    def send(text: str) -> Exchange:
        return probe.client.send("POST", path, with_members(request, id=text), fresh=True)

    known = {f"id-{name}": name for name, _ in ids}
    for name, exchange in Siege(probe).each((f"id-{name}", "an id", partial(send, text)) for name, text in ids):
        yield known[name], exchange


def _same_id(probe: Probe, name: str, text: str, exchange: Exchange) -> None:
    if not exchange.ok:
        probe.observe(f"the id {name} is answered {status_of(exchange)}", "REST-RESP-04")
        return
    got = (object_or_none(exchange) or {}).get("id")
    probe.holds(
        got == text,
        clause="REST-RESP-04",
        expected="the id that was sent, or a refusal",
        observed=f"{name}: sent {text[:60]!r} of {len(text)} characters, came back "
        f"{got[:60] if isinstance(got, str) else got!r} of {len(got) if isinstance(got, str) else 0}",
        exchange=exchange,
        root=f"id-changed:{name}",
    )


@check(
    "adversarial-methods-and-types-survived",
    duties=["A15-4-c", "A15-5-a"],
    criteria=[*SURVIVES, "no-silent-change"],
    criterion="foreign methods and media types are answered, with the same outputs if any, and survived",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["odd-charset-ends-process"],
    fix="Refuse foreign methods with 405 and foreign media types with 415, or read the body as JSON all the same.",
)
def adversarial_methods_and_types_survived(probe: Probe) -> None:
    """Foreign methods and media types on infer are answered or cut off, and survived.

    The body is the valid one throughout: where outputs are given, they are those of the valid request. Which status
    is given is noted by the conformance checks. ATLAS AML.T0049.
    """
    valid = valid_of(probe)
    json_type = ("Content-Type", "application/json")

    def send(method: str, media_type: tuple[str, str]) -> Exchange:
        return probe.client.send(method, valid.path, valid.body, [media_type], fresh=True)

    sends = [(f"method-{method}", f"the method {method}", partial(send, method, json_type)) for method in METHODS]
    for n, media_type in enumerate(MEDIA_TYPES):
        why = f"the media type {media_type[:60]!r}"
        sends.append((f"media-type-{n}", why, partial(send, "POST", ("Content-Type", media_type))))
    reasons = {name: why for name, why, _ in sends}
    for name, exchange in Siege(probe).each(sends):
        change = changed_outputs(probe, exchange)
        probe.holds(
            change is None,
            clause="policy:no-silent-change",
            expected="the outputs of the valid request",
            observed=f"{reasons[name]}: {change}",
            exchange=exchange,
            root=f"outputs-changed-by:{name}",
        )
