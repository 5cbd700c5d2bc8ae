"""Which outputs come in binary: binary_data of an output, binary_data_output of the request.

Source: Triton extension_binary_data.md, "Binary Tensor Request".
"""

from __future__ import annotations

from harness.check import check
from harness.endpoint.rest_route import outputs_of
from harness.generate.telling import telling
from harness.judging.binary import Binary, entries_of, is_size, offered, size_of
from harness.probing.json_values import shown
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.varied import wishing


@check(
    "binary-output-when-asked",
    clauses=["BIN-08"],
    duties=["A15-4-d"],
    criterion="an output with binary_data true has binary_data_size and no data; the others are JSON",
    per="model",
    needs=["binary-request-works"],
    faults=["binary-wish-ignored", "binary-all-when-one", "binary-data-and-size", "binary-size-as-text"],
    fix="Decide for each output by its own binary_data, and write either data or binary_data_size.",
)
def binary_output_when_asked(probe: Probe) -> None:
    """Outputs asked for in binary come in binary, others in JSON.

    Each output in binary while the others are listed without; then all in binary, in both orders; by a request in JSON
    and by one in binary.
    """
    with offered(probe) as binary:
        names = _returned(probe)
        wishes: list[dict[str, bool | None]] = [
            {each: True if each == name else None for each in names} for name in telling(names)
        ]
        wishes += [dict.fromkeys(names, True), dict.fromkeys(reversed(names), True)]
        base = probe.model.rest.accepted().request
        for wish in wishes:
            request = wishing(base, wish)
            expected = {name: own is True for name, own in wish.items()}
            _have_forms(binary, expected, binary.json(request), "asked for in JSON")
            _have_forms(binary, expected, binary.infer(request), "asked for in binary")


@check(
    "binary-output-for-all",
    clauses=["BIN-10"],
    duties=["A15-4-d"],
    criterion="with binary_data_output true and no outputs listed, every output is binary",
    per="model",
    needs=["binary-request-works"],
    faults=["binary-output-default-ignored", "binary-output-default-first-only"],
    fix="Take binary_data_output of the request as the default of every output.",
)
def binary_output_for_all(probe: Probe) -> None:
    """One setting of the request makes all outputs binary.

    The accepted request with binary_data_output true, in JSON and in binary.
    """
    with offered(probe) as binary:
        expected = dict.fromkeys(_returned(probe), True)
        if probe.model.rest.accepted().request.outputs is not None:
            probe.not_applicable("the model's accepted request lists its outputs")
        request = wishing(probe.model.rest.accepted().request, every=True)
        _have_forms(binary, expected, binary.json(request), "asked for in JSON")
        _have_forms(binary, expected, binary.infer(request), "asked for in binary")


@check(
    "binary-output-own-setting-wins",
    clauses=["BIN-11"],
    duties=["A15-4-d"],
    criterion="binary_data of an output wins over binary_data_output of the request, which outputs without it follow",
    per="model",
    needs=["binary-output-when-asked", "binary-output-for-all"],
    faults=["own-setting-ignored", "binary-data-false-is-true", "listed-outputs-plain"],
    fix="Look at the output's own binary_data first, and at binary_data_output only where it has none.",
)
def binary_output_own_setting_wins(probe: Probe) -> None:
    """An output's own setting wins over the request's.

    Binary_data_output true with one output false, and false with one output true, for each output. A listed
    output without a setting that does not follow the request is a warning only: well-known servers answer it in JSON.
    """
    with offered(probe) as binary:
        names = _returned(probe)
        for every in (True, False):
            for name in telling(names):
                wish: dict[str, bool | None] = {each: not every if each == name else None for each in names}
                request = wishing(probe.model.rest.accepted().request, wish, every=every)
                exchange = binary.infer(request)
                _have_forms(binary, {name: not every}, exchange, f"binary_data_output {str(every).lower()}")
                _followers_follow(binary, exchange, [each for each in names if each != name], every)
        request = wishing(probe.model.rest.accepted().request, dict.fromkeys(names), every=True)
        _followers_follow(binary, binary.infer(request), names, True)


def _followers_follow(binary: Binary, exchange: Exchange, names: list[str], every: bool) -> None:
    if not exchange.ok:
        return
    forms = {str(entry.get("name")): size_of(entry) is not None for entry in entries_of(binary.split(exchange))}
    strays = [name for name in names if name in forms and forms[name] != every]
    setting = f"binary_data_output {str(every).lower()}"
    text = f"listed without a setting under {setting}: {', '.join(strays) or 'none'} not as the request says"
    if names:
        wanted = "listed outputs without a setting of their own as the request says"
        binary.probe.holds(not strays, expected=wanted, observed=text, exchange=exchange, mild=True)


def _returned(probe: Probe) -> list[str]:
    """Names of the outputs that come unasked."""
    names = list(outputs_of(probe.model.rest.accepted().exchange))
    if not names:
        probe.untestable("the response has no outputs")
    return names


def _have_forms(binary: Binary, expected: dict[str, bool], exchange: Exchange, how: str) -> None:
    """One case per output: binary with a size and no data, or JSON with data and no size."""
    if not binary.probe.holds(
        exchange.ok, expected="status 200", observed=f"{how}: {status_of(exchange)}", exchange=exchange
    ):
        return
    entries = {str(entry.get("name")): entry for entry in entries_of(binary.split(exchange))}
    for name, as_bytes in expected.items():
        entry = entries.get(name, {})
        size, data = size_of(entry), "data" in entry
        good = (is_size(size) and not data) if as_bytes else (data and size is None)
        observed = f"{how}: {name} has binary_data_size {shown(size)} and {'data' if data else 'no data'}"
        wanted = f"{name} in {'binary' if as_bytes else 'JSON'}"
        binary.probe.holds(good, expected=wanted, observed=observed, exchange=exchange, root=_form_root(size, data))


def _form_root(size: object, data: bool) -> str | None:
    """Entries that are neither of the two forms are one root cause, whoever asked for which."""
    if size is None:
        return None
    return "binary-output-with-data" if data else None if is_size(size) else "binary-size-no-number"
