"""Attacks on a model of which only answers are seen, certificates by noise, and what answers give away."""
