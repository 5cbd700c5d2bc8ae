"""Enables the plugin in a checkout; everything else is in harness/plugin.py."""

pytest_plugins = ["harness.plugin"]
