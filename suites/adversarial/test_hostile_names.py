"""Names in paths that are hostile: they lead elsewhere, break lines, or have no end."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from functools import partial
from urllib.parse import quote, unquote_to_bytes

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.generate.hostile.names import HostilePath, aliases, long_paths, odd_paths, traversals
from harness.judging.disclosure import words
from harness.judging.hostility import SURVIVES, HostileSequence, no_injection, valid_of
from harness.oracles.outside import from_outside
from harness.probing.names import another, any_name
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.record.quoting import clip, clip_bytes
from harness.wire.duplex import Piece
from harness.wire.rawhttp import head, send_raw


def _get(probe: Probe, path: str) -> Exchange:
    """The path as it is: nothing on our side may resolve or encode it."""
    data = head(probe.client, "GET", path, [("Connection", "close")])
    return send_raw(probe.client, [Piece(data)], method="GET")[0]


def _asked(probe: Probe, cases: Iterable[HostilePath]) -> Iterator[tuple[HostilePath, Exchange]]:
    """Each path with its answer, which puts no header of ours into its head."""
    known = {case.name: case for case in cases}
    sends = ((case.name, case.why, partial(_get, probe, case.path)) for case in known.values())
    for name, exchange in HostileSequence(probe).each(sends):
        yield known[name], exchange


@check(
    "adversarial-names-traversal-refused",
    duties=["A15-5-a", "A15-5-h"],
    criteria=[*SURVIVES, Criterion.NO_LEAK],
    criterion="no path out of the models is answered with a file, settings or a folder from outside of them",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["traversal-reads-file"],
    fix="Look models up in a table by their decoded name; never build a file path from a name.",
)
def adversarial_names_traversal_refused(probe: Probe) -> None:
    """A path that leads out of the models is not answered with anything from outside of them.

    Dots and slashes, plain, encoded, encoded twice, overlong, as backslashes, in names and versions. What counts is the
    content: lines of the files that the paths lead to, the settings of a model as a file, the listing of a folder. An
    answer of 200 that has none of that is recorded: a server may take any text for a name and repeat it, and a router
    may resolve the path to one that is public. ATLAS AML.T0049 (exploit public-facing application).
    """
    valid_of(probe)
    answered, harmless = 0, words(_get(probe, f"/v2/models/{UNKNOWN_MODEL}"), raw=True)
    for case, exchange in _asked(probe, traversals(quote(probe.model.name, safe=""))):
        if exchange.status is None:
            continue
        answered += exchange.ok
        found = from_outside(words(exchange, raw=True), _asked_name(case), harmless) if exchange.ok else None
        if found is not None and _is_public(probe, case.path, exchange):
            found = None
        probe.holds(
            found is None,
            clause=Criterion.NO_LEAK.clause,
            expected="nothing from outside of the models",
            observed=f"{case.name} ({clip(case.path, 200)}): {status_of(exchange)}, with {found}",
            exchange=exchange,
            root="path-traversal",
        )
    if answered:
        told = "; any model name is" if any_name(probe) is not None else ""
        probe.observe(f"{answered} of these paths are answered with 200, and nothing from outside{told}")


def _asked_name(case: HostilePath) -> str:
    """The name in the path, as a server should read it."""
    return unquote_to_bytes(case.path.removeprefix("/v2/models/")).decode("utf-8", "replace")


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
    "adversarial-names-without-aliases",
    duties=["A15-5-a", "A15-5-h"],
    criteria=SURVIVES,
    advice=[Advice.ONE_NAME],
    criterion="no other name than a model's own is answered with 200",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["encoded-slash-splits-name", "dot-segments-resolved", "model-name-stripped"],
    fix="Divide the path at its slashes before decoding, and look the decoded name up as it is.",
)
def adversarial_names_without_aliases(probe: Probe) -> None:
    """A model answers to no name that is only made its own by decoding, resolving or tidying.

    Encoded slashes, which are none (RFC 3986, section 2.2), white space, control characters, full stops around the
    name. A gateway whose rules are for the path of a model does not see that these lead to the same: hence a warning.
    An answer that repeats the name as it was sent shows no other model. Not applicable where any name is answered with
    200. ATLAS AML.T0049.
    """
    valid_of(probe)
    if any_name(probe) is not None:
        probe.not_applicable("a name that no model has is answered with 200: nothing can be told from other names")
    names = {each.name for each in probe.endpoint.models} | set(probe.endpoint.listed or ())
    for case, exchange in _asked(probe, aliases(quote(probe.model.name, safe=""))):
        asked = _asked_name(case)
        probe.holds(
            asked in names or not another(exchange, asked),
            clause=Advice.ONE_NAME.clause,
            expected="an error status: there is no model of that name",
            observed=f"{case.path} ({case.why}): {status_of(exchange)}, {clip_bytes(exchange.response_body, 200)!r}",
            exchange=exchange,
            root=f"other-name-for-a-model:{case.why}",
        )


@check(
    "adversarial-names-odd-paths-answered",
    clauses=["REST-MMETA-11"],
    duties=["A15-4-c", "A15-5-a"],
    criteria=[*SURVIVES, Criterion.NO_LEAK],
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
        no_injection(probe, case.name, case.why, exchange)
        if "nul" in case.name and any_name(probe) is None:
            asked = _asked_name(case)
            probe.holds(
                not another(exchange, asked),
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
    faults=["long-target-ends-process"],
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
