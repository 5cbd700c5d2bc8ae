"""REST: what is hostile stands in the listing or in a model's metadata."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

from .scenario import Scenario, rest
from .service import Part, Request, dump, index, metadata, said, tensor

ESCAPES = "a\x1b]0;OWNED\x07\x1b[31m\x1b[2Jself-consistent\r\x9b1m"
BIDI = "a\u202eevil\u2066\u200f\u2029b"
SCRIPT = "</script><script>alert(1)</script><img src=x onerror=alert(1)>'\"&{{7*7}}"
QUADRATIC = b"[" * 401 + b'"' + b'\\"' * 20_000


def late(make: Callable[[], bytes]) -> Part:
    """A body that is made when it is first asked for."""
    made = functools.cache(make)
    return lambda _: said(made())


def everywhere(text: str) -> Scenario:
    """The text in the place of every name and word."""
    words = dump({"error": text, "name": text, "version": text, "extensions": [text]})
    return rest(
        words,
        index=dump([{"name": text, "version": text, "state": text, "reason": text}]),
        metadata=metadata(
            name=text, platform=text, versions=[text], inputs=[tensor(text)], outputs=[tensor(text, datatype=text)]
        ),
        infer=lambda _: said(words, b"X-Words: " + text.encode().replace(b"\r", b"").replace(b"\n", b"")),
    )


def _growing(make: Callable[[int], bytes]) -> Part:
    count = itertools.count(1)
    return lambda _: said(make(next(count)))


def _names_the_model(request: Request) -> bytes:
    return said(metadata(name=request.path.split("/")[3]))


def _many(number: int) -> Part:
    return late(lambda: index(*(f"model-{place}" for place in range(number))))


SCENARIOS: dict[str, Scenario] = {
    "names-300000": rest(index=_many(300_000)),
    "names-2000": rest(index=_many(2_000), metadata=_names_the_model),
    "names-500-of-20-kb": rest(index=late(lambda: index(*(f"{place}" + "n" * 20_000 for place in range(500))))),
    "name-of-200-kb": rest(index=late(lambda: index("n" * 200_000))),
    "name-surrogate": rest(index=b'[{"name":"a\\ud800b"},{"name":"m"}]'),
    "name-nul": rest(index=index("a\0b", "a")),
    "name-line-end": rest(index=index("a\r\nX-Injected: 1", "m")),
    "name-climbs": rest(index=index("../../../etc/passwd", "..", "", "%2e%2e", "a?b#c")),
    "name-of-an-item": rest(index=index("m]", "m[a]", "::m::n", "a/b::c", " ", "-k", "%s%n", "m" * 255)),
    "name-in-other-forms": rest(index=index("\u00e9", "e\u0301", "\u212b", "\u00c5", "\uff4d", "m", "M", "ﬁ", "fi")),
    "name-of-a-colon": rest(index=index(":", "m:1", "m:", ":1", "m\\:1", "\\")),
    "name-of-a-tag": rest(
        index=index("\U000e0041\U000e0042", "\ufeff", "\u200b", "\u115f", "\x85", "\ud83d\ude00" * 60)
    ),
    "name-twice": rest(index=index(*["m"] * 50)),
    "index-of-nothing": rest(index=b'[null,1,[],{"name":5},{"name":null},{"name":"m","version":[1],"state":{}}]'),
    "index-no-list": rest(index=b'{"models":"m"}', mute=True),
    "index-brackets-15-mb": rest(index=late(lambda: b"[" + b"[]," * 5_000_000 + b"[]]"), mute=True),
    "index-quadratic": rest(index=QUADRATIC, mute=True),
    "index-grows": rest(index=_growing(lambda n: index(*(f"m{place}" for place in range(n))))),
    "versions-100000": rest(metadata=late(lambda: metadata(versions=[str(n) for n in range(100_000)]))),
    "inputs-100000": rest(metadata=late(lambda: metadata(inputs=[tensor(f"x{n}") for n in range(100_000)]))),
    "inputs-60-of-4000000": rest(metadata=metadata(inputs=[tensor(f"x{n}", (4_000_000,), "FP64") for n in range(60)])),
    "inputs-one-image": rest(metadata=metadata(inputs=[tensor("x", (-1, 3, 1024, 1024))])),
    "inputs-same-name": rest(metadata=metadata(inputs=[tensor("x")] * 300)),
    "inputs-of-text": rest(metadata=metadata(inputs=[tensor("x", (4_000_000,), "BYTES")])),
    "outputs-100000": rest(metadata=late(lambda: metadata(outputs=[tensor(f"y{n}") for n in range(100_000)]))),
    "rank-10000": rest(metadata=metadata(inputs=[tensor("x", (1,) * 10_000)])),
    "rank-300000-open": rest(metadata=metadata(inputs=[tensor("x", (-1,) * 300_000)])),
    "dimension-huge": rest(metadata=metadata(inputs=[tensor("x", (2**63, -1)), tensor("z", (10**400,))])),
    "dimension-odd": rest(metadata=metadata(inputs=[tensor("x", [True, "3", 1e308, -5, None, {}])])),
    "dimension-zero": rest(metadata=metadata(inputs=[tensor("x", (0, 4))])),
    "datatype-odd": rest(metadata=metadata(inputs=[tensor("x", (1,), "FP" + "9" * 100_000), tensor("z", (1,), 7)])),
    "input-names-of-200-kb": rest(
        metadata=late(lambda: metadata(inputs=[tensor(f"{n}" + "x" * 200_000) for n in range(5)]))
    ),
    "input-name-surrogate": rest(metadata=metadata(inputs=[tensor("x\ud800")], outputs=[tensor("\udfff")])),
    "input-name-nul": rest(metadata=metadata(inputs=[tensor("x\0y")])),
    "platform-of-10-mb": rest(metadata=late(lambda: metadata(platform="p" * 10_000_000))),
    "metadata-quadratic": rest(metadata=QUADRATIC),
    "metadata-deep": rest(metadata=b'{"name":"m","inputs":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "metadata-duplicates": rest(metadata=b'{"name":"m",' + b'"inputs":[],' * 100_000 + b'"outputs":[]}'),
    "metadata-changes": rest(metadata=_growing(lambda n: metadata(inputs=[tensor(f"x{n}", (n, n % 3 - 1))]))),
    "metadata-of-nulls": rest(metadata=b'{"name":null,"versions":null,"platform":null,"inputs":null,"outputs":[null]}'),
    "metadata-no-object": rest(metadata=b"[1,2,3]"),
    "server-extensions-1000000": rest(server=late(lambda: dump({"name": "s", "extensions": ["e"] * 1_000_000}))),
    "escapes-everywhere": everywhere(ESCAPES),
    "bidi-everywhere": everywhere(BIDI),
    "script-everywhere": everywhere(SCRIPT),
}
