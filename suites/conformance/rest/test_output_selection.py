"""Requested outputs (inference_rest.md, "Request Output")."""

from __future__ import annotations

from harness.check import check
from harness.endpoint.rest_route import outputs_of
from harness.generate.members import with_members
from harness.generate.telling import telling
from harness.oracles.equality import difference
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, refused, status_of
from harness.record.exchange import Exchange


@check(
    "rest-outputs-requested-are-there",
    clauses=["REST-OUT-02"],
    duties=["A15-4-d"],
    criterion="every output that is asked for by name is in the response",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["second-output-never-selected"],
    fix="Return each requested output.",
)
def rest_outputs_requested_are_there(probe: Probe) -> None:
    """Outputs that are asked for are returned.

    Each output that the model returned unasked is asked for alone, then all together.
    """
    names = _returned(probe)
    for asked in [*([name] for name in telling(names)), names]:
        exchange = probe.answered(_select(probe, asked))
        found = outputs_of(exchange)
        good = exchange.ok and all(name in found for name in asked)
        observed = f"{status_of(exchange)}, outputs {sorted(found)}"
        probe.holds(good, expected=f"outputs {asked}", observed=observed, exchange=exchange)


@check(
    "rest-outputs-unrequested-left-out",
    clauses=["REST-OUT-03", "REST-OUT-01"],
    duties=["A15-4-d"],
    criterion="an output that is not asked for is not returned when others are",
    per="model",
    needs=["rest-outputs-requested-are-there"],
    faults=["output-filter-ignored", "sticky-output-filter"],
    fix="Filter the outputs by the request.",
)
def rest_outputs_unrequested_left_out(probe: Probe) -> None:
    """Outputs that are not asked for stay out.

    Each output is asked for alone; after each, a request without a selection gets all of them.
    """
    names = list(outputs_of(probe.accepted().exchange))
    if len(names) < 2:
        probe.not_applicable("the model has one output only")
    for name in telling(names):
        exchange = probe.answered(_select(probe, [name]))
        found = list(outputs_of(exchange))
        good = exchange.ok and found == [name]
        observed = f"outputs {sorted(found)}"
        probe.holds(good, clause="REST-OUT-03", expected=f"only {name!r}", observed=observed, exchange=exchange)
        plain = probe.answered(probe.infer())
        good, observed = set(outputs_of(plain)) == set(names), f"outputs {sorted(outputs_of(plain))}"
        expected = "all outputs again, without a selection"
        probe.holds(good, clause="REST-OUT-01", expected=expected, observed=observed, exchange=plain)


@check(
    "rest-outputs-each-once",
    clauses=["REST-OUT-05", "REST-OUT-06"],
    duties=["A15-4-d"],
    criterion="asking in another order, or twice, gives each output with the same values; equal copies are allowed",
    per="model",
    needs=["rest-outputs-requested-are-there"],
    faults=["outputs-twice"],
    fix="Look outputs up by name; the order of the answer is free.",
)
def rest_outputs_each_once(probe: Probe) -> None:
    """The order and the repetition of requested outputs change no value.

    All outputs in reverse order, then the first one twice (which may be refused).
    """
    plain = probe.accepted().exchange
    names = _returned(probe)
    exchange = probe.answered(_select(probe, names[::-1]))
    returned = _names(exchange)
    good = exchange.ok and len(set(returned)) == len(returned)
    expected = "each output once"
    observed = f"{status_of(exchange)}, outputs {returned}"
    probe.holds(good, clause="REST-OUT-05", expected=expected, observed=observed, exchange=exchange)
    probe.observe(f"asked in reverse, outputs come {'as asked' if returned == names[::-1] else 'in their own order'}")
    twice = probe.answered(_select(probe, [names[0], names[0]]))
    probe.steady()
    wanted = {names[0]: outputs_of(plain)[names[0]]}
    found = {name: tensor for name, tensor in outputs_of(twice).items() if name == names[0]}
    good = refused(twice) or (twice.ok and difference(found, wanted, exact=False) is None)
    expected = "an error status, or equal copies"
    probe.holds(good, clause="REST-OUT-06", expected=expected, observed=status_of(twice), exchange=twice)


@check(
    "rest-outputs-empty-list",
    clauses=["REST-INFER-11"],
    duties=["A15-4-d"],
    criterion="an empty outputs list gives all outputs, none, or an error",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["empty-outputs-first-only"],
    fix="Treat an empty list like an absent one, or refuse it.",
)
def rest_outputs_empty_list(probe: Probe) -> None:
    """An empty list of requested outputs means all or none, never some.

    The documents leave open which; what is seen is recorded.
    """
    every = set(outputs_of(probe.accepted().exchange))
    exchange = probe.answered(_select(probe, []))
    found = set(outputs_of(exchange))
    # A sample that asks for some outputs does not tell how many there are.
    chosen = probe.accepted().request.outputs is not None
    good = refused(exchange) or (exchange.ok and (found in (every, set()) or (chosen and found >= every)))
    probe.observe(f"an empty outputs list gives {status_of(exchange)} with {len(found)} of {len(every)} outputs")
    observed = f"{status_of(exchange)}, outputs {sorted(found)}"
    probe.holds(good, expected="all outputs, none, or an error", observed=observed, exchange=exchange)


def _returned(probe: Probe) -> list[str]:
    """Names of the outputs that come unasked."""
    names = list(outputs_of(probe.accepted().exchange))
    if not names:
        probe.untestable("the response has no outputs")
    return names


def _select(probe: Probe, names: list[str]) -> Exchange:
    outputs = [{"name": name} for name in names]
    body = with_members(probe.accepted().request, outputs=outputs)
    return probe.client.infer(probe.model.name, body, probe.model.address)


def _names(exchange: Exchange) -> list[str]:
    outputs = (object_or_none(exchange) or {}).get("outputs")
    return [str(each.get("name")) for each in outputs if isinstance(each, dict)] if isinstance(outputs, list) else []
