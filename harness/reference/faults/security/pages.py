"""Seeded faults that the checks of ``suites/security/test_pages.py`` find."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from harness.reference.faults.kit.common import is_rest
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

LEAK = "policy:no-leak"
# Invented for this server; none of them opens anything.
ACCESS_KEY = "AKIA" + "QZ7SEEDEDFAULT42"
DATABASE = "postgres://scoring:correct-horse-42@db-7.internal:5432/features"


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
