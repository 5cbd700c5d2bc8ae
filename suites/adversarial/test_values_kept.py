"""Values that come back: a model that was seen to be an echo gives back what it was given, or refuses it."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.endpoint.rest_route import outputs_of
from harness.generate.strategies import DrawnRequest, classes
from harness.generate.unholdable import Unholdable, limited, unholdable
from harness.judging.exploring import PropertyCase, drawn_requests, explore, plain_echoes
from harness.oracles.changes import value_root
from harness.oracles.equality import preserved
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.wire.tensor import Tensor

DUTIES = ["A15-4-d", "A15-5-b"]


@check(
    "adversarial-echo-unchanged",
    criteria=[Criterion.NO_SILENT_CHANGE],
    duties=DUTIES,
    criterion="a model that gives its input back gives back every drawn value at the precision of its datatype",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "int64-through-double",
        "bytes-cut-at-nul",
        "fp32-as-fp16",
        "uint8-wraps",
        "denormals-become-zero",
        "float16-above-8-elements",
        "int64-through-double-beside-negative",
        "uint64-top-bit-lost",
        "maximum-loses-one",
        "bidi-marks-lost",
        "text-normalised",
        "astral-text-mangled",
        "long-text-cut",
        "noncharacters-lost",
        "empty-tensor-answers-previous",
    ],
    fix="Keep values in their own datatype from the request to the reply, or refuse what you cannot keep.",
    kind="search",
)
def adversarial_echo_unchanged(probe: Probe) -> None:
    """No value is silently changed.

    Only for models that were seen to give ordinary values back, negative ones and text with spaces among them: others
    compute. Draws boundary values; a 200 must hold what was sent, a refusal is right. Floats are compared after
    rounding to their datatype; -0.0 may come back as 0.0.
    """
    pairs = plain_echoes(probe)
    if not pairs:
        probe.not_applicable("the model gives none of its inputs back")

    def judge(drawn: DrawnRequest) -> list[PropertyCase]:
        request = drawn.request
        exchange = probe.model.rest.infer(request)
        outputs = outputs_of(exchange) if exchange.ok else {}
        sent = {tensor.name: tensor for tensor in request.inputs}
        return [
            _kept(sent[name], outputs[output], exchange)
            for name, output in pairs.items()
            if name in sent and output in outputs
        ]

    explore(
        probe,
        drawn_requests(probe),
        judge,
        examples=10 * probe.endpoint.examples,
        label=lambda drawn: classes(drawn.request),
        sends=lambda drawn: probe.model.rest.infer(drawn.request),
    )


def _kept(sent: Tensor, returned: Tensor, exchange: Exchange) -> PropertyCase:
    lost = preserved(sent.datatype, sent.elements, returned.elements)
    observed = f"{sent.datatype}: {clip(lost, 500) if lost else 'kept'}"
    root = value_root(sent.datatype, sent.elements, returned.elements) if lost is not None else ""
    return PropertyCase(
        Criterion.NO_SILENT_CHANGE.clause, lost is None, "the values that were sent", observed, root, exchange
    )


@check(
    "adversarial-unholdable-not-replaced",
    criteria=[Criterion.NO_SILENT_CHANGE],
    duties=DUTIES,
    criterion="a model that gives its input back gives nothing else back for what its datatype or JSON cannot hold",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["float-overflow-clipped", "lone-surrogate-replaced", "invalid-utf8-replaced"],
    fix="Refuse numbers beyond the range of their datatype and texts that are no Unicode; clip, wrap, replace nothing.",
    kind="search",
)
def adversarial_unholdable_not_replaced(probe: Probe) -> None:
    """What cannot be held is refused, and never another value.

    Only for models that were seen to give ordinary values back. One element of the accepted request is beyond the range
    of its datatype, NaN or an infinity as a token, half a surrogate pair, or bytes that are no UTF-8. A refusal is
    right, and so is the value as it was sent; null, a text or an infinity for a number is recorded. Another finite
    number or another text is none of these: the client cannot see that its input was changed. ATLAS AML.T0043.
    """
    base = probe.accepted().request
    echoes = plain_echoes(probe)
    pairs = {
        tensor.name: echoes[tensor.name]
        for tensor in base.inputs
        if tensor.name in echoes and tensor.elements and limited(tensor.datatype)
    }
    if not pairs:
        probe.not_applicable("the model gives no input back whose datatype leaves values out")
    recorded: set[str] = set()

    def judge(drawn: Unholdable) -> list[PropertyCase]:
        exchange = probe.client.infer(probe.model.name, drawn.body, probe.model.address)
        returned = outputs_of(exchange).get(pairs[drawn.name]) if exchange.ok else None
        if returned is None or len(returned.elements) <= drawn.position:
            return [_unreplaced(drawn, None, exchange)] if exchange.answered else []
        element = returned.elements[drawn.position]
        found = drawn.changed(element)
        if found is None and (kind := f"{drawn.datatype} {drawn.token.kind}") not in recorded:
            recorded.add(kind)
            probe.observe(f"{drawn.why}: answered, with {element!r}")
        return [_unreplaced(drawn, found, exchange)]

    def label(drawn: Unholdable) -> list[str]:
        return [f"{drawn.datatype} {drawn.token.kind}"]

    def sends(drawn: Unholdable) -> Exchange:
        return probe.client.infer(probe.model.name, drawn.body, probe.model.address)

    drawn = unholdable(base, sorted(pairs))
    explore(probe, drawn, judge, examples=3 * probe.endpoint.examples, label=label, sends=sends)


def _unreplaced(drawn: Unholdable, found: str | None, exchange: Exchange) -> PropertyCase:
    return PropertyCase(Criterion.NO_SILENT_CHANGE.clause, found is None, "a refusal, or the value that was sent",
                f"{drawn.why}: {found or 'not replaced'}", f"value-replaced:{drawn.datatype}:{drawn.token.kind}",
                exchange)  # fmt: skip
