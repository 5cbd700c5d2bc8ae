"""Seeded faults that the checks of ``suites/conformance/extensions/test_generate.py`` find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.generate import becomes, change_answer, change_details, change_request, on_errors
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, error

Body = dict[str, Any]
STORY = ("story",)
OPS = ("generate", "generate-stream")


def _tokens(change: Callable[[Body], Any]) -> Install:
    def edit(details: Body) -> None:
        for token in details["logprobs"]:
            change(token)

    return change_details(edit)


def _without(name: str) -> Callable[[Body], Body]:
    return lambda body: {key: value for key, value in body.items() if key != name}


fault("generate-empty-accepted", "GEN-02", text="without text_input, the empty text is continued", models=STORY)(
    change_request(lambda body: body.setdefault("text_input", ""))
)

fault("generate-number-accepted", "GEN-02", text="a text_input that is no text is made one", models=STORY)(
    change_request(lambda body: body.update(text_input=str(body["text_input"])) if "text_input" in body else None)
)


@fault("generate-needs-parameters", "GEN-02", text="without parameters, generation is refused", models=STORY)
def generate_needs_parameters(hooks: Hooks) -> None:
    hooks.gates.append(
        lambda call: error(422, "missing parameters") if call.op in OPS and b'"parameters"' not in call.body else None
    )


fault("generated-text", "GEN-03", text="the text is called generated_text", models=STORY)(
    change_answer(lambda body: {**_without("text_output")(body), "generated_text": body["text_output"]})
)

fault("generate-text-in-list", "GEN-03", text="text_output is an array of one text", models=STORY)(
    change_answer(lambda body: {**body, "text_output": [body["text_output"]]})
)

fault("generate-model-name-missing", "GEN-03", text="the answer has no model_name", models=STORY)(
    change_answer(_without("model_name"))
)

fault("generate-model-version-number", "GEN-03", text="model_version is a number", models=STORY)(
    change_answer(lambda body: {**body, "model_version": int(body["model_version"])})
)

fault("generate-as-array", "GEN-03", text="the answer is an array of one", models=STORY)(
    change_answer(lambda body: [body])
)

fault("finish-reason-stop", "GEN-04", text="finish_reason is stop, whatever the reason", models=STORY)(
    change_details(lambda details: details.update(finish_reason="stop"))
)

fault("finish-reason-capital", "GEN-04", text="finish_reason is in capital letters", models=STORY)(
    change_details(lambda details: details.update(finish_reason=details["finish_reason"].upper()))
)

fault("finish-reason-null", "GEN-04", text="finish_reason is null", models=STORY)(
    change_details(lambda details: details.update(finish_reason=None))
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
    change_details(
        lambda details: details.update(logprobs={each["text"]: each["logprob"] for each in details["logprobs"]})
    )
)

fault("generate-error-detail", "GEN-07", text="errors of generation are an object with detail", models=STORY)(
    on_errors(lambda reply, words: setattr(reply, "document", {"detail": words}))
)

fault("generate-error-200", "GEN-07", "GEN-02", text="errors of generation have the status 200", models=STORY)(
    on_errors(becomes(status=200))
)

fault("generate-error-text", "GEN-07", text="errors of generation are plain text", models=STORY)(
    on_errors(becomes(body=b"Unprocessable Entity", media_type="text/plain"))
)

fault("generate-error-list", "GEN-07", text="error is a list of texts", models=STORY)(
    on_errors(lambda reply, words: setattr(reply, "document", {"error": [words]}))
)

fault("generate-id-changed", "GEN-11", text="the id comes back in capital letters, with a number", models=STORY)(
    change_answer(lambda body: {**body, "id": f"{body['id'].upper()}-1"} if "id" in body else body)
)


@fault("generate-id-of-request-before", "GEN-11", text="the id is that of the request before", models=STORY)
def generate_id_of_request_before(hooks: Hooks) -> None:
    last: dict[str, str] = {}

    def edit(_: Call, body: Body) -> None:
        if "id" in body:
            body["id"], last["id"] = last.get("id", body["id"]), body["id"]

    hooks.on("generate")(edit)
