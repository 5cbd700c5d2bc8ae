"""Seeded faults that the checks of ``suites/conformance/rest/test_server_metadata.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Reply, error


def _with(**members: Any) -> Any:
    """Members to set; the value None removes."""

    def install(hooks: Hooks) -> None:
        def edit(_: Any, body: dict[str, Any]) -> dict[str, Any]:
            changed = {**body, **members}
            return {key: value for key, value in changed.items() if value is not _GONE}

        hooks.on("server-metadata")(edit)

    return install


_GONE = object()

fault("server-metadata-without-name", "REST-SMETA-01", text="server metadata has no name")(_with(name=_GONE))

fault("server-metadata-name-null", "REST-SMETA-01", text="the server's name is null")(_with(name=None))

fault("server-metadata-version-number", "REST-SMETA-02", text="the server's version is a number")(_with(version=2))

fault("server-metadata-without-version", "REST-SMETA-02", text="server metadata has no version")(_with(version=_GONE))

fault("extensions-null", "REST-SMETA-03", text="extensions is null")(_with(extensions=None))

fault("extensions-missing", "REST-SMETA-03", text="extensions is left out when empty")(_with(extensions=_GONE))

fault("extensions-objects", "REST-SMETA-03", text="extensions are objects instead of names")(
    _with(extensions=[{"name": "model_repository"}])
)


@fault("server-metadata-404", "REST-HTTP-02", "REST-HTTP-01", text="server metadata is at neither form of its path")
def server_metadata_404(hooks: Hooks) -> None:
    hooks.routes["server-metadata"] = lambda _: error(404, "not found")


@fault("server-metadata-fails-as-html", "REST-SMETA-05", "REST-SMETA-01", text="server metadata is a 500 with a page")
def server_metadata_fails_as_html(hooks: Hooks) -> None:
    page = b"<html><body>Internal Server Error</body></html>"
    hooks.routes["server-metadata"] = lambda _: Reply(500, body=page, media_type="text/html")


@fault(
    "extension-advertised-but-absent", "REST-SMETA-06", text="model_repository is advertised, its index is not there"
)
def extension_advertised_but_absent(hooks: Hooks) -> None:
    for op in ("index", "load", "unload"):
        hooks.routes[op] = lambda _: error(404, "not found")
