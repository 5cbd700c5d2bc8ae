"""What brings a difference about is looked for: blocks of kinds, and the shortest history."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from harness.generate.distinct import joined
from harness.judging.influence.company import BLOCK, blocks
from harness.judging.influence.history import orders, twins_of
from harness.judging.influence.reduction import EarlierRequest, Reduction, words_of
from harness.oracles.whole import WholeAnswer
from harness.probing.menu.kinds import RequestKind
from harness.probing.menu.menu import KnownKind
from harness.probing.menu.values import Values, in_order
from harness.record.exchange import Exchange, Transport
from harness.wire.messages import InferRequest, ModelMetadata, TensorMetadata
from harness.wire.tensor import Tensor

BASE = InferRequest((Tensor("x", "INT32", (3,), (1, 2, 3)),))
METADATA = ModelMetadata(None, (), None, (TensorMetadata("x", "INT32", (-1,)),), (), {})


def exchange(body: bytes) -> Exchange:
    head = (("content-type", "application/json"),)
    return Exchange(1, "POST", "http://t/v2", "HTTP/1.1", (), b"", 200, "", "HTTP/1.1", head, body, False, None, "", 0,
                    0, 0, None)  # fmt: skip


class Server:
    """Answers one kind of request by what came before it."""

    def __init__(self, wrong: Callable[[list[str]], bool]) -> None:
        self.log: list[str] = []
        self._wrong = wrong

    def kind(self, name: str, transport: Transport = "rest", *, twin: bool = True) -> KnownKind:
        def send(_: InferRequest) -> Exchange:
            value = 9 if name == "fixed" and self._wrong(self.log) else 1
            self.log.append(name)
            entry = b'{"name":"y","datatype":"INT32","shape":[1],"data":[%d]}' % value
            return exchange(b'{"model_name":"m","outputs":[' + entry + b"]}")

        members: dict[str, object] = {
            "status": "answered",
            "content type": "application/json",
            "id": None,
            "model_name": "m",
            "model_version": None,
            "parameters": None,
            "binary outputs": [],
        }
        due = WholeAnswer(members, {"y": Tensor("y", "INT32", (1,), (1,))})
        return KnownKind(
            RequestKind(name, send, twin=twin), transport, BASE, due, frozenset(), 0.0, send(BASE), rowwise=True
        )


def since(log: list[str]) -> list[str]:
    """What was sent after the fixed request was sent last."""
    return log[len(log) - log[::-1].index("fixed") :] if "fixed" in log else log


def reduced(wrong: Callable[[list[str]], bool], history: list[str]) -> tuple[str, Reduction]:
    server = Server(wrong)
    kinds = {name: server.kind(name) for name in {*history, "fixed"}}
    server.log.clear()
    reduction = Reduction(kinds["fixed"], Values.of(BASE, METADATA, 1), anew=False)
    assert reduction.steady()
    found = reduction.shortest([EarlierRequest(kinds[name]) for name in history])
    return words_of(found or ()), reduction


def test_one_request_is_found_among_many() -> None:
    found, reduction = reduced(lambda log: "bad" in since(log), ["a", "b", "bad", "c", "d", "e", "f"])
    assert found == "bad"
    assert reduction.again == (2, 2)
    assert reduction.left > 200


def test_two_requests_in_their_order_are_found() -> None:
    def wrong(log: list[str]) -> bool:
        last = since(log)
        return "first" in last and "second" in last[last.index("first") :]

    assert reduced(wrong, ["a", "first", "b", "c", "second", "d"])[0] == "first, then second"


def test_what_does_not_come_again_has_no_history() -> None:
    assert reduced(lambda _: False, ["a", "b", "c"])[0] == ""


def test_what_stays_is_told_apart_from_what_changes() -> None:
    server = Server(lambda log: len(log) > 1)
    reduction = Reduction(server.kind("fixed"), Values.of(BASE, METADATA, 1), anew=False)
    server.log.append("other")
    assert reduction.steady() is None
    turns = itertools.cycle((False, True))
    server = Server(lambda _: next(turns))
    assert Reduction(server.kind("fixed"), Values.of(BASE, METADATA, 1), anew=False).steady() is False


def test_every_two_kinds_are_in_one_block() -> None:
    server = Server(lambda _: False)
    kinds = [server.kind(str(number), "rest" if number < 7 else "grpc") for number in range(11)]
    made = blocks(kinds, 15)
    assert made == blocks(kinds, 15)
    assert all(len(block) == BLOCK for block in made[:-1])
    assert made[-1] == kinds
    met = {frozenset((one.name, other.name)) for block in made[:-1] for one, other in itertools.combinations(block, 2)}
    wanted = [(one, other) for one, other in itertools.combinations(kinds, 2)
              if "rest" in (one.transport, other.transport)]  # fmt: skip
    assert all(frozenset((one.name, other.name)) in met for one, other in wanted)


def test_plain_requests_follow_every_other_kind() -> None:
    server = Server(lambda _: False)
    kinds = [server.kind("plain"), server.kind("a"), server.kind("typed", "grpc"), server.kind("raw", "grpc")]
    made = [[each.name for each in order] for order in orders(kinds, 1, most=100)]
    assert made[0] == ["plain", "plain", "plain", "a", "plain", "typed", "plain", "raw", "plain"]
    assert made[1] == ["typed", "plain", "typed", "a", "typed"]
    assert [sorted(order) for order in made[2:]] == [sorted(each.name for each in kinds)]
    assert len(list(orders(kinds, 1, most=1))) == 1
    assert [(one.name, other.name) for one, other in twins_of(kinds)][:2] == [("plain", "a"), ("plain", "typed")]


def test_values_come_once_and_rows_keep_together() -> None:
    values = Values.of(BASE, METADATA, 7)
    made = [values.fresh(3).inputs[0].elements for _ in range(30)]
    assert len(set(made)) == 30
    request = joined([values.fresh(1) for _ in range(3)])
    turned = in_order(request, (2, 0, 1)).inputs[0].elements
    assert turned == tuple(request.inputs[0].elements[place] for place in (2, 0, 1))
    whole = Values.of(BASE, None, 7)
    assert not whole.batches
    assert whole.fresh(1).inputs[0].shape == (3,)
