"""Texts for people: names, units and signs, and text of others that must not imitate ours."""
