"""Streams of generated text that are no proper streams of events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

Body = dict[str, Any]


def _body(name: str, text: str, change: Callable[[bytes], bytes]) -> None:
    """A fault that changes the bytes of a stream."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, reply: Reply) -> None:
            if reply.events is not None and reply.body:
                reply.body = change(reply.body)

        hooks.bodies.append(edit)

    fault(name, "GEN-08", text=text, models=("story",))(install)


def _events(name: str, text: str, change: Callable[[list[Body]], list[Any]]) -> None:
    """A fault that changes the documents of a stream."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, reply: Reply) -> None:
            if reply.events:
                reply.events = change(reply.events)

        hooks.documents.append(edit)

    fault(name, "GEN-08", text=text, models=("story",))(install)


def _reply(name: str, text: str, **members: Any) -> None:
    def install(hooks: Hooks) -> None:
        def edit(_: Call, reply: Reply) -> None:
            for member, value in members.items():
                if reply.events:
                    setattr(reply, member, value)

        hooks.bodies.append(edit)

    fault(name, "GEN-08", text=text, models=("story",))(install)


_body(
    "stream-of-json-lines",
    "a stream is lines of JSON without the field data",
    lambda body: body.replace(b"data: ", b"").replace(b"\n\n", b"\n"),
)
_body("stream-other-field", "the field of events is called event", lambda body: body.replace(b"data: ", b"event: "))
_body("stream-ends-in-half-an-event", "a stream breaks off in the middle of its last event", lambda body: body[:-20])
_body(
    "stream-events-not-parted",
    "events follow each other without an empty line",
    lambda body: body.replace(b"\n\n", b"\n"),
)
_body("stream-python-objects", "events hold single quotes", lambda body: body.replace(b'"', b"'"))
_reply("stream-labelled-json", "a stream is labelled application/json", media_type="application/json")
_reply("stream-labelled-ndjson", "a stream is labelled application/x-ndjson", media_type="application/x-ndjson")
_reply("stream-status-206", "a stream has the status 206", status=206)
_events(
    "stream-model-name-first-only",
    "only the first event has a model_name",
    lambda events: [events[0], *[_without("model_name", event) for event in events[1:]]],
)
_events(
    "stream-text-missing-at-end",
    "the last event has no text_output",
    lambda events: [*events[:-1], _without("text_output", events[-1])],
)
_events(
    "stream-token-instead-of-text",
    "events hold a token instead of text_output",
    lambda events: [{**_without("text_output", event), "token": {"text": event["text_output"]}} for event in events],
)
_events("stream-events-in-arrays", "every event is an array of one", lambda events: [[event] for event in events])
_events(
    "stream-text-null-at-end",
    "the text of the last event is null",
    lambda events: [*events[:-1], {**events[-1], "text_output": None}],
)


def _without(name: str, body: Body) -> Body:
    return {key: value for key, value in body.items() if key != name}


def _every_event(name: str, text: str, change: Callable[[list[Body]], list[Any]]) -> None:
    def install(hooks: Hooks) -> None:
        def edit(_: Call, reply: Reply) -> None:
            if reply.events:
                reply.events = change(reply.events)

        hooks.documents.append(edit)

    fault(name, "GEN-09", text=text, models=("story",))(install)


_every_event(
    "stream-text-lost",
    "the second piece of a stream is missing",
    lambda events: events[:1] + events[2:],
)
_every_event(
    "stream-without-reason",
    "no event of a stream has a finish_reason",
    lambda events: [
        {**each, "details": {name: value for name, value in each["details"].items() if name != "finish_reason"}}
        if "details" in each
        else each
        for each in events
    ],
)
