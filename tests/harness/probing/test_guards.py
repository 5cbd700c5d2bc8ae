"""What a guard answers is told apart from what is absent, and from what is refused for other reasons."""

from __future__ import annotations

import pytest

from harness.oracles.outside import from_outside
from harness.probing.guards import CORE_PATH, PARTS, says_closed

RESTRICTED = "This API is restricted, expecting header 'triton-access-token'"


@pytest.mark.parametrize("words", [RESTRICTED, "permission denied", "Unauthorized", "access is denied for this user"])
def test_words_that_close_whatever_they_are_about(words: str) -> None:
    assert says_closed(words, optional=False)


@pytest.mark.parametrize(
    "words", ["explicit model load / unload is not allowed if polling is enabled", "log settings are disabled"]
)
def test_words_that_close_what_nobody_has_to_offer(words: str) -> None:
    assert says_closed(words)
    assert not says_closed(words, optional=False)


@pytest.mark.parametrize("words", ["no model 'a'", "shape [2] is wrong", "internal error", "unsupported data type"])
def test_other_words_close_nothing(words: str) -> None:
    assert not says_closed(words)


@pytest.mark.parametrize(
    ("path", "core", "part"),
    [
        ("/v2", True, False),
        ("/serving/v2/models/a%2Fb/versions/1/infer", True, False),
        ("/v2/models/a", True, False),
        ("/v2/models/a/stats", False, True),
        ("/v2/models/a/versions/1/config", False, True),
        ("/v2/models", False, True),
        ("/v2/repository/models/a/load", False, True),
        ("/v2/systemsharedmemory/status", False, True),
        ("/v2/definitely/not/there", False, False),
    ],
)
def test_the_core_and_what_stands_beside_it(path: str, core: bool, part: bool) -> None:
    assert bool(CORE_PATH.search(path)) is core
    assert bool(PARTS.search(path)) is part


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("root:x:0:0:root:/root:/bin/bash\n", True),
        ("PATH=/usr/bin\0HOME=/root\0", True),
        ('{"name":"m","implementation":"mlserver_sklearn.SKLearnModel"}', True),
        ("[store]\npassword = x\n", True),
        ('{"name":"../../etc/passwd","platform":"","inputs":[]}', False),
        ("no such model: ../../etc/passwd", False),
        ("<html><body>Welcome</body></html>", False),
        ("", False),
        ("OK", False),
    ],
)
def test_only_content_from_outside_is_a_leak(text: str, found: bool) -> None:
    assert (from_outside(text, "../../etc/passwd", "OK") is not None) is found


def test_more_values_than_are_read_is_no_text_of_a_file() -> None:
    assert from_outside("[" + "[]," * 400_000 + "[]]", "name", "harmless") is None
