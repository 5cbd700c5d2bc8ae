"""``python -m harness.reference``."""

from __future__ import annotations

from harness.reference.command import main

if __name__ == "__main__":
    main()
