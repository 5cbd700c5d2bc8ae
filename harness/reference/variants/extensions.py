"""Which extensions are offered, and what they leave open.

Text generation is announced by nothing, so that a server without it looks like one with it until it is asked.
"""

from __future__ import annotations

import asyncio
from typing import Any

from harness.reference.extensions.metrics import DURATION, MEMORY, SUCCESS
from harness.reference.faults.kit.common import Count
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.variants.registry import excuse, sets, variant

LOAD_SECONDS = 0.3

variant("no-binary", "binary tensors are not offered", excuses=excuse("Binary tensors are not offered.", "binary-*"))(
    sets(binary=False)
)
variant(
    "no-repository",
    "there is no index, no load and no unload; GET v2/models lists the models",
    excuses=excuse(
        "There is no repository.",
        "adversarial-*load*",
        "repository-*",
        "grpc-repository-*",
    ),
)(sets(repository=False))
variant(
    "no-extensions",
    "nothing but the protocol itself, and GET v2/models",
    excuses=excuse(
        "No extension is offered.",
        "adversarial-*load*",
        "binary-*",
        "repository-*",
        "grpc-repository-*",
        "generate-*",
        "adversarial-streams-given-up",
        "adversarial-grpc-streams-given-up",
        "classification-*",
        "sequence-*",
        "schedule-*",
        "statistics-*",
        "grpc-statistics-*",
        "model-configuration-*",
        "logging-*",
        "trace-*",
        "shared-memory-*",
    ),
)(sets(repository=False, binary=False, generation=False, extensions=False))
variant(
    "binary-unlisted",
    "binary tensors are offered and not listed, as KServe does",
    excuses=excuse("The extension is not listed.", "binary-listed-works"),
)(sets(binary_listed=False))
variant(
    "binary-empty-plain",
    "a reply whose binary outputs are all empty has no length header and is labelled JSON, as Triton's (BIN-15)",
)(sets(empty_binary_plain=True))
variant("generate-without-versions", "generation is at the path without a version only, as in Triton (GEN-01)")(
    sets(generation_versions=False)
)


@variant("index-body-required", "the index without a body is refused, as by MLServer (REPO-05)")
def index_body_required(hooks: Hooks) -> None:
    # Over gRPC an empty message is a message: only the REST path can lack a body.
    hooks.gates.append(
        lambda call: error(400, "the request has no body") if call.path.endswith("/index") and not call.body else None
    )


@variant("reload-holds-requests", "a load takes 0.3 s, in which inferences wait, and one of them is a 503")
def reload_holds_requests(hooks: Hooks) -> None:
    turn = asyncio.Lock()
    switched: list[bool] = []

    async def wait(call: Call) -> None:
        if call.op == "load":
            async with turn:
                await asyncio.sleep(LOAD_SECONDS)
                switched.append(True)
        elif call.op == "infer":
            async with turn:
                return

    def gate(call: Call) -> Reply | None:
        if call.op != "infer" or not call.path.startswith("/v2") or not switched:
            return None
        switched.clear()
        return error(503, "another state is put in its place")

    hooks.before.append(wait)
    hooks.gates.append(gate)


@variant("unload-unknown-ok", "unloading an unknown model answers 200, as Triton does (REPO-09)")
def unload_unknown_ok(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "unload" and reply.status == 404:
            reply.status, reply.document = 200, {}

    hooks.documents.append(edit)


@variant(
    "repository-terse",
    "entries of the index have no state and no reason (REPO-02)",
    excuses=excuse("The index says no states.", "repository-index-state-ready", "grpc-repository-index"),
)
def repository_terse(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "index" and reply.status == 200:
            reply.document = [{"name": row["name"], "version": row["version"]} for row in reply.document]

    hooks.documents.append(edit)


@variant("generate-cumulative-stream", "each event of a stream has the whole text so far (GEN-09)")
def generate_cumulative_stream(hooks: Hooks) -> None:
    def edit(_: Call, reply: Reply) -> None:
        text = ""
        events: list[dict[str, Any]] = reply.events or []
        for event in events:
            if "text_output" in event:
                text += event["text_output"]
                event["text_output"] = text

    hooks.documents.append(edit)


@variant(
    "generate-without-details",
    "details are never given (GEN-04 takes their absence)",
    excuses=excuse("There are no details.", "generate-details-well-formed", "generate-length-bounded"),
)
def generate_without_details(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        documents = reply.events or [reply.document]
        for document in documents if call.op in ("generate", "generate-stream") else ():
            if isinstance(document, dict):
                document.pop("details", None)

    hooks.documents.append(edit)


variant(
    "metrics-absent",
    "there are no metrics",
    excuses=excuse("There are no metrics.", "metrics-*"),
)(sets(metrics=False))


@variant(
    "metrics-count-others",
    "between two looks at the metrics others have sent three requests, and memory goes up and down",
    excuses=excuse("The counts move while nothing is sent.", "metrics-count-requests", "metrics-latency-*"),
)
def metrics_count_others(hooks: Hooks) -> None:
    looks = Count()

    def edit(numbers: dict[str, float]) -> None:
        number = looks.up()
        for name, value in numbers.items():
            if name.startswith((SUCCESS, DURATION)):
                numbers[name] = value + 3 * number
        numbers[MEMORY] += (number % 3) * 2**20

    hooks.metrics.append(edit)


@variant(
    "metrics-of-other-names",
    "no metric has a name that says what it counts",
    excuses=excuse(
        "No metric says what it counts.", "metrics-count-*", "metrics-latency-*", "metrics-resources-steady"
    ),
)
def metrics_of_other_names(hooks: Hooks) -> None:
    def edit(numbers: dict[str, float]) -> None:
        values = list(numbers.values())
        numbers.clear()
        numbers.update((f"svc_{number}", value) for number, value in enumerate(values))

    hooks.metrics.append(edit)


@variant(
    "metrics-of-workers",
    "two workers answer for metrics in turns, each with what it has counted itself",
    excuses=excuse("Two processes answer in turns.", "metrics-count-*", "metrics-latency-*"),
)
def metrics_of_workers(hooks: Hooks) -> None:
    looks = Count()

    def edit(numbers: dict[str, float]) -> None:
        second = looks.up() % 2
        for name, value in numbers.items():
            if name.startswith((SUCCESS, DURATION)):
                # Where one has as many as the other, they still differ in what they have answered before.
                numbers[name] = value // 3 if second else value - value // 3 + 1

    hooks.metrics.append(edit)
