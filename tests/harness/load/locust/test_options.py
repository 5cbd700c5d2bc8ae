"""Numbers on the command line of locust that are none."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.load.locust.options import _number


@pytest.mark.parametrize("given", ["nan", "inf", "-1", "", "ten", None])
def test_options_of_locust_are_numbers_as_well(given: object) -> None:
    for name in ("rate", "latency", "timeout", "max-rate", "connections", "seed"):
        least = 0.0 if name in ("max-rate", "seed") else 1e-6
        with pytest.raises(ValueError, match=f"--oip-{name} "):
            _number(SimpleNamespace(**{f"oip_{name.replace('-', '_')}": given}), name, least=least)
    assert _number(SimpleNamespace(oip_max_rate="0"), "max-rate", least=0.0) == 0
