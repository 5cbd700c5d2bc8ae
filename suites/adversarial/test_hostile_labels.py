"""Labels that are hostile: ids that break lines, foreign methods and media types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from harness.budget import MEBIBYTE
from harness.check import check
from harness.criteria import Criterion
from harness.generate.hostile.names import IDS, MEDIA_TYPES, METHODS
from harness.generate.members import with_members
from harness.judging.hostility import BUSY, SURVIVES, HostileSequence, changed_outputs, no_injection, valid_of
from harness.oracles.changes import id_root
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, status_of
from harness.record.exchange import Exchange
from harness.record.quoting import clip

HTTP_SERVER_ERROR = 500


@check(
    "adversarial-ids-whole-and-harmless",
    clauses=["REST-RESP-04", "REST-ERR-05"],
    duties=["A15-4-c", "A15-5-a"],
    criteria=[*SURVIVES, Criterion.NO_LEAK],
    criterion="each id comes back unchanged or is refused, and none becomes a header",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[
        "id-splits-header",
        "id-ends-at-nul",
        "id-cut-above-4096",
        "id-normalised",
        "id-line-ends-unified",
    ],
    fix="Treat the id as an opaque text: copy it as it is, and never into a header or a log line unescaped.",
)
def adversarial_ids_whole_and_harmless(probe: Probe) -> None:
    """An id of any characters comes back unchanged or is refused, and nothing of it becomes a header.

    Non-Latin text, null characters, line breaks, controls, noncharacters, 10 000 letters; all are valid JSON
    strings. Compared by code points. ATLAS AML.T0043 (craft adversarial data).
    """
    valid_of(probe)
    for name, exchange in _with_ids(probe, IDS):
        no_injection(probe, f"id-{name}", "an id", exchange)
        _same_id(probe, name, dict(IDS)[name], exchange)


@check(
    "adversarial-ids-of-a-megabyte",
    clauses=["REST-RESP-04", "REST-ERR-05"],
    duties=["A15-4-c", "A15-5-a"],
    criteria=[*SURVIVES, Criterion.NO_LEAK],
    criterion="an id of 1 MiB comes back unchanged or is refused, and the endpoint infers as before",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["huge-id-ends-process"],
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
        no_injection(probe, f"id-{name}", "an id", exchange)
        _same_id(probe, name, dict(ids)[name], exchange)


def _with_ids(probe: Probe, ids: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Exchange]]:
    request = probe.accepted().request

    def send(text: str) -> Exchange:
        return probe.model.rest.infer(with_members(request, id=text), fresh=True)

    known = {f"id-{name}": name for name, _ in ids}
    sends = ((f"id-{name}", "an id", partial(send, text)) for name, text in ids)
    for name, exchange in HostileSequence(probe).each(sends):
        yield known[name], exchange


def _same_id(probe: Probe, name: str, text: str, exchange: Exchange) -> None:
    if not exchange.ok:
        probe.observe(f"the id {name} is answered {status_of(exchange)}", "REST-RESP-04")
        probe.holds(
            exchange.status in (None, *BUSY) or exchange.status < HTTP_SERVER_ERROR,
            clause="REST-ERR-05",
            expected="the id that was sent, or a refusal with 4xx",
            observed=f"{name}: sent {clip(text, 60)!r} of {len(text)} characters: {status_of(exchange)}",
            exchange=exchange,
            root="id-makes-server-error",
        )
        return
    got = (object_or_none(exchange) or {}).get("id")
    probe.holds(
        got == text,
        clause="REST-RESP-04",
        expected="the id that was sent, or a refusal",
        observed=f"{name}: sent {clip(text, 60)!r} of {len(text)} characters, came back "
        f"{clip(got, 60) if isinstance(got, str) else got!r} of {len(got) if isinstance(got, str) else 0}",
        exchange=exchange,
        root=id_root(text, got),
    )


@check(
    "adversarial-methods-and-types-survived",
    duties=["A15-4-c", "A15-5-a"],
    criteria=[*SURVIVES, Criterion.NO_SILENT_CHANGE],
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
        why = f"the media type {clip(media_type, 60)!r}"
        sends.append((f"media-type-{n}", why, partial(send, "POST", ("Content-Type", media_type))))
    reasons = {name: why for name, why, _ in sends}
    for name, exchange in HostileSequence(probe).each(sends):
        change = changed_outputs(probe, exchange)
        probe.holds(
            change is None,
            clause=Criterion.NO_SILENT_CHANGE.clause,
            expected="the outputs of the valid request",
            observed=f"{reasons[name]}: {change}",
            exchange=exchange,
            root=f"outputs-changed-by:{name}",
        )
