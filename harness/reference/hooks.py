"""The points where a fault or variant takes hold of the server.

The right server has every list empty and every member at its default.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

from harness.reference.extensions.classification import Classify, classify
from harness.reference.grpc.points import Points
from harness.reference.http.wires import Wire
from harness.reference.messages import Call, Reply
from harness.reference.models.model import Model, ModelVersion
from harness.reference.protocol.decode import Elements
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.reply import Spell
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.rules import Rules
from harness.reference.protocol.tensors import Tensor

Handler = Callable[[Call], Reply]
Entry = dict[str, str]
"""An entry of the log of inferences: ``id``, ``model``, ``version``, digests of request and response, ``refused``."""


@dataclass(slots=True)
class Settings:
    """Plain switches of the transport."""

    token: str = "secret-token-for-tests"
    prefix: str = ""
    max_body: int = 8 * 1024 * 1024
    versions_required: bool = False
    versionless: bool = False
    model_listing: bool = True
    indent: int | None = None
    ascii_only: bool = False
    nested: bool = False
    rename: Callable[[str], str] | None = None
    http: bool = True
    # Which of several replicas this one is, where faults tell them apart; None: another one for each connection.
    replica: int | None = None
    # What is offered beyond the protocol itself; model_listing and repository both have to be on for the repository.
    repository: bool = True
    binary: bool = True
    binary_listed: bool = True
    empty_binary_plain: bool = False
    generation: bool = True
    generation_versions: bool = True
    extensions: bool = True
    metrics: bool = True


@dataclass(slots=True)
class Hooks:
    """Where behaviour is changed, in the order in which a request meets it.

    Attributes:
        wires: makers of what edits the bytes of each HTTP connection.
        asgi: wrappers around the whole application, first one innermost.
        before: awaited before a call is handled.
        gates: may answer instead of the operation (None lets the call through).
        routes: replacement of a whole operation, by its name; also ``"unknown"`` (a path that names none)
            and ``"wrong-verb"``.
        elements: edit the flat elements of each input before they are checked.
        requests: edit the understood request.
        answers: edit the model's outputs.
        spells: edit the spelled elements of each output.
        refusals: edit a refusal on its way out.
        classify: turns an output into its classes.
        models: edit the models at start.
        documents: edit the reply before it is written as JSON.
        binary: edit a reply that carries outputs as bytes, once their entries say so.
        bodies: edit the reply after that.
        metrics: edit the numbers that metrics show, by name.
        logged: edit the entries that one inference has in the log, where there is one.
        grpc: what takes hold of gRPC alone; over it, ``before``, ``gates`` (their errors), ``requests``, ``answers``
            and ``models`` have their say too, and ``documents`` on metadata.
    """

    rules: Rules = field(default_factory=Rules)
    settings: Settings = field(default_factory=Settings)
    grpc: Points = field(default_factory=Points)
    wires: list[Callable[[], Wire]] = field(default_factory=list)
    asgi: list[Callable[[ASGIApp], ASGIApp]] = field(default_factory=list)
    before: list[Callable[[Call], Awaitable[None]]] = field(default_factory=list)
    gates: list[Callable[[Call], Reply | None]] = field(default_factory=list)
    routes: dict[str, Handler] = field(default_factory=dict)
    elements: list[Elements] = field(default_factory=list)
    requests: list[Callable[[Call, ModelVersion, InferRequest], None]] = field(default_factory=list)
    answers: list[Callable[[Call, InferRequest, list[Tensor]], list[Tensor]]] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)
    refusals: list[Callable[[Call, Refusal], Reply]] = field(default_factory=list)
    models: list[Callable[[dict[str, Model]], None]] = field(default_factory=list)
    documents: list[Callable[[Call, Reply], None]] = field(default_factory=list)
    binary: list[Callable[[Call, Reply], None]] = field(default_factory=list)
    classify: Classify = classify
    bodies: list[Callable[[Call, Reply], None]] = field(default_factory=list)
    metrics: list[Callable[[dict[str, float]], None]] = field(default_factory=list)
    logged: list[Callable[[list[Entry]], list[Entry]]] = field(default_factory=list)

    def on(self, *ops: str, status: int | None = 200) -> Callable[[Callable[[Call, dict[str, Any]], Any]], None]:
        """Register an edit of the reply document of ``ops``; ``status`` None means every status.

        The edit changes the document in place, or returns another value to send instead.
        """

        def register(edit: Callable[[Call, dict[str, Any]], Any]) -> None:
            def apply(call: Call, reply: Reply) -> None:
                fits = call.op in ops and (status is None or reply.status == status)
                if fits and isinstance(reply.document, dict):
                    changed = edit(call, reply.document)
                    reply.document = reply.document if changed is None else changed

            self.documents.append(apply)

        return register
