"""What is kept of an invalid request belongs to its bytes, not to the kind of its mistake."""

from __future__ import annotations

from typing import Any

from harness.endpoint.rest_route import RestRoute
from harness.generate.mutations import mutations
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor


class Client:
    """Gives each body back as its own answer."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def infer(self, _: str, body: bytes, __: object) -> Any:
        self.sent.append(body)
        return body


def base(*elements: float) -> InferRequest:
    return InferRequest((Tensor("x", "FP32", (len(elements),), elements),))


def test_the_same_mistake_in_another_request_is_asked_for_itself() -> None:
    client: Any = Client()
    no_metadata: Any = None
    model = RestRoute(client, "m", None, no_metadata, None)
    first, second = mutations(base(1.0, 2.0)), mutations(base(3.0))
    shared = {each.name for each in first} & {each.name for each in second}
    assert "input-without-shape" in shared
    for mutation in (*first, *second, *first):
        answer: object = model.mistake(mutation)
        assert answer == mutation.body
    assert sorted(client.sent) == sorted({each.body for each in (*first, *second)})
