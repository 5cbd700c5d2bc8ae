"""Seeded faults that the checks of ``suites/conformance/extensions/test_generate_stream.py`` find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.generate import becomes, on_errors
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

STORY = ("story",)
Body = dict[str, Any]


fault("stream-error-empty-stream", "GEN-10", text="an input error is a stream without events", models=STORY)(
    on_errors(becomes(status=200, events=[]), "generate-stream")
)

fault("stream-error-as-event", "GEN-10", text="an input error is an event in a stream of status 200", models=STORY)(
    on_errors(lambda reply, words: becomes(status=200, events=[{"error": words}])(reply, words), "generate-stream")
)


def _body(change: Callable[[bytes], bytes]) -> Install:
    """Change the bytes of a stream."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, reply: Reply) -> None:
            if reply.events is not None and reply.body:
                reply.body = change(reply.body)

        hooks.bodies.append(edit)

    return install


def _events(change: Callable[[list[Body]], list[Any]]) -> Install:
    """Change the documents of a stream."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, reply: Reply) -> None:
            if reply.events:
                reply.events = change(reply.events)

        hooks.documents.append(edit)

    return install


def _reply(**members: Any) -> Install:
    """Change members of the reply that carries a stream."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, reply: Reply) -> None:
            for member, value in members.items():
                if reply.events:
                    setattr(reply, member, value)

        hooks.bodies.append(edit)

    return install


fault("stream-of-json-lines", "GEN-08", text="a stream is lines of JSON without the field data", models=STORY)(
    _body(lambda body: body.replace(b"data: ", b"").replace(b"\n\n", b"\n"))
)

fault("stream-other-field", "GEN-08", text="the field of events is called event", models=STORY)(
    _body(lambda body: body.replace(b"data: ", b"event: "))
)

fault(
    "stream-ends-in-half-an-event", "GEN-08", text="a stream breaks off in the middle of its last event", models=STORY
)(_body(lambda body: body[:-20]))

fault("stream-events-not-parted", "GEN-08", text="events follow each other without an empty line", models=STORY)(
    _body(lambda body: body.replace(b"\n\n", b"\n"))
)

fault("stream-python-objects", "GEN-08", text="events hold single quotes", models=STORY)(
    _body(lambda body: body.replace(b'"', b"'"))
)

fault("stream-labelled-json", "GEN-08", text="a stream is labelled application/json", models=STORY)(
    _reply(media_type="application/json")
)

fault("stream-labelled-ndjson", "GEN-08", text="a stream is labelled application/x-ndjson", models=STORY)(
    _reply(media_type="application/x-ndjson")
)

fault("stream-status-206", "GEN-08", text="a stream has the status 206", models=STORY)(_reply(status=206))

fault("stream-model-name-first-only", "GEN-08", text="only the first event has a model_name", models=STORY)(
    _events(lambda events: [events[0], *[_without("model_name", event) for event in events[1:]]])
)

fault("stream-text-missing-at-end", "GEN-08", text="the last event has no text_output", models=STORY)(
    _events(lambda events: [*events[:-1], _without("text_output", events[-1])])
)

fault("stream-token-instead-of-text", "GEN-08", text="events hold a token instead of text_output", models=STORY)(
    _events(
        lambda events: [{**_without("text_output", event), "token": {"text": event["text_output"]}} for event in events]
    )
)

fault("stream-events-in-arrays", "GEN-08", text="every event is an array of one", models=STORY)(
    _events(lambda events: [[event] for event in events])
)

fault("stream-text-null-at-end", "GEN-08", text="the text of the last event is null", models=STORY)(
    _events(lambda events: [*events[:-1], {**events[-1], "text_output": None}])
)


def _without(name: str, body: Body) -> Body:
    return {key: value for key, value in body.items() if key != name}


fault("stream-text-lost", "GEN-09", text="the second piece of a stream is missing", models=STORY)(
    _events(lambda events: events[:1] + events[2:])
)

fault("stream-without-reason", "GEN-09", text="no event of a stream has a finish_reason", models=STORY)(
    _events(
        lambda events: [
            {**each, "details": {name: value for name, value in each["details"].items() if name != "finish_reason"}}
            if "details" in each
            else each
            for each in events
        ]
    )
)
