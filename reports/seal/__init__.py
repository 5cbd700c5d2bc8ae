"""Signatures over a bundle or a sealed plan, and what is signed: envelopes, statements, keys."""
