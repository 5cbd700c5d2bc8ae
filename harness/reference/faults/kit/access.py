"""Helpers for faults of access: a server that asks for credentials, with one hole.

All but health wants ``--token``, as with the variant ``auth-required``.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

HEALTH = ("live", "ready")
Hole = Callable[[Call, str], bool]
"""``(call, token) -> whether it is let through although its credentials are not the right ones``."""


def is_right(call: Call, token: str) -> bool:
    return hmac.compare_digest(call.headers.get("authorization", "").encode(), f"Bearer {token}".encode())


def guarded(hole: Hole) -> Install:
    def install(hooks: Hooks) -> None:
        def gate(call: Call) -> Reply | None:
            token = hooks.settings.token
            if call.op in HEALTH or is_right(call, token) or hole(call, token):
                return None
            return error(401, "credentials are needed", WWW_Authenticate="Bearer")

        hooks.gates.append(gate)

    return install


def remembered(over: Callable[[Call], bool]) -> Install:
    def install(hooks: Hooks) -> None:
        known: set[object] = set()

        def hole(call: Call, _: str) -> bool:
            if call.number_on_connection == 1:
                known.discard(call.connection)
            return over(call) and call.connection in known

        # Before the guard, which lets the right token through without asking for a hole.
        def gate(call: Call) -> None:
            if call.number_on_connection > 1 and is_right(call, hooks.settings.token):
                known.add(call.connection)

        hooks.gates.append(gate)
        guarded(hole)(hooks)

    return install
