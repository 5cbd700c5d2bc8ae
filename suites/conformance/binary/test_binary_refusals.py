"""Binary requests that contradict themselves, and what they leave behind (extension_binary_data.md)."""

from __future__ import annotations

from collections.abc import Callable

from harness.check import check
from harness.endpoint.route import Accepted
from harness.generate.binary_mutations import BinaryMutation, binary_mutations
from harness.judging.binary import Binary, offered
from harness.judging.refusals import base_of
from harness.probing.probe import Probe
from harness.probing.replies import error_object_problem, error_root, refused, status_of
from harness.record.exchange import Exchange
from harness.wire.binary import NotBinary, read_binary_reply
from harness.wire.varied import all_binary


@check(
    "binary-refuses-wrong-sizes",
    clauses=["BIN-12"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="sizes that contradict the tensor, the body or data are answered with an error status",
    per="model",
    needs=["binary-request-works"],
    faults=[
        "stray-bytes-accepted",
        "size-too-large-accepted",
        "size-too-small-filled",
        "short-body-filled-from-request-before",
        "data-and-size-accepted",
        "size-as-text-accepted",
        "size-negative-accepted",
    ],
    fix="Compare each size with shape and data type, and the sum of all sizes with what follows the JSON.",
)
def binary_refuses_wrong_sizes(probe: Probe) -> None:
    """Sizes that contradict something are refused.

    From a valid binary request, in each of its inputs: one element less and more than shape, one byte more, a size
    above and below the bytes there are, huge, negative, as text, an element of BYTES beyond its part, data and size at
    once. Then stray bytes at the end, the last part left out, and sizes that are right in sum only. A valid request
    goes before each.
    """
    with offered(probe) as binary:
        _refuses(binary, "BIN-12")


@check(
    "binary-refuses-wrong-length-header",
    clauses=["BIN-13"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="a length header that is too large, negative, no number or missing is answered with an error status",
    per="model",
    needs=["binary-request-works"],
    faults=[
        "length-header-too-large-accepted",
        "length-header-negative-accepted",
        "length-header-word-accepted",
        "length-header-guessed",
    ],
    fix="Require a decimal number within the body wherever sizes are announced.",
)
def binary_refuses_wrong_length_header(probe: Probe) -> None:
    """A length header that cannot be right is refused.

    A valid binary request with the header beyond the body, far beyond it, beyond 64 bits, one byte beyond the JSON,
    negative, a word, a number with letters behind, and without the header.
    """
    with offered(probe) as binary:
        _refuses(binary, "BIN-13")


def _refuses(binary: Binary, clause: str) -> None:
    """One case per mutation of the clause."""
    base = base_of(binary.probe).request
    for mutation in _mutations(binary, base_of(binary.probe)):
        if mutation.clause != clause:
            continue
        binary.infer(base)
        exchange = binary.send(mutation.body)
        observed = f"{mutation.name} ({mutation.why}): {status_of(exchange)}"
        root = f"no-answer:{mutation.name}" if exchange.error is not None else None
        binary.probe.holds(
            refused(exchange), expected="an error status", observed=observed, exchange=exchange, root=root
        )


@check(
    "binary-refusals-leave-nothing-behind",
    clauses=["REST-ERR-06", "REST-ERR-02"],
    duties=["A15-4-c", "A15-4-d", "A15-5-b"],
    criterion="a refused binary request gets an error object, and the valid ones after it get their own outputs",
    per="model",
    needs=["binary-request-works"],
    faults=["binary-request-changes-next", "binary-contradiction-as-text"],
    fix="Read the whole body of a refused request before the next one, and answer with the protocol's error object.",
)
def binary_refusals_leave_nothing_behind(probe: Probe) -> None:
    """A refused binary request leaves nothing behind for the next.

    After each contradictory request, on the same connection where it stays open, the valid one follows in binary and
    in JSON; the outputs must be those of before, on a model that answers alike. The body of each refusal must be the
    error object.
    """
    with offered(probe) as binary:
        base = base_of(probe)
        steady = probe.model.rest.steady()
        before = {way: send() for way, send in _valid(binary, base).items()}
        for mutation in _mutations(binary, base):
            exchange = binary.send(mutation.body)
            if refused(exchange):
                problem = error_object_problem(exchange)
                observed = f"{mutation.name}: {status_of(exchange)}, {problem or 'an error object'}"
                expected = "a JSON object with a string error"
                binary.probe.holds(problem is None, clause="REST-ERR-02", expected=expected, observed=observed,
                             exchange=exchange, root=error_root(exchange))  # fmt: skip
            for way, send in _valid(binary, base).items():
                after = send()
                problem = _wrong(binary, after, before[way], steady)
                observed = f"{way} after {mutation.name}: {problem or 'as before'}"
                expected = "status 200 and the outputs of before"
                binary.probe.holds(
                    problem is None, clause="REST-ERR-06", expected=expected, observed=observed, exchange=after
                )


def _valid(binary: Binary, base: Accepted) -> dict[str, Callable[[], Exchange]]:
    """The valid request, in binary both ways and in JSON."""
    body = binary.body(all_binary(base.request))
    return {"binary": lambda: binary.send(body), "JSON": lambda: binary.json(base.request)}


def _mutations(binary: Binary, base: Accepted) -> list[BinaryMutation]:
    binary.body(base.request)
    return list(binary_mutations(base.request))


def _wrong(binary: Binary, exchange: Exchange, before: Exchange, steady: bool) -> str | None:
    """What is worse than before; an answer that could not be read before is not looked into."""
    if not exchange.ok:
        return status_of(exchange) if before.ok else None
    try:
        read_binary_reply(before)
    except NotBinary:
        return None
    return binary.differ(exchange, before) if steady else None
