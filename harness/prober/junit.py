"""``junit.xml`` of a probing run, which lies in its bundle unless somebody wants it elsewhere."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from _pytest.junitxml import xml_key

from harness.run.outcomes import errors_apart
from reports.text.neutralise import lines


class Junit:
    """The file that pytest writes its results to.

    Args:
        folder: of the bundle.
    """

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self._config = config
        self._own = config.option.xmlpath is None
        # As pytest does; else the file that it writes is another one than we clean.
        given = str(folder / "junit.xml") if self._own else os.path.expandvars(config.option.xmlpath)
        config.option.xmlpath = str(Path(given).expanduser())

    def forgo(self) -> None:
        """Keep pytest from making the file, and the folder for it: a run that never began has no results."""
        plugin = self._config.stash.get(xml_key, None)
        if self._own and plugin is not None:
            del self._config.stash[xml_key]
            self._config.pluginmanager.unregister(plugin)

    def remove(self) -> None:
        """Take the file away, if it is ours: it is a part at best, or all that is left of the folder."""
        if self._own:
            Path(self._config.option.xmlpath).unlink(missing_ok=True)

    def correct(self, redact: Callable[[str], str]) -> None:
        """Tell errors of the tester from failures of the endpoint; leave no secret, nothing that hides or reorders.

        Raises:
            OSError: it is not whole, and is taken away wherever it lies: what is left of it may hold a secret.
        """
        path = Path(self._config.option.xmlpath)
        if path.is_file():
            try:
                _correct(path, redact)
            except (OSError, ElementTree.ParseError) as error:
                path.resolve().unlink(missing_ok=True)
                raise OSError(f"{path.name} was not written whole, and is taken away") from error


def _correct(path: Path, redact: Callable[[str], str]) -> None:
    tree = ElementTree.parse(path)  # noqa: S314 -- written by this process a moment ago
    results = tree.getroot()
    errors_apart(results)
    # Most words of a case stand in thousands of others.
    clean = functools.cache(lambda text: lines(redact(text)))
    for each in results.iter():
        each.attrib.update({name: clean(value) for name, value in each.attrib.items()})
        each.text = clean(each.text) if each.text else each.text
    tree.write(path, encoding="utf-8", xml_declaration=True)
