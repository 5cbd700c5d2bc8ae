"""What a model meets for the first time (Art. 15(4))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice
from harness.judging.first_of_kind import first_of_its_kind
from harness.probing.probe import Probe


@check(
    "adversarial-first-of-its-kind",
    duties=["A15-4-a", "A15-4-b"],
    advice=[Advice.SERVES_OTHERS],
    criterion="the first request of a new batch size, however slow, does not hold up small requests",
    per="model",
    kind="search",
    faults=["new-batch-size-compiles-in-the-loop"],
    first=True,
    fix="Compile or allocate for a new shape beside what is served, or send one request of each shape before traffic.",
)
def adversarial_first_of_its_kind(probe: Probe) -> None:
    """The first request of its kind holds up nobody.

    Before all else, batches of 6, 11, 13 and 19 rows, each twice with four small requests beside it, and once alone.
    How much slower the first is than the second is recorded. It counts if, for most sizes and two at least, the first
    is more than five times and 50 ms slower than later ones, and small requests beside it wait for half of it or more,
    which beside the second they do not.
    """
    first_of_its_kind(probe)
