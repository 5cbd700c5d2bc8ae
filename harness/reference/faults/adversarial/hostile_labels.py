"""Seeded faults that the checks of ``suites/adversarial/test_hostile_labels.py`` find."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from harness.reference.faults.kit.common import Body, kills
from harness.reference.faults.kit.framing import reflected
from harness.reference.faults.kit.request_values import BIDI
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

CHANGE = "policy:no-silent-change"
CRASH = "policy:no-crash"
LEAK = "policy:no-leak"


def _id(change: Callable[[str], str]) -> Install:
    def edit(_: Call, body: Body) -> None:
        if isinstance(body.get("id"), str):
            body["id"] = change(body["id"])

    return lambda hooks: hooks.on("infer")(edit)


fault("id-ends-at-nul", CHANGE, "REST-RESP-04", text="an id ends at its first NUL")(
    _id(lambda text: text.partition("\0")[0])
)

fault("id-cut-above-4096", CHANGE, "REST-RESP-04", text="ids end after 4096 characters")(_id(lambda text: text[:4096]))

fault("id-normalised", CHANGE, "REST-RESP-04", text="ids come back in their composed form, without marks of direction")(
    _id(lambda text: unicodedata.normalize("NFKC", text.translate(BIDI)))
)

fault("id-line-ends-unified", CHANGE, "REST-RESP-04", text="CRLF in an id comes back as LF")(
    _id(lambda text: text.replace("\r\n", "\n"))
)


def _id_length(call: Call) -> int:
    found = re.search(rb'"id"\s*:\s*"([^"]*)"', call.body) if call.op == "infer" else None
    return len(found.group(1)) if found else 0


fault("huge-id-ends-process", CRASH, "TDATA-17", text="an id above 256 KiB ends the process", effect="crash")(
    kills(lambda call: len(call.body) > 2**18 and _id_length(call) > 2**18)
)

fault(
    "odd-charset-ends-process",
    CRASH,
    "REST-HTTP-10",
    text="a label with an unknown charset ends the process",
    effect="crash",
)(
    kills(
        lambda call: (
            re.search(r"charset=(?!\"?utf-?8)", call.headers.get("content-type", ""), re.IGNORECASE) is not None
        )
    )
)


@fault("id-splits-header", LEAK, text="the id goes into a header as it is, line ends and all", effect="connection")
def id_splits_header(hooks: Hooks) -> None:
    value: dict[str, bytes] = {}
    reflected(hooks, value, b"x-request-id")

    def edit(call: Call, reply: Reply) -> None:
        document = call.request if call.op == "infer" and isinstance(call.request, dict) else {}
        if reply.status == 200 and isinstance(document.get("id"), str):
            value["now"] = document["id"].encode("utf-8", "replace")

    hooks.bodies.append(edit)
