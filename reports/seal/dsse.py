"""Envelopes of DSSE: a payload, its type and signatures over both; one byte form for the same envelope."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.bundle.journal import once
from harness.bundle.limits import counted
from harness.foreign import MEBIBYTE, Refused
from reports.seal.keys import NeedsExtra, keyid_of

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope

    from reports.seal.keys import PrivateKey, PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_ENVELOPE = 4 * MEBIBYTE


class NotSigned(Exception):
    """An envelope that is none, or that the key did not sign."""


def signed(payload: bytes, key: PrivateKey) -> bytes:
    """The bytes of an envelope of in-toto.

    Raises:
        NeedsExtra: what signs is not installed.
    """
    try:
        from securesystemslib.dsse import Envelope  # noqa: PLC0415 -- of the extra `sign`
        from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]  # noqa: PLC0415 -- likewise
    except ImportError:
        raise NeedsExtra from None
    public = key.public_key()
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(key, SSlibKey.from_crypto(public, keyid_of(public))))
    return _canonical(envelope)


def payload_of(data: bytes) -> tuple[dict[str, Any], Envelope]:
    """The statement in an envelope, nobody's signature looked at.

    Raises:
        NotSigned: it is no envelope of in-toto, or not in the bytes that it has here.
        NeedsExtra: what reads it is not installed.
    """
    try:
        from securesystemslib.dsse import Envelope  # noqa: PLC0415 -- of the extra `sign`
    except ImportError:
        raise NeedsExtra from None
    try:
        envelope = Envelope.from_dict(json.loads(counted(data), object_pairs_hook=_members))
        statement = json.loads(counted(envelope.payload), object_pairs_hook=_members)
    except Refused as error:
        raise NotSigned(str(error)) from error
    except Exception as error:  # the library raises whatever it meets
        raise NotSigned(f"is no envelope of DSSE: {type(error).__name__}: {str(error)[:100]}") from error
    typed = envelope.payload_type == PAYLOAD_TYPE and all(isinstance(name, str) for name in envelope.signatures)
    if not typed or not isinstance(statement, dict):
        raise NotSigned(f"holds no statement of in-toto ({PAYLOAD_TYPE})")
    if _canonical(envelope) != data:
        raise NotSigned("is not in its canonical bytes")
    return statement, envelope


def hold(envelope: Envelope, key: PublicKey) -> None:
    """See that a key signed an envelope.

    Raises:
        NotSigned: it did not.
    """
    from securesystemslib.exceptions import VerificationError  # noqa: PLC0415 -- of the extra `sign`
    from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # noqa: PLC0415 -- likewise

    try:
        envelope.verify([SSlibKey.from_crypto(key, keyid_of(key))], 1)
    except VerificationError as error:
        others = ", ".join(sorted(name[:16] for name in envelope.signatures)) or "nobody"
        raise NotSigned(f"is not signed by the key {keyid_of(key)[:16]} (it names {others})") from error


def _canonical(envelope: Envelope) -> bytes:
    return (json.dumps(envelope.to_dict(), sort_keys=True, indent=1) + "\n").encode()


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    once(pairs)
    return dict(pairs)
