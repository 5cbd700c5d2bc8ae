"""Enables the plugin in a checkout; everything else is in harness/plugin.py."""

import pytest


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register it where nothing is installed.

    Not by ``pytest_plugins``: pytest refuses that here when it is run from another folder, as with an editable install.
    """
    pluginmanager.import_plugin("harness.plugin")
