"""Each picture of a page is drawn once, however often the page is made until it fits."""

from __future__ import annotations

from collections.abc import Callable

from reports.pictures.picture import Picture


class Album:
    """The pictures of one document in one language, by name."""

    def __init__(self) -> None:
        self._kept: dict[str, Picture | None] = {}

    def take(self, name: str, make: Callable[[], Picture | None]) -> Picture | None:
        """The picture of that name, made if it is the first time; None where there is nothing to be drawn."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]
