"""OpenSSF model signatures with a key: a Sigstore bundle around a DSSE envelope with an in-toto statement.

Sources: sigstore/model-transparency 1.1 (``Payload``, ``sign_ec_key``), DSSE 1.0.2, in-toto statement v1. Needs
``cryptography``, and nothing of the network: identities of Sigstore are not verified here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

LARGEST = 64 << 20
STATEMENT, PREDICATE = "https://in-toto.io/Statement/v1", "https://model_signing/signature/v1.0"
PAYLOAD = "application/vnd.in-toto+json"
# Bits of a key, and the algorithm that it signs with.
_ALGORITHMS = {256: "SHA256", 384: "SHA384", 521: "SHA512"}


class BadSignature(Exception):
    """A signature that does not hold; the message says why."""


class CannotVerify(Exception):
    """A signature that is not verified here; the message says why, and what would help."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature was made over.

    Attributes:
        root: the digest of all files together, in hex.
        files: path -> SHA-256 in hex.
        ignored: paths that were left out.
    """

    root: str
    files: dict[str, str]
    ignored: tuple[str, ...] = ()


def signed_by(bundle: bytes, key: bytes) -> Signed:
    """What a bundle states, once its signature has been verified with a public key (PEM).

    Raises:
        BadSignature: it is no such bundle, was made with another key, or was altered.
        CannotVerify: no package to verify it with, another kind of key, or digests of another kind.
    """
    try:
        envelope = msgspec.json.decode(bundle)["dsseEnvelope"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
        kind = envelope["payloadType"]
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, RecursionError, binascii.Error):
        raise BadSignature("is no Sigstore bundle with a DSSE envelope") from None
    if kind != PAYLOAD:
        raise BadSignature("is about something else than an in-toto statement")
    _verify(key, signature, b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload))
    try:
        return _stated(msgspec.json.decode(payload))
    except (msgspec.DecodeError, LookupError, TypeError, AttributeError, ValueError, RecursionError):
        raise BadSignature("states nothing that can be read") from None


def _verify(key: bytes, signature: bytes, message: bytes) -> None:
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 -- optional
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 -- optional
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 -- optional
    except ImportError:
        raise CannotVerify("signatures need cryptography (pip install 'art15[provenance]')") from None
    try:
        public = serialization.load_pem_public_key(key)
    except (ValueError, UnsupportedAlgorithm):
        raise CannotVerify("the key is no public key in PEM") from None
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.key_size not in _ALGORITHMS:
        raise CannotVerify("the key is none of P-256, P-384 and P-521")
    algorithm = getattr(hashes, _ALGORITHMS[public.key_size])()
    try:
        public.verify(signature, message, ec.ECDSA(algorithm))
    except InvalidSignature:
        raise BadSignature("was not made with this key over this statement") from None


def _stated(statement: Any) -> Signed:  # noqa: ANN401 -- a JSON value
    if statement["_type"] != STATEMENT or statement["predicateType"] != PREDICATE:
        raise CannotVerify("the signature is about something else than a model of version 1.0")
    serialization = statement["predicate"]["serialization"]
    if serialization["method"] != "files" or serialization["hash_type"] != "sha256":
        raise CannotVerify("the signature is over digests of other parts than whole files by SHA-256")
    (subject,) = statement["subject"]
    resources = statement["predicate"]["resources"]
    files = {str(each["name"]): bytes.fromhex(each["digest"]).hex() for each in resources}
    root = hashlib.sha256(b"".join(bytes.fromhex(each["digest"]) for each in resources)).hexdigest()
    if subject["digest"]["sha256"] != root:
        raise BadSignature("states a digest of the whole that is not that of its files")
    ignored = tuple(map(str, serialization.get("ignore_paths") or ()))
    return Signed(root, files, ignored)
