"""Text generation: whether a model offers it, which nothing announces, and what its answers hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, status_of
from harness.record.coding import Undecodable
from harness.record.exchange import Exchange
from harness.wire import strictjson
from harness.wire.events import EventStream, parse_events
from harness.wire.reading import body_of

# Ordinary words, so that any language model has something to go on with.
TEXT = "The keeper of the lighthouse"
REASONS = ("length", "eos_token", "stop_sequence")
# Nothing is at the path, or it is not for this.
ABSENT = (404, 405, 501)
# As repeatable as the protocol can ask for.
STILL: Mapping[str, Any] = {"temperature": 0}


@dataclass(frozen=True, slots=True)
class Generation:
    """Text generation of one model by the path that works."""

    probe: Probe
    version: str | None

    def send(self, value: object, *, stream: bool = False) -> Exchange:
        """POST a JSON value, or bytes as they are."""
        body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
        leaf = "generate_stream" if stream else "generate"
        client = self.probe.client
        return client.send("POST", client.model_path(self.probe.model.name, self.version, leaf), body)

    def ask(self, **parameters: object) -> Exchange:
        """Ask for text with these parameters; the member is left out if there are none."""
        return self.probe.answered(self.send(_request(parameters)))

    def stream(self, **parameters: object) -> Exchange:
        """Ask for the same as a stream."""
        return self.probe.answered(self.send(_request(parameters), stream=True))

    def text(self, **parameters: object) -> str | None:
        """The text of a whole answer; None if it has none."""
        exchange = self.ask(**parameters)
        text = (object_or_none(exchange) or {}).get("text_output") if exchange.ok else None
        return text if isinstance(text, str) else None

    def steady(self, **parameters: object) -> str | None:
        """The text that comes twice alike at temperature 0; None if it does not."""
        first, second = self.text(**STILL, **parameters), self.text(**STILL, **parameters)
        return first if first is not None and first == second else None


def _request(parameters: Mapping[str, object]) -> dict[str, object]:
    return {"text_input": TEXT, **({"parameters": dict(parameters)} if parameters else {})}


def found(probe: Probe) -> Generation:
    """Generation by the path that works, without a version if both do; ends the check where it is not offered.

    Only models that take and give BYTES are asked at all. Generation is there if a text is answered with an object that
    is no inference response, with parameters or without, or if the refusal of an empty object asks for ``text_input``.
    MLServer, where the path is another name of infer, asks for ``inputs``.
    """
    metadata = probe.model.metadata
    sides = (metadata.inputs, metadata.outputs) if metadata else ((), ())
    if not all(any(tensor.datatype == "BYTES" for tensor in side) for side in sides):
        probe.not_applicable("the model does not look like text generation: it takes or gives no BYTES")
    seen = []
    for version in forms(probe):
        generation = Generation(probe, version)
        exchange = generation.ask()
        if _generates(generation, exchange):
            return generation
        seen.append(status_of(exchange))
    return probe.not_applicable(f"no text generation at this model ({', '.join(seen)})")


def forms(probe: Probe) -> list[str | None]:
    """Versions for the path: none, and one that the model is known to have."""
    metadata = probe.model.metadata
    known = probe.model.address or (metadata.versions[-1] if metadata and metadata.versions else None)
    return [None] if known is None else [None, known]


def _generates(generation: Generation, exchange: Exchange) -> bool:
    if exchange.status in ABSENT:
        return False
    if not exchange.ok:
        # A server that insists on parameters does offer it, wrongly.
        again = generation.ask(max_tokens=5)
        exchange = again if again.ok else exchange
    if exchange.ok:
        return not _is_inference(exchange) and not _answers_anything(generation)
    return b"text_input" in generation.probe.answered(generation.send({})).response_body


def _is_inference(exchange: Exchange) -> bool:
    return "outputs" in (object_or_none(exchange) or {})


def _answers_anything(generation: Generation) -> bool:
    """A server that answers 200 at every path offers nothing in particular."""
    probe = generation.probe
    path = probe.client.model_path(probe.model.name, generation.version, "no-such-operation-7f3a")
    return probe.client.send("POST", path, b"{}").ok


def events_of(exchange: Exchange) -> EventStream:
    """The events of a streamed answer; none where the body cannot be read."""
    try:
        return parse_events(body_of(exchange))
    except Undecodable:
        return EventStream(())


def payloads(exchange: Exchange) -> list[object]:
    """The JSON value of each event, None for what is no JSON; without a closing event (``[DONE]`` and the like)."""
    events = [event.data for event in events_of(exchange).events]
    values = [_value(text) for text in events]
    if len(values) > 1 and closes(events[-1]):
        values.pop()
    return values


def closes(text: str) -> bool:
    """Whether an event is one that servers end streams with: a word in brackets, or nothing."""
    return not text.strip() or (text.startswith("[") and text.endswith("]") and text[1:-1].isupper())


def _value(text: str) -> object:
    try:
        return strictjson.parse(text.encode("utf-8", "surrogatepass")).value
    except strictjson.NotJson:
        return None


def details_of(value: object) -> dict[str, Any]:
    """The member details of an answer or event; empty if there is none."""
    details = value.get("details") if isinstance(value, dict) else None
    return details if isinstance(details, dict) else {}


def answer_problem(value: object) -> str | None:
    """Why a value is no answer to a generation: the strings text_output and model_name; None if it is one."""
    if not isinstance(value, dict):
        return "no JSON object"
    wrong = [name for name in ("text_output", "model_name") if not isinstance(value.get(name), str)]
    if wrong:
        return f"{' and '.join(wrong)} missing or no string (members: {', '.join(sorted(value)) or 'none'})"
    if not isinstance(value.get("model_version", ""), str | None):
        return "model_version is no string"
    return None if isinstance(value.get("details", {}), dict | None) else "details is no object"


def token_problem(token: object) -> str | None:
    """Why an entry of logprobs is no token with id, text, logprob and special; None if it is one."""
    if not isinstance(token, dict):
        return "a token is no object"
    number, logprob = token.get("id"), token.get("logprob")
    right = {
        "id": isinstance(number, int) and not isinstance(number, bool) and number >= 0,
        "text": isinstance(token.get("text"), str),
        "logprob": isinstance(logprob, int | float) and not isinstance(logprob, bool),
        "special": isinstance(token.get("special"), bool),
    }
    wrong = [name for name, good in right.items() if not good]
    return f"a token whose {', '.join(wrong)} is missing or of another type" if wrong else None
