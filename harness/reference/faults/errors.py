"""Errors that do not look like the protocol's, or blame the wrong side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

PAGE = b"<!doctype html><html><body><h1>Error</h1></body></html>"


def _errors(change: Callable[[Reply, str], None], wanted: Callable[[Call, Reply], bool] | None = None) -> Any:
    """Change the error replies of infer (those that ``wanted`` picks)."""

    def install(hooks: Hooks) -> None:
        def edit(call: Call, reply: Reply) -> None:
            if call.op == "infer" and reply.status >= 400 and (wanted is None or wanted(call, reply)):
                change(reply, str(reply.document["error"]))

        hooks.documents.append(edit)

    return install


def _become(status: int | None = None, **members: Any) -> Callable[[Reply, str], None]:
    def change(reply: Reply, _: str) -> None:
        reply.status = status or reply.status
        for name, value in members.items():
            setattr(reply, name, value)

    return change


def _says(*words: str) -> Callable[[Call, Reply], bool]:
    return lambda _, reply: any(word in str(reply.document) for word in words)


fault("error-without-member", "REST-ERR-02", text="errors say message instead of error")(
    _errors(lambda reply, text: setattr(reply, "document", {"message": text}))
)
fault("error-is-html", "REST-ERR-02", text="errors are web pages")(_errors(_become(body=PAGE, media_type="text/html")))
fault("error-is-empty", "REST-ERR-02", text="errors have no body")(_errors(_become(document=None)))
fault("error-is-text", "REST-ERR-02", text="errors are plain text")(
    _errors(_become(status=500, body=b"Internal Server Error", media_type="text/plain"), _says("needs", "rows"))
)
fault("error-member-not-string", "REST-ERR-02", text="error is an object with a message")(
    _errors(lambda reply, text: setattr(reply, "document", {"error": {"message": text}}))
)
fault("error-422-detail", "REST-ERR-02", text="errors of validation are the web framework's own 422 with detail")(
    _errors(
        _become(status=422, document={"detail": [{"loc": ["body", "inputs"], "msg": "Field required"}]}),
        _says("missing member", "JSON", "no string", "no array", "no object"),
    )
)
fault("errors-with-200", "REST-ERR-01", text="errors have status 200")(_errors(_become(status=200)))
fault("errors-redirect", "REST-ERR-01", text="errors redirect to a page")(
    _errors(_become(status=302, headers={"location": "/error"}))
)
fault("error-text-empty", "REST-ERR-05", text="the error text is empty")(_errors(_become(document={"error": ""})))
fault("malformed-500", "REST-ERR-05", text="a body that is no JSON is a 500")(
    _errors(_become(status=500), _says("JSON"))
)
fault("client-mistake-500", "REST-ERR-05", text="whatever the client does wrong is a 500")(_errors(_become(status=500)))
fault("wrong-count-500", "REST-ERR-05", text="a wrong number of elements is a 500")(
    _errors(_become(status=500), _says("elements, data has"))
)
fault("unknown-model-infer-html", "REST-ERR-04", text="inference on an unknown model is a web page")(
    _errors(_become(body=PAGE, media_type="text/html"), _says("there is no model"))
)
fault(
    "unknown-model-infer-200",
    "REST-ERR-04",
    "REST-ERR-01",
    text="inference on an unknown model is a 200 without outputs",
)(_errors(_become(status=200, document={"model_name": "default", "outputs": []}), _says("there is no model")))
fault("large-body-error-html", "REST-ERR-02", text="only errors of requests above 64 KiB are web pages")(
    _errors(_become(body=PAGE, media_type="text/html"), lambda call, _: len(call.body) > 65536)
)


@fault(
    "oversize-drops-connection",
    "REST-ERR-02",
    "TDATA-17",
    text="a body above 1 MiB is answered with a page and half a reply",
)
def oversize_drops_connection(hooks: Hooks) -> None:
    hooks.settings.max_body = 1024 * 1024

    def edit(_: Call, reply: Reply) -> None:
        if reply.status == 413:
            reply.body, reply.media_type, reply.headers["content-length"] = PAGE, "text/html", "100000"

    hooks.bodies.append(edit)
