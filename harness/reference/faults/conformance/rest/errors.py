"""Seeded faults that the checks of ``suites/conformance/rest/test_errors.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.errors import becomes, error_says, on_errors
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

PAGE = b"<!doctype html><html><body><h1>Error</h1></body></html>"


@fault("poisoned-after-error", "REST-ERR-06", text="the first valid request after a refused one fails", effect="state")
def poisoned_after_error(hooks: Hooks) -> None:
    poisoned: dict[str, bool] = {}

    def edit(call: Call, reply: Reply) -> None:
        if call.op != "infer":
            return
        if reply.status >= 400:
            poisoned["now"] = True
        elif poisoned.pop("now", False):
            reply.status, reply.document = 500, {"error": "the worker is being restarted"}

    hooks.documents.append(edit)


fault("error-without-member", "REST-ERR-02", text="errors say message instead of error")(
    on_errors(lambda reply, text: setattr(reply, "document", {"message": text}))
)

fault("error-is-html", "REST-ERR-02", text="errors are web pages")(
    on_errors(becomes(body=PAGE, media_type="text/html"))
)

fault("error-member-not-string", "REST-ERR-02", text="error is an object with a message")(
    on_errors(lambda reply, text: setattr(reply, "document", {"error": {"message": text}}))
)

fault("errors-with-200", "REST-ERR-01", text="errors have status 200")(on_errors(becomes(status=200)))

fault("errors-redirect", "REST-ERR-01", text="errors redirect to a page")(
    on_errors(becomes(status=302, headers={"location": "/error"}))
)

fault("error-text-empty", "REST-ERR-05", text="the error text is empty")(on_errors(becomes(document={"error": ""})))

fault("malformed-500", "REST-ERR-05", text="a body that is no JSON is a 500")(
    on_errors(becomes(status=500), error_says("JSON"))
)

fault("client-mistake-500", "REST-ERR-05", text="whatever the client does wrong is a 500")(
    on_errors(becomes(status=500))
)

fault("wrong-count-500", "REST-ERR-05", text="a wrong number of elements is a 500")(
    on_errors(becomes(status=500), error_says("elements, data has"))
)

fault("unknown-model-infer-html", "REST-ERR-04", text="inference on an unknown model is a web page")(
    on_errors(becomes(body=PAGE, media_type="text/html"), error_says("there is no model"))
)

fault(
    "unknown-model-infer-200",
    "REST-ERR-04",
    "REST-ERR-01",
    text="inference on an unknown model is a 200 without outputs",
)(on_errors(becomes(status=200, document={"model_name": "default", "outputs": []}), error_says("there is no model")))
