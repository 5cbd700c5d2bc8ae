"""A recorder that writes nothing, for what is sent beside a run: a replay, the preparation of a load plan."""

from __future__ import annotations

from pathlib import Path

from harness.record.exchange import Exchange
from harness.record.redact import Redaction, Redactor
from harness.record.store import ExchangeStore, Recorder


class _Unkept(ExchangeStore):
    """What is sent is no evidence."""

    def write(self, exchange: Exchange, redactions: list[Redaction]) -> str:
        """Give an empty digest."""
        del exchange, redactions
        return ""


def unkept(redactor: Redactor) -> Recorder:
    """The recorder; ``redactor`` is still taught the secrets of the clients."""
    return Recorder(_Unkept(Path()), redactor, lambda _: None)
