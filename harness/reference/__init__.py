"""The embedded Open Inference Protocol server: a right answer to measure checks against, and seeded wrong ones.

It imports no other room of the project and is imported by none: it always runs as a child process,
``python -m harness.reference``. What it promises and what it leaves open is in ``models/`` (what is served),
``faults/`` (one way of being wrong each) and ``variants/`` (ways of being different that the protocol allows).
"""
