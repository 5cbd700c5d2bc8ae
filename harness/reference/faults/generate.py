"""Text generation that answers otherwise than the documents say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

Body = dict[str, Any]
Install = Callable[[Hooks], None]
OPS = ("generate", "generate-stream")
STORY = ("story",)


def _asked(change: Callable[[Body], None]) -> Install:
    """Change generation requests before they are read."""

    def install(hooks: Hooks) -> None:
        def gate(call: Call) -> None:
            if call.op not in OPS:
                return
            try:
                document = json.loads(call.body)
            except ValueError:
                return
            if isinstance(document, dict):
                change(document)
                call.body = json.dumps(document).encode()

        hooks.gates.append(gate)

    return install


def _parameters(change: Callable[[Body], Any]) -> Install:
    def edit(body: Body) -> None:
        if isinstance(body.get("parameters"), dict):
            change(body["parameters"])

    return _asked(edit)


def _loose(name: str, fits: Callable[[Any], bool]) -> Install:
    """A parameter outside of its limits counts as absent."""
    return _parameters(lambda found: None if fits(found.get(name)) else found.pop(name, None))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(change: Callable[[Body], Any]) -> Install:
    """Change the answer of generate."""
    return lambda hooks: hooks.on("generate")(lambda _, body: change(body))


def _details(change: Callable[[Body], None]) -> Install:
    def edit(body: Body) -> None:
        if "details" in body:
            change(body["details"])

    return _whole(edit)


def _tokens(change: Callable[[Body], Any]) -> Install:
    def edit(details: Body) -> None:
        for token in details["logprobs"]:
            change(token)

    return _details(edit)


def _without(name: str) -> Callable[[Body], Body]:
    return lambda body: {key: value for key, value in body.items() if key != name}


fault("generate-empty-accepted", "GEN-02", text="without text_input, the empty text is continued", models=STORY)(
    _asked(lambda body: body.setdefault("text_input", ""))
)
fault("generate-number-accepted", "GEN-02", text="a text_input that is no text is made one", models=STORY)(
    _asked(lambda body: body.update(text_input=str(body["text_input"])) if "text_input" in body else None)
)


@fault("generate-needs-parameters", "GEN-02", text="without parameters, generation is refused", models=STORY)
def generate_needs_parameters(hooks: Hooks) -> None:
    hooks.gates.append(
        lambda call: error(422, "missing parameters") if call.op in OPS and b'"parameters"' not in call.body else None
    )


fault("generated-text", "GEN-03", text="the text is called generated_text", models=STORY)(
    _whole(lambda body: {**_without("text_output")(body), "generated_text": body["text_output"]})
)
fault("generate-text-in-list", "GEN-03", text="text_output is an array of one text", models=STORY)(
    _whole(lambda body: {**body, "text_output": [body["text_output"]]})
)
fault("generate-model-name-missing", "GEN-03", text="the answer has no model_name", models=STORY)(
    _whole(_without("model_name"))
)
fault("generate-model-version-number", "GEN-03", text="model_version is a number", models=STORY)(
    _whole(lambda body: {**body, "model_version": int(body["model_version"])})
)
fault("generate-as-array", "GEN-03", text="the answer is an array of one", models=STORY)(_whole(lambda body: [body]))
fault("finish-reason-stop", "GEN-04", text="finish_reason is stop, whatever the reason", models=STORY)(
    _details(lambda details: details.update(finish_reason="stop"))
)
fault("finish-reason-capital", "GEN-04", text="finish_reason is in capital letters", models=STORY)(
    _details(lambda details: details.update(finish_reason=details["finish_reason"].upper()))
)
fault("finish-reason-null", "GEN-04", text="finish_reason is null", models=STORY)(
    _details(lambda details: details.update(finish_reason=None))
)
fault("token-id-text", "GEN-04", text="ids of tokens are texts", models=STORY)(
    _tokens(lambda token: token.update(id=str(token["id"])))
)
fault("token-id-negative", "GEN-04", text="ids of tokens are below zero", models=STORY)(
    _tokens(lambda token: token.update(id=-1 - token["id"]))
)
fault("token-logprob-text", "GEN-04", text="log probabilities are texts", models=STORY)(
    _tokens(lambda token: token.update(logprob=str(token["logprob"])))
)
fault("token-special-number", "GEN-04", text="special is 0 or 1", models=STORY)(
    _tokens(lambda token: token.update(special=int(token["special"])))
)
fault("token-without-text", "GEN-04", text="tokens have no text", models=STORY)(
    _tokens(lambda token: token.pop("text"))
)
fault("logprobs-by-token", "GEN-04", text="logprobs is an object by token", models=STORY)(
    _details(lambda details: details.update(logprobs={each["text"]: each["logprob"] for each in details["logprobs"]}))
)
fault("temperature-unchecked", "GEN-05", text="a negative temperature is taken for none", models=STORY)(
    _loose("temperature", lambda value: _is_number(value) and value >= 0)
)
fault("top-p-unchecked", "GEN-05", text="a top_p out of range is taken for none", models=STORY)(
    _loose("top_p", lambda value: _is_number(value) and 0 <= value <= 1)
)
fault("max-tokens-unchecked", "GEN-05", text="max_tokens of zero and less is taken for none", models=STORY)(
    _loose("max_tokens", lambda value: type(value) is int and value >= 1)
)
fault("stop-unchecked", "GEN-05", text="a stop that is no array of texts is taken for none", models=STORY)(
    _loose("stop", lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value))
)


@fault(
    "unknown-generate-parameter-refused",
    "GEN-05",
    text="parameters of generation that are unknown are refused",
    models=STORY,
)
def unknown_generate_parameter_refused(hooks: Hooks) -> None:
    known = {"temperature", "top_p", "max_tokens", "stop", "details"}

    def gate(call: Call) -> Reply | None:
        try:
            found = set(json.loads(call.body)["parameters"]) if call.op in OPS else set()
        except (ValueError, LookupError, TypeError):
            return None
        return error(422, f"unknown parameters {sorted(found - known)}") if found - known else None

    hooks.gates.append(gate)


fault("max-tokens-ignored", "GEN-06", text="max_tokens makes no difference", models=STORY)(
    _loose("max_tokens", lambda value: type(value) is not int or value < 1)
)
fault("max-tokens-one-too-many", "GEN-06", text="one token more comes than max_tokens allows", models=STORY)(
    _parameters(
        lambda found: (
            found.update(max_tokens=found["max_tokens"] + 1)
            if type(found.get("max_tokens")) is int and found["max_tokens"] > 0
            else None
        )
    )
)
fault("finish-reason-always-eos", "GEN-06", text="the reason to end is always eos_token", models=STORY)(
    _details(lambda details: details.update(finish_reason="eos_token"))
)
fault("stop-ignored", "GEN-06", text="stop makes no difference", models=STORY)(
    _loose("stop", lambda value: value != _texts(value))
)
fault("stop-last-only", "GEN-06", text="of several stop strings the last one counts", models=STORY)(
    _parameters(lambda found: found.update(stop=_texts(found["stop"])[-1:]) if _texts(found.get("stop")) else None)
)


def _texts(value: Any) -> list[str]:
    fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return list(value) if fits else []


def _errors(change: Callable[[Reply, str], None], *ops: str) -> Install:
    def install(hooks: Hooks) -> None:
        def edit(call: Call, reply: Reply) -> None:
            if call.op in (ops or OPS) and reply.status >= 400:
                change(reply, str(reply.document["error"]))

        hooks.documents.append(edit)

    return install


def _become(**members: Any) -> Callable[[Reply, str], None]:
    def change(reply: Reply, _: str) -> None:
        for name, value in members.items():
            setattr(reply, name, value)

    return change


fault("generate-error-detail", "GEN-07", text="errors of generation are an object with detail", models=STORY)(
    _errors(lambda reply, words: setattr(reply, "document", {"detail": words}))
)
fault("generate-error-200", "GEN-07", "GEN-02", text="errors of generation have the status 200", models=STORY)(
    _errors(_become(status=200))
)
fault("generate-error-text", "GEN-07", text="errors of generation are plain text", models=STORY)(
    _errors(_become(body=b"Unprocessable Entity", media_type="text/plain"))
)
fault("generate-error-list", "GEN-07", text="error is a list of texts", models=STORY)(
    _errors(lambda reply, words: setattr(reply, "document", {"error": [words]}))
)
fault("stream-error-empty-stream", "GEN-10", text="an input error is a stream without events", models=STORY)(
    _errors(_become(status=200, events=[]), "generate-stream")
)
fault("stream-error-as-event", "GEN-10", text="an input error is an event in a stream of status 200", models=STORY)(
    _errors(lambda reply, words: _become(status=200, events=[{"error": words}])(reply, words), "generate-stream")
)
fault("generate-id-changed", "GEN-11", text="the id comes back in capital letters, with a number", models=STORY)(
    _whole(lambda body: {**body, "id": f"{body['id'].upper()}-1"} if "id" in body else body)
)


@fault("generate-id-of-request-before", "GEN-11", text="the id is that of the request before", models=STORY)
def generate_id_of_request_before(hooks: Hooks) -> None:
    last: dict[str, str] = {}

    def edit(_: Call, body: Body) -> None:
        if "id" in body:
            body["id"], last["id"] = last.get("id", body["id"]), body["id"]

    hooks.on("generate")(edit)
