"""Seeded faults that the checks of ``suites/conformance/extensions/test_repository_control.py`` find."""

from __future__ import annotations

from collections.abc import Callable

from harness.reference.faults.kit.repository import become, index_rows
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.models.model import Model


def _models(hooks: Hooks) -> dict[str, Model]:
    """The models of the server, as soon as it has them."""
    found: dict[str, Model] = {}
    hooks.models.append(found.update)
    return found


def _named(models: dict[str, Model], name: str) -> Model | None:
    return next((model for model in models.values() if model.name == name), None)


fault("index-state-always-ready", "REPO-03", text="an unloaded model keeps the state READY")(
    index_rows(lambda row: {**row, "state": "READY"})
)


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
        lambda call, reply: become(reply, 200, {}) if call.op == "load" and reply.status == 404 else None
    )
)

fault("load-unknown-detail", "REPO-07", text="a load that fails says detail instead of error")(
    lambda hooks: hooks.documents.append(
        lambda call, reply: (
            become(reply, 404, {"detail": "not found"}) if call.op == "load" and reply.status == 404 else None
        )
    )
)

fault("load-unknown-empty", "REPO-07", text="a load that fails has no body")(
    lambda hooks: hooks.documents.append(
        lambda call, reply: become(reply, 500, None) if call.op == "load" and reply.status == 404 else None
    )
)

fault("unload-without-effect", "REPO-08", text="unload answers 200 and unloads nothing")(_always("unload"))


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


@fault("unload-unknown-redirect", "REPO-09", text="unloading a model that does not exist is redirected")
def unload_unknown_redirect(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "unload" and reply.status == 404:
            become(reply, 302, {})

    hooks.documents.append(edit)
