"""Other forms of what a bundle holds: each a file of the bundle, made by one module here and found by its name.

A module of this folder names its export ``EXPORT``. Bundle, verification and page take the list from here, so nothing
else lists exports.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.bundle.store import Store
from reports.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Export:
    """One more file of a bundle.

    Attributes:
        form: the word for it that ``art15 export`` takes.
        name: of the file, in the folder of the bundle. It is known before anything is made: who lists or verifies a
            bundle must tell it from the files of others.
        title: what it is, in a few words of a sentence.
        about: what it is, as a row of the page's table of files.
        make: its bytes, piece by piece, from the document and the exchanges of the bundle. The same arguments give the
            same bytes: verification makes the file again. It reads no clock and no other file.
    """

    form: str
    name: str
    title: str
    about: str
    make: Callable[[Evidence, Store], Iterator[bytes]]


@functools.cache
def exports() -> tuple[Export, ...]:
    """All exports, in the order of their modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}").EXPORT for name in names)
