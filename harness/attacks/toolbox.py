"""Attacks of the Adversarial Robustness Toolbox (extra ``attacks``), over the same ledger as ours."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt

from harness.attacks.boundary import beginnings, margins
from harness.attacks.search import Attack, RowSearch
from harness.attacks.space import Floats

_Rows = npt.NDArray[np.float32]
# The toolbox ends by itself after so many rounds; the ledger ends it earlier.
_ROUNDS = 100_000
# The margin of a point without an answer, since the toolbox computes with it.
_LARGEST = 1e6


class ToolboxMissing(Exception):
    """The toolbox is not installed, or has no such attack on data of this form."""


def toolbox_attack(name: str, limit: float | None = None, *, begins_by_chance: bool = False) -> Attack:
    """An attack of the toolbox.

    Args:
        name: ``hop-skip-jump``, ``boundary``, ``square`` or ``zoo``.
        limit: of ``square``, in units.
        begins_by_chance: the toolbox looks for its beginning itself. It draws that one from no seed.

    Raises:
        ToolboxMissing: it is not installed.
    """
    modules = _modules()

    def attack(search: RowSearch, rng: np.random.Generator) -> None:
        with _seeded(int(rng.integers(1 << 31))):
            found = None if begins_by_chance else beginnings(search, rng)[:1].astype(np.float32)
            if found is None or len(found):
                _MAKERS[name](_Toolbox(*modules, search, limit), found)

    return attack


def _modules() -> tuple[ModuleType, ModuleType]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from art.attacks import evasion  # noqa: PLC0415 -- an extra, and three seconds to import
            from art.estimators import classification  # noqa: PLC0415
    except ImportError as error:
        raise ToolboxMissing(
            f"adversarial-robustness-toolbox cannot be imported ({error}): pip install 'art15[attacks]'"
        ) from None
    return evasion, classification


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The toolbox draws from numpy's global state: it is seeded for it, and put back."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(before)


@dataclass(frozen=True, slots=True)
class _Toolbox:
    """Its modules, and the search that it is to carry out."""

    evasion: ModuleType
    classification: ModuleType
    search: RowSearch
    limit: float | None

    @property
    def row(self) -> _Rows:
        """The row as a point, (1, free features)."""
        return self.search.space.origin[None, :].astype(np.float32)

    def classifier(self, maker: str, shape: tuple[int, ...] | None = None, **more: object) -> object:
        """The search as a classifier with two classes: the decision, and any other."""

        def predict(points: _Rows) -> Floats:
            margin = np.minimum(margins(self.search, points.reshape(len(points), -1).astype(np.float64)), _LARGEST)
            return np.stack([0.5 + margin / 2, 0.5 - margin / 2], axis=1)

        shape = shape or self.search.space.origin.shape
        low, high = (each.reshape(shape).astype(np.float32) for each in _finite(self.search))
        more = {"clip_values": (low, high), **more}
        made: object = getattr(self.classification, maker)(predict, shape, 2, **more)
        return made

    def hop_skip_jump(self, first: _Rows | None) -> None:
        norm = 2 if self.search.norm == "l2" else np.inf
        attack = self.evasion.HopSkipJump(self.classifier(_FLAT), norm=norm, max_iter=_ROUNDS, verbose=False)
        attack.generate(self.row, y=_DECISION, x_adv_init=first)

    def boundary(self, first: _Rows | None) -> None:
        attack = self.evasion.BoundaryAttack(self.classifier(_FLAT), targeted=False, max_iter=_ROUNDS, verbose=False)
        attack.generate(self.row, y=_DECISION, x_adv_init=first)

    def zoo(self, _: _Rows | None) -> None:
        side_by_side = min(16, self.row.size)
        # It cuts the change itself to the range of the values, so that none could become less; the ledger cuts rows.
        classifier = self.classifier(_FLAT, clip_values=None)
        # Its defaults look 0.0001 around a value, which many models do not tell apart, and stop after ten rounds.
        attack = self.evasion.ZooAttack(
            classifier, max_iter=_ROUNDS, learning_rate=0.1, binary_search_steps=10, initial_const=1.0,
            use_resize=False, use_importance=False, nb_parallel=side_by_side, variable_h=0.01, verbose=False,
        )  # fmt: skip
        attack.generate(self.row, y=_DECISION)

    def square(self, _: _Rows | None) -> None:
        shape = self.search.space.shape
        # Its first square is cut from four fifths of the picture, and has to be smaller than each side.
        if (
            shape is None
            or not self.search.space.free.all()
            or np.rint(np.sqrt(0.8 * shape[0] * shape[1])) >= min(shape[:2])
        ):
            raise ToolboxMissing("Square of the toolbox is for pictures, not for small ones, all of which may change")
        attack = self.evasion.SquareAttack(
            self.classifier("BlackBoxClassifierNeuralNetwork", shape, channels_first=False), eps=self.limit,
            max_iter=self.search.limit, nb_restarts=_ROUNDS, verbose=False,
        )  # fmt: skip
        attack.generate(self.row.reshape(1, *shape), y=_DECISION)


_FLAT = "BlackBoxClassifier"
_DECISION = np.array([[1.0, 0.0]])
_MAKERS: dict[str, Callable[[_Toolbox, _Rows | None], None]] = {
    "hop-skip-jump": _Toolbox.hop_skip_jump,
    "boundary": _Toolbox.boundary,
    "zoo": _Toolbox.zoo,
    "square": _Toolbox.square,
}


def _finite(search: RowSearch) -> tuple[Floats, Floats]:
    """The range of each coordinate; where it has none, that of the rows that are known, and as much on either side."""
    space = search.space
    seen = np.concatenate([space.origin[None, :], space.point(search.known)])
    width = np.maximum(np.ptp(seen, axis=0), 1.0)
    low = np.where(np.isfinite(space.low), space.low, seen.min(axis=0) - width)
    return low, np.where(np.isfinite(space.high), space.high, seen.max(axis=0) + width)
