"""The summary of a run on the page of a CI job, where the CI names a file for it.

Source: "Workflow commands for GitHub Actions", adding a job summary; Forgejo and Gitea take it as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

VARIABLE = "GITHUB_STEP_SUMMARY"


def add_to_step(folder: Path, environ: Mapping[str, str]) -> str:
    """Append the summary of a bundle to the file that the environment names; what went wrong, or nothing.

    Nothing of a run depends on it: a file that cannot be written is no fault of the run.
    """
    named = environ.get(VARIABLE)
    if not named:
        return ""
    try:
        text = (folder / "summary.md").read_bytes()
        with Path(named).open("ab") as file:
            file.write(text)
    except OSError as error:
        return f"{VARIABLE}: {error.strerror}"
    return ""
