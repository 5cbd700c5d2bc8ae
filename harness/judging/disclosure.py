"""Searches answers for internals: stack traces, paths, host names, secrets."""

from __future__ import annotations

from harness.criteria import Advice
from harness.oracles.disclosure import INSIDE, SECRETS, causes, disclosures, words_of
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.coding import Undecodable, decoded_body
from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.wire import strictjson

DISCLOSURE, SECRET = Advice.NO_DISCLOSURE.clause, Advice.NO_SECRETS.clause


def words(exchange: Exchange, *, raw: bool = False) -> str:
    """The body as text: the words of a JSON document, and the text as it is of anything else (or if ``raw``)."""
    try:
        body = decoded_body(exchange)
    except Undecodable:
        return ""
    if not raw:
        try:
            return words_of(strictjson.parse(body).value)
        except (strictjson.NotJson, strictjson.TooMuch):
            pass
    return body.decode("utf-8", "replace")


def check_disclosure(probe: Probe, name: str, exchange: Exchange, text: str) -> None:
    """Record whether an error tells of the inside or of a secret; each category is a root cause of its own."""
    sent = f"{exchange.url}\n{exchange.request_body.decode('utf-8', 'replace')}\n{exchange.request_text}"
    known = _known(probe)
    for clause, patterns, what in ((DISCLOSURE, INSIDE, "nothing of the inside"), (SECRET, SECRETS, "no secret")):
        found = causes(disclosures(text, patterns, sent=sent, known=known))
        if clause == SECRET:
            probe.endpoint.first.recorder.redactor.add([each.value for each in found])
        for each in found:
            observed = f"{name}: {clip(status_of(exchange), 80)}, {each.category}, {each.text}"
            probe.holds(False, clause=clause, expected=what, observed=observed, exchange=exchange,
                        root=f"discloses:{each.category}")  # fmt: skip
        if not found:
            probe.holds(True, clause=clause, expected=what, observed=name, exchange=exchange)


def _known(probe: Probe) -> tuple[str, ...]:
    reached = [client.access for client in probe.endpoint.clients]
    return tuple(name for access in reached for name in (access.address.host, access.sni))
