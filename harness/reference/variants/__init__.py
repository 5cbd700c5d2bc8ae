"""Benign variants: the reference server, different in ways the protocol allows. None of them may be blamed."""

from __future__ import annotations

from harness.reference.variants import (
    access,
    adversarial,
    content,
    extensions,
    grpc,
    guards,
    load,
    needs,
    sparse,
    strictness,
    transport,
)
from harness.reference.variants.registry import VARIANTS, Variant

__all__ = ["VARIANTS", "Variant"]

AREAS = (access, content, strictness, transport, grpc, extensions, guards, needs, adversarial, load, sparse)
