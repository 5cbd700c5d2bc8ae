"""The repository: an index that misleads, loading and unloading that do something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.models.model import Model

Row = dict[str, Any]


def _index(change: Callable[[list[Row]], Any]) -> Callable[[Hooks], None]:
    """Change the document of the index."""

    def install(hooks: Hooks) -> None:
        def edit(call: Call, reply: Reply) -> None:
            if call.op == "index" and reply.status == 200:
                reply.document = change(reply.document)

        hooks.documents.append(edit)

    return install


def _rows(change: Callable[[Row], Row]) -> Callable[[Hooks], None]:
    return _index(lambda rows: [change(row) for row in rows])


def _models(hooks: Hooks) -> dict[str, Model]:
    """The models of the server, as soon as it has them."""
    found: dict[str, Model] = {}
    hooks.models.append(found.update)
    return found


def _named(models: dict[str, Model], name: str) -> Model | None:
    return next((model for model in models.values() if model.name == name), None)


fault("index-object", "REPO-01", text="the index is an object with a member models")(
    _index(lambda rows: {"models": rows})
)
fault("index-name-number", "REPO-01", text="the first name of the index is a number")(
    _index(lambda rows: [{**row, "name": 1} if at == 0 else row for at, row in enumerate(rows)])
)
fault("index-state-number", "REPO-02", "REPO-03", text="the state of an index entry is a number")(
    _rows(lambda row: {**row, "state": int(row["state"] == "READY")})
)
fault("index-version-number", "REPO-02", text="the version of an index entry is a number")(
    _rows(lambda row: {**row, "version": int(row["version"])})
)
fault("index-reason-null", "REPO-02", text="the reason of a loaded model is null")(
    _rows(lambda row: {**row, "reason": row["reason"] or None})
)
fault("index-state-loaded", "REPO-03", text="a model that is ready has the state loaded")(
    _rows(lambda row: {**row, "state": "loaded" if row["state"] == "READY" else row["state"]})
)
fault("index-state-always-ready", "REPO-03", text="an unloaded model keeps the state READY")(
    _rows(lambda row: {**row, "state": "READY"})
)
fault("index-state-small", "REPO-03", text="states are in small letters")(
    _rows(lambda row: {**row, "state": row["state"].lower()})
)


@fault("index-status-201", "REPO-01", text="the index has the status 201")
def index_status_201(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "index" and reply.status == 200:
            reply.status = 201

    hooks.documents.append(edit)


def _asked(body: bytes) -> Callable[[Hooks], None]:
    """Answer every index request as if it were ``body``."""

    def install(hooks: Hooks) -> None:
        def gate(call: Call) -> None:
            if call.op == "index":
                call.body = body

        hooks.gates.append(gate)

    return install


fault("index-ready-ignored", "REPO-04", text="ready true lists unloaded models as well")(_asked(b"{}"))
fault("index-ready-is-default", "REPO-04", text="the index never lists a model that is not ready")(
    _asked(b'{"ready":true}')
)


def _always(op: str) -> Callable[[Hooks], None]:
    def install(hooks: Hooks) -> None:
        hooks.routes[op] = lambda _: Reply(200, {})

    return install


fault("load-without-effect", "REPO-06", text="load answers 200 and loads nothing")(_always("load"))
fault("load-unknown-200", "REPO-07", text="loading a model that does not exist answers 200")(
    lambda hooks: hooks.documents.append(
        lambda call, reply: _become(reply, 200, {}) if call.op == "load" and reply.status == 404 else None
    )
)
fault("load-unknown-detail", "REPO-07", text="a load that fails says detail instead of error")(
    lambda hooks: hooks.documents.append(
        lambda call, reply: (
            _become(reply, 404, {"detail": "not found"}) if call.op == "load" and reply.status == 404 else None
        )
    )
)
fault("load-unknown-empty", "REPO-07", text="a load that fails has no body")(
    lambda hooks: hooks.documents.append(
        lambda call, reply: _become(reply, 500, None) if call.op == "load" and reply.status == 404 else None
    )
)
fault("unload-without-effect", "REPO-08", text="unload answers 200 and unloads nothing")(_always("unload"))


def _become(reply: Reply, status: int, document: Any) -> None:
    reply.status, reply.document = status, document


@fault("load-of-loaded-refused", "REPO-06", text="loading a model that is loaded is refused")
def load_of_loaded_refused(hooks: Hooks) -> None:
    models = _models(hooks)

    def gate(call: Call) -> Reply | None:
        model = _named(models, call.model) if call.op == "load" else None
        return error(409, "the model is loaded already") if model is not None and model.loaded else None

    hooks.gates.append(gate)


@fault("load-of-loaded-unloads", "REPO-06", text="loading a model that is loaded unloads it")
def load_of_loaded_unloads(hooks: Hooks) -> None:
    models = _models(hooks)

    def gate(call: Call) -> None:
        model = _named(models, call.model) if call.op == "load" else None
        if model is not None and model.loaded:
            call.op = "unload"

    hooks.gates.append(gate)


@fault("loaded-again-and-broken", "REPO-06", text="a model that was unloaded and loaded is ready and infers no more")
def loaded_again_and_broken(hooks: Hooks) -> None:
    gone: set[str] = set()

    def gate(call: Call) -> Reply | None:
        if call.op == "unload":
            gone.add(call.model)
        return error(500, "the worker is gone") if call.op == "infer" and call.model in gone else None

    hooks.gates.append(gate)


@fault("loaded-again-and-not-ready", "REPO-06", text="a model that was unloaded and loaded infers and is never ready")
def loaded_again_and_not_ready(hooks: Hooks) -> None:
    gone: set[str] = set()

    def gate(call: Call) -> Reply | None:
        if call.op == "unload":
            gone.add(call.model)
        return error(503, "not ready") if call.op == "model-ready" and call.model in gone else None

    hooks.gates.append(gate)


def _meanwhile(op: str) -> Callable[[Hooks], None]:
    """For calls of ``op``, an unloaded model counts as loaded."""

    def install(hooks: Hooks) -> None:
        models = _models(hooks)
        lent: list[Model] = []

        def gate(call: Call) -> None:
            model = _named(models, call.model) if call.op == op else None
            if model is not None and not model.loaded:
                model.loaded = True
                lent.append(model)

        def edit(_: Call, __: Reply) -> None:
            while lent:
                lent.pop().loaded = False

        hooks.gates.append(gate)
        hooks.documents.append(edit)

    return install


fault("unloaded-still-infers", "REPO-08", text="an unloaded model is not ready, and infers")(_meanwhile("infer"))
fault("unloaded-still-ready", "REPO-08", "REST-MREADY-03", text="an unloaded model refuses, and is reported as ready")(
    _meanwhile("model-ready")
)


@fault("unload-newest-version-only", "REPO-08", text="an unloaded model still infers where a version is named")
def unload_newest_version_only(hooks: Hooks) -> None:
    install = _meanwhile("infer")
    install(hooks)
    lend = hooks.gates.pop()
    hooks.gates.append(lambda call: lend(call) if call.version is not None else None)


@fault("index-ready-empty", "REPO-04", text="with ready true, the index is empty")
def index_ready_empty(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "index" and reply.status == 200 and b"true" in call.body:
            reply.document = []

    hooks.documents.append(edit)


@fault("index-without-body-moved", "REPO-05", text="an index request without a body is redirected")
def index_without_body_moved(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "index" and not call.body:
            _become(reply, 302, {})

    hooks.documents.append(edit)


@fault("unload-unknown-redirect", "REPO-09", text="unloading a model that does not exist is redirected")
def unload_unknown_redirect(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "unload" and reply.status == 404:
            _become(reply, 302, {})

    hooks.documents.append(edit)
