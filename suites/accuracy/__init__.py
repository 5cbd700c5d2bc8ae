"""Checks of accuracy on labelled data, against what the provider declares."""
