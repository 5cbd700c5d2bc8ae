"""Keys of signatures, in PEM: Ed25519, and ECDSA over P-256, P-384 and P-521. None is ever written."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from harness.foreign import MEBIBYTE, read_given

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
    PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

PASSPHRASE = "ART15_PASSPHRASE"
_KINDS = "Ed25519, or ECDSA over P-256, P-384 or P-521"
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


class KeyUnusable(Exception):
    """A key that cannot be read, or is of another kind; one line that says what to do."""


class NeedsExtra(Exception):
    """What signs and verifies is not installed."""

    def __init__(self) -> None:
        super().__init__("signatures need the extra: pip install 'art15[sign]'")


def private_key(path: Path, passphrase: str | None) -> PrivateKey:
    """The private key in a PEM file.

    Raises:
        KeyUnusable, NeedsExtra: it cannot be used.
    """
    serialization, refused = _library()
    try:
        key = serialization.load_pem_private_key(_read(path), passphrase.encode() if passphrase else None)
    except TypeError as error:
        hint = f"it has none: unset {PASSPHRASE}" if passphrase else f"set {PASSPHRASE}"
        raise KeyUnusable(f"{path}: the passphrase is not as the key wants it ({hint})") from error
    except refused as error:
        raise KeyUnusable(f"{path} is no private key in PEM, or the passphrase is another one") from error
    _refuse_other_kinds(key.public_key())
    return cast("PrivateKey", key)


def public_key(data: bytes) -> PublicKey:
    """The public key in a text of PEM.

    Raises:
        KeyUnusable, NeedsExtra: it cannot be used.
    """
    serialization, refused = _library()
    try:
        key = serialization.load_pem_public_key(data)
    except refused as error:
        raise KeyUnusable("no public key in PEM (openssl pkey -in key.pem -pubout)") from error
    _refuse_other_kinds(key)
    return cast("PublicKey", key)


def _library() -> tuple[ModuleType, tuple[type[Exception], ...]]:
    """What reads PEM, and what it raises for what it does not read."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 -- of the extra `sign`
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 -- likewise
    except ImportError:
        raise NeedsExtra from None
    return serialization, (ValueError, UnsupportedAlgorithm)


def _refuse_other_kinds(key: object) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: PLC0415 -- of the extra `sign`

    on_curve = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES
    if not on_curve and not isinstance(key, ed25519.Ed25519PublicKey):
        raise KeyUnusable(f"a key of another kind: {_KINDS} is needed")


def public_key_in(path: Path) -> PublicKey:
    """The public key in a PEM file; as :func:`public_key`."""
    try:
        return public_key(_read(path))
    except KeyUnusable as error:
        raise KeyUnusable(f"{path}: {error}") from error


def pem_of(key: PublicKey) -> str:
    """A public key in PEM (SubjectPublicKeyInfo)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 -- of the extra

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def keyid_of(key: PublicKey) -> str:
    """SHA-256 of the public key in DER: ``openssl pkey -pubin -in key.pub -outform DER | sha256sum``."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 -- of the extra

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return read_given(path, MEBIBYTE)
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be read: {error.strerror}") from error
