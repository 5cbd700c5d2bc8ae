"""Answers that tell what they should not: the inside of the server, secrets, or what was sent, as a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from harness.reference.faults.adversarial import Count, is_rest
from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

LEAK = "policy:no-leak"
PYTHON = (
    "Traceback (most recent call last):\n"
    '  File "/srv/app/serving/handlers.py", line 212, in infer\n    outputs = self.model.predict(inputs)\n'
    "ValueError: cannot reshape array"
)
JAVA = (
    "java.lang.IllegalArgumentException: bad input\n"
    "\tat com.example.serving.Decoder.decode(Decoder.java:88)\n"
    "\tat com.example.serving.InferHandler.handle(InferHandler.java:41)"
)
# Invented for this server; none of them opens anything.
ACCESS_KEY = "AKIA" + "QZ7SEEDEDFAULT42"
DATABASE = "postgres://scoring:correct-horse-42@db-7.internal:5432/features"
PRIVATE_KEY = (
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHNlZWRlZCBmYXVsdCwgbm8ga2V5IGF0IGFsbA==\n"
    "-----END PRIVATE KEY-----"
)
ENVIRONMENT = (
    "environ({'HOME': '/root', 'AWS_SECRET_ACCESS_KEY': 'wJalrSEEDEDxUtnFEMI0K7MDENG1bPxRfiCYzSEEDED', "
    "'PATH': '/usr/bin'})"
)


def _says(text: Callable[[Call, str], str], *words: str, op: str = "infer") -> Install:
    """Change the text of errors that have one of ``words`` in them (all, if none is given)."""

    def install(hooks: Hooks) -> None:
        def edit(call: Call, reply: Reply) -> None:
            refused = call.op == op and reply.status >= 400 and isinstance(reply.document, dict)
            said = str(reply.document.get("error")) if refused else ""
            if refused and (not words or any(word in said for word in words)):
                reply.document["error"] = text(call, said)

        hooks.documents.append(edit)

    return install


def _with(more: str, *words: str, op: str = "infer") -> Install:
    return _says(lambda _, said: f"{said}: {more}", *words, op=op)


fault("stack-trace-in-errors", LEAK, text="errors carry the stack of the server", effect="disclosure")(_with(PYTHON))
fault(
    "stack-trace-for-wrong-count", LEAK, text="only a wrong number of elements brings the stack", effect="disclosure"
)(_with(PYTHON, "elements, data has"))
fault(
    "stack-trace-only-when-nested-deeply",
    LEAK,
    text="only JSON nested too deeply brings the stack",
    effect="disclosure",
)(_with(PYTHON, "nested too deeply", "nested more deeply"))
fault(
    "java-stack-trace-for-unknown-model",
    LEAK,
    text="an unknown model brings the stack of the server",
    effect="disclosure",
)(_with(JAVA, "there is no model"))
fault("stack-trace-in-metadata-error", LEAK, text="metadata of an unknown model brings the stack", effect="disclosure")(
    _with(PYTHON, op="model-metadata")
)
fault("file-path-in-error", LEAK, text="an error about a datatype names the file of the model", effect="disclosure")(
    _with("see /opt/models/production/1/model.joblib", ", not ", "data type")
)
fault(
    "file-path-of-unknown-model",
    LEAK,
    text="an unknown model is a file that is not there, by its path",
    effect="disclosure",
)(
    _says(
        lambda call, _: f"No such file or directory: '/home/serving/models/{call.model}/config.pbtxt'",
        "there is no model",
        op="model-metadata",
    )
)
fault("environment-in-error", LEAK, text="an error about a shape prints the environment", effect="disclosure")(
    _with(ENVIRONMENT, "shape", "dimension")
)
fault(
    "database-url-in-error",
    LEAK,
    text="an error about an unknown input prints where features are stored",
    effect="disclosure",
)(_with(f"feature store {DATABASE} has no such column", "has no input"))
fault("internal-host-in-error", LEAK, text="an unknown version names the host behind the server", effect="disclosure")(
    _with("upstream connect error: triton-7.models.svc.cluster.local:8001 (10.42.3.17)", "has no version")
)


@fault("token-in-error", LEAK, text="an error quotes the credentials that came with the request", effect="disclosure")
def token_in_error(hooks: Hooks) -> None:
    _says(lambda call, said: f"{said} (authorization={call.headers.get('authorization', '')})", "JSON", "member")(hooks)


@fault("token-in-header", LEAK, text="the credentials of the request come back in a header", effect="disclosure")
def token_in_header(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and "authorization" in call.headers:
            reply.headers["x-debug-auth"] = call.headers["authorization"]

    hooks.bodies.append(edit)


@fault(
    "token-of-somebody-else-in-error",
    LEAK,
    text="errors quote the credentials of the last client that had some",
    effect="disclosure",
)
def token_of_somebody_else(hooks: Hooks) -> None:
    last: dict[str, str] = {}

    def gate(call: Call) -> None:
        if "authorization" in call.headers:
            last["token"] = call.headers["authorization"]

    hooks.gates.append(gate)
    _says(lambda _, said: f"{said} (session {last['token']})" if last else said)(hooks)


def _property(name: str, value: str) -> Install:
    def edit(_: Call, body: dict[str, Any]) -> None:
        body["properties"] = {**body.get("properties", {}), name: value}

    return lambda hooks: hooks.on("model-metadata")(edit)


fault(
    "access-key-in-metadata", LEAK, text="a property of the model is the access key of its store", effect="disclosure"
)(_property("store.access_key_id", ACCESS_KEY))
fault(
    "database-url-in-metadata",
    LEAK,
    text="a property of the model is the URL of a database, password and all",
    effect="disclosure",
)(_property("feature_store", DATABASE))
fault("private-key-in-metadata", LEAK, text="a property of the model is a private key", effect="disclosure")(
    _property("signing", PRIVATE_KEY)
)
fault("environment-in-server-metadata", LEAK, text="server metadata carries the environment", effect="disclosure")(
    lambda hooks: hooks.on("server-metadata")(lambda _, body: {**body, "environment": ENVIRONMENT})
)
fault(
    "password-in-configuration", LEAK, text="the configuration of the model has a password in it", effect="disclosure"
)(lambda hooks: hooks.on("config")(lambda _, body: {**body, "parameters": {"store": {"string_value": DATABASE}}}))
fault("access-key-in-statistics", LEAK, text="statistics name the store with its access key", effect="disclosure")(
    lambda hooks: hooks.on("stats", "all-stats")(lambda _, body: {**body, "store": f"s3://{ACCESS_KEY}@models"})
)


def _page(words: Callable[[Call], str], *ops: str) -> Install:
    """Errors of ``ops`` are web pages with something of the request in it."""

    def edit(call: Call, reply: Reply) -> None:
        if is_rest(call) and call.op in ops and reply.status >= 400:
            reply.body = f"<html><body><h1>Not found</h1><p>{words(call)}</p></body></html>".encode("utf-8", "replace")
            reply.media_type = "text/html; charset=utf-8"

    return lambda hooks: hooks.documents.append(edit)


fault(
    "markup-of-model-name-echoed",
    LEAK,
    "REST-MMETA-11",
    text="the name of an unknown model is echoed in a page",
    effect="disclosure",
)(_page(lambda call: call.model, "model-metadata", "model-ready", "infer"))
fault(
    "markup-of-path-echoed",
    LEAK,
    "REST-HTTP-07",
    text="an unknown path is echoed in a page, decoded",
    effect="disclosure",
)(_page(lambda call: unquote(call.path), ""))
fault(
    "markup-of-body-echoed",
    LEAK,
    "REST-ERR-02",
    text="the body of a refused inference is echoed in a page",
    effect="disclosure",
)(_page(lambda call: call.body.decode("utf-8", "replace"), "infer"))


def _headers(headers: Callable[[Call], dict[str, str]]) -> Install:
    return lambda hooks: hooks.bodies.append(lambda call, reply: reply.headers.update(headers(call)))


def _cors(origin: Callable[[str], str]) -> Install:
    def headers(call: Call) -> dict[str, str]:
        allowed = origin(call.headers.get("origin", ""))
        return {"access-control-allow-origin": allowed, "access-control-allow-credentials": "true"} if allowed else {}

    return _headers(headers)


fault(
    "cors-reflects-origin",
    "policy:no-open-access",
    text="whatever origin asks is allowed, with credentials",
    effect="disclosure",
)(_cors(lambda origin: origin))
fault(
    "cors-null-allowed",
    "policy:no-open-access",
    text="the origin null is allowed, with credentials",
    effect="disclosure",
)(_cors(lambda origin: "null" if origin == "null" else ""))
fault(
    "cors-suffix-allowed",
    "policy:no-open-access",
    text="origins that begin with the server's own are allowed, with credentials",
    effect="disclosure",
)(
    _headers(
        lambda call: (
            {"access-control-allow-origin": call.headers["origin"], "access-control-allow-credentials": "true"}
            if call.headers.get("origin", "").startswith(f"http://{call.headers.get('host', '-')}")
            else {}
        )
    )
)
fault("versions-in-headers", LEAK, text="headers name the versions of everything inside", effect="disclosure")(
    _headers(lambda _: {"server": "nginx/1.14.0", "x-powered-by": "Python/3.7.3 OpenSSL/1.0.2k TensorFlow/1.15.0"})
)
fault("stack-trace-in-header", LEAK, text="the stack comes in a header of errors", effect="disclosure")(
    lambda hooks: hooks.bodies.append(
        lambda _, reply: (
            reply.headers.update({"x-exception": PYTHON.replace("\n", " ")}) if reply.status >= 400 else None
        )
    )
)


@fault(
    "stack-trace-after-ten-errors", LEAK, text="the tenth error and all later ones bring the stack", effect="disclosure"
)
def stack_trace_after_ten_errors(hooks: Hooks) -> None:
    count = Count()
    _says(lambda _, said: f"{said}: {PYTHON}" if count.up() >= 10 else said)(hooks)


def _failed(change: Callable[[Call, Failed], Failed]) -> Install:
    return lambda hooks: hooks.grpc.failures.append(lambda call, failed, _: change(call, failed))


fault(
    "stack-trace-in-grpc-details",
    LEAK,
    text="the details of failed calls over gRPC are the stack",
    transport="grpc",
    effect="disclosure",
)(_failed(lambda _, failed: Failed(failed.code, f"{failed.details}: {PYTHON}", kind=failed.kind)))
fault(
    "file-path-in-grpc-details",
    LEAK,
    text="over gRPC, an unknown model is a file that is not there, by its path",
    transport="grpc",
    effect="disclosure",
)(
    _failed(
        lambda call, failed: (
            Failed(failed.code, f"cannot open /opt/models/{call.model}/1/model.onnx", kind=failed.kind)
            if "no model" in failed.details
            else failed
        )
    )
)
fault(
    "token-in-grpc-trailers",
    LEAK,
    text="failed calls over gRPC bring the credentials back in a trailer",
    transport="grpc",
    effect="disclosure",
)(
    _failed(
        lambda call, failed: Failed(
            failed.code,
            failed.details,
            kind=failed.kind,
            trailers={"debug-auth": call.headers.get("authorization", "none")},
        )
    )
)


def _beside(path: str, text: str) -> Install:
    """Something is served at ``path`` beside the protocol."""

    def install(hooks: Hooks) -> None:
        def unknown(call: Call) -> Reply:
            if call.path == path and call.method == "GET":
                return Reply(200, body=text.encode(), media_type="text/plain")
            return error(404, "there is nothing at this path")

        hooks.routes["unknown"] = unknown

    return install


fault(
    "environment-file-served", LEAK, text="the file with the server's settings is served at /.env", effect="disclosure"
)(_beside("/.env", f"DATABASE_URL={DATABASE}\nAWS_ACCESS_KEY_ID={ACCESS_KEY}\n"))
fault("repository-of-sources-served", LEAK, text="the folder of the version control is served", effect="disclosure")(
    _beside("/.git/config", '[core]\n\tbare = false\n[remote "origin"]\n\turl = https://git.internal/models.git\n')
)
fault("profiler-served", LEAK, text="the pages of a profiler are served beside the protocol", effect="disclosure")(
    _beside("/debug/pprof/", "<html><body>/debug/pprof/ 12 <a href='goroutine?debug=1'>goroutine</a></body></html>")
)
