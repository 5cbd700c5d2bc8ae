"""A registry as a folder: an OCI image layout (image-spec 1.1, ``image-layout.md``), as ``oras`` writes it.

Nothing is trusted: each blob of an entry is read and its digest computed, and no link is followed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.foreign import open_inside, read_inside
from harness.provenance.registry import CannotAsk, NotThere, RegistryEntry

MARKER, INDEX, NAME = "oci-layout", "index.json", "org.opencontainers.image.ref.name"
SMALL, LARGEST, MOST = 4 << 20, 1 << 40, 10_000
_REFERENCE = re.compile(
    r"oci://(?P<path>[^\s:@]+(?::\d+/[^\s:@]+)?)(?::(?P<tag>[\w.-]{1,128}))?(?:@(?P<digest>[a-z0-9]+:[0-9a-f]+))?"
)
_DIGEST = re.compile(r"(sha256|sha384|sha512):([0-9a-f]{64,128})")


class Layout:
    """An OCI image layout.

    Args:
        folder: the one that holds ``oci-layout`` and ``index.json``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def implied(self, claims: Mapping[str, str]) -> str | None:
        """None: a layout knows neither versions nor runs."""
        del claims
        return None

    def named(self, reference: str) -> RegistryEntry:
        """The entry of ``oci://HOST/PATH:TAG``, ``...@DIGEST``, or both, which must then be the same."""
        found = _REFERENCE.fullmatch(reference)
        if found is None or not (found["tag"] or found["digest"]):
            raise CannotAsk(f"{reference!r} is no oci://HOST/PATH:TAG, and no oci://HOST/PATH@DIGEST")
        listed = self._listed()
        tagged = [each for each in listed if found["tag"] and _is_called(each, found["path"], found["tag"])]
        pinned = [each for each in listed if each.get("digest") == found["digest"]]
        if found["tag"] and not tagged:
            raise NotThere(f"the layout has no {found['path']}:{found['tag']}")
        if found["digest"] and not pinned:
            raise NotThere(f"the layout lists no {found['digest']}")
        entry = self._entry((pinned or tagged)[0], reference)
        if tagged and pinned and tagged[0].get("digest") != found["digest"]:
            now = str(tagged[0].get("digest"))[:100]
            stale = f"the tag {found['tag']} is {now} now, and not {found['digest']}"
            return RegistryEntry(entry.name, entry.digests, (*entry.broken, stale))
        return entry

    def holding(self, digests: Sequence[str]) -> RegistryEntry:
        """The first entry that is, or holds, an artefact of one of the digests."""
        for listed in self._listed():
            entry = self._entry(listed, str(_annotations(listed).get(NAME) or listed.get("digest"))[:200])
            if set(digests) & set(entry.digests):
                return entry
        raise NotThere(f"no entry of the layout is, or holds, {', '.join(digests)}")

    def _listed(self) -> list[dict[str, Any]]:
        marker, index = self._json(MARKER), self._json(INDEX)
        if not str(marker.get("imageLayoutVersion")).startswith("1."):
            raise CannotAsk("the folder is no OCI image layout of version 1")
        manifests = index.get("manifests")
        return [each for each in manifests if isinstance(each, dict)][:MOST] if isinstance(manifests, list) else []

    def _entry(self, listed: dict[str, Any], name: str) -> RegistryEntry:
        digest = str(listed.get("digest"))
        broken = list(self._broken(digest))
        layers: list[str] = []
        if not broken:
            manifest = self._json(_blob(digest))
            found = manifest.get("layers")
            parts = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
            layers = [str(each.get("digest")) for each in parts[:MOST]]
            broken += [words for each in layers for words in self._broken(each)]
        return RegistryEntry(name, (digest, *layers), tuple(broken))

    def _broken(self, digest: str) -> Iterator[str]:
        """What is wrong with one blob."""
        found = _DIGEST.fullmatch(digest)
        if found is None:
            yield f"{digest[:100]!r} is no digest that is computed here"
            return
        try:
            with open_inside(self._folder, _blob(digest), LARGEST) as file:
                computed = hashlib.file_digest(file, found[1]).hexdigest()
        except OSError as error:
            yield f"the blob {digest}: {error.strerror or error}"
            return
        if computed != found[2]:
            yield f"the blob {digest} has the digest {found[1]}:{computed}"

    def _json(self, name: str) -> dict[str, Any]:
        try:
            value = msgspec.json.decode(read_inside(self._folder, name, SMALL))
        except OSError as error:
            raise CannotAsk(f"the layout cannot be read: {name}: {error.strerror or error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise CannotAsk(f"the layout cannot be read: {name} is no JSON") from None
        if not isinstance(value, dict):
            raise CannotAsk(f"the layout cannot be read: {name} is no object")
        return value


def _blob(digest: str) -> str:
    algorithm, _, digits = digest.partition(":")
    return f"blobs/{algorithm}/{digits}"


def _annotations(listed: dict[str, Any]) -> dict[str, Any]:
    found = listed.get("annotations")
    return found if isinstance(found, dict) else {}


def _is_called(listed: dict[str, Any], path: str, tag: str) -> bool:
    """Whether the layout calls an entry so: by its tag alone, or by as much of the path as it has."""
    name = _annotations(listed).get(NAME)
    whole = f"{path}:{tag}"
    return isinstance(name, str) and (name in (tag, whole) or (":" in name and whole.endswith(f"/{name}")))
