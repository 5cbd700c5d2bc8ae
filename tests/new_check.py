"""Write the skeleton of a check: clause, check, fault and, if named, benign variant.

    make new-check SLUG=rest-live-answers-head CLAUSE=REST-HEALTH-08 [GROUP=conformance/rest/health] [VARIANT=head-405]

What has to be filled in says TODO. Check and fault land in the files of the same suite and group; without GROUP, those
of the checks that ask for the clause, or for its neighbours.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from harness.check import Check
from harness.run.checks import load_checks

ROOT = Path(__file__).parents[1]

CLAUSE = """
- id: {clause}
  transport: {transport}
  area: {area}
  level: should
  text: >-
    TODO: what the document says.
  document: TODO.md
  section: TODO
  probe: TODO, what to send and what to expect.
  violation: TODO, what breaks it.
"""
CHECK = '''

@check(
    "{slug}",
    clauses=["{clause}"],
    duties=["A15-4-d"],
    criterion="TODO: what must be seen",
    transport="{transport}",
    faults=["{slug}-broken"],
    fix="TODO: how a server usually mends it.",
)
def {name}(probe: Probe) -> None:
    """TODO: a sentence that is true or false.

    TODO: the method.
    """
    probe.untestable("TODO")
'''
FAULT = '''

@fault("{slug}-broken", "{clause}", text="TODO: what the server does"{fields})
def {name}_broken(hooks: Hooks) -> None:
    """TODO: take hold of the server by ``hooks``."""
'''
VARIANT = '''

@variant("{variant}", "TODO: how it differs, as the protocol allows"{fields})
def {variant_name}(hooks: Hooks) -> None:
    """TODO: take hold of the server by ``hooks``; ``excuses=`` says what it leaves checks nothing to ask about."""
'''
IMPORTS = {
    CHECK: ("from harness.check import check", "from harness.probing.probe import Probe"),
    FAULT: ("from harness.reference.faults.registry import fault", "from harness.reference.hooks import Hooks"),
    VARIANT: ("from harness.reference.hooks import Hooks", "from harness.reference.variants.registry import variant"),
}


@click.command()
@click.argument("slug")
@click.argument("clause")
@click.option("--group", default="", help="SUITE/[FOLDER/]GROUP; default that of the clause or its neighbours.")
@click.option("--variant", default="", help="Name of a benign variant to write as well.")
@click.option("--root", type=click.Path(path_type=Path, exists=True), default=ROOT, hidden=True)
def main(slug: str, clause: str, group: str, variant: str, root: Path) -> None:
    """Write the skeletons, and say where."""
    registry, catalogue, _ = load_checks()
    if slug in registry.checks:
        raise click.UsageError(f"there is a check {slug} already")
    group = group or _group_of(clause, [check for check in registry if check.builtin])
    transport = "grpc" if slug.startswith("grpc") else "rest"
    words = {"slug": slug, "name": slug.replace("-", "_"), "clause": clause, "transport": transport}
    words |= {"variant": variant, "variant_name": variant.replace("-", "_")}
    words["fields"] = ', transport="grpc"' if transport == "grpc" else ""
    folder, _, leaf = group.rpartition("/")
    written = [
        _append(root / "suites" / folder / f"test_{leaf}.py", CHECK, words),
        _append(root / "harness" / "reference" / "faults" / f"{group}.py", FAULT, words),
    ]
    if clause not in catalogue.clauses:
        written.append(_clause(root / "harness" / "clauses" / "oip", clause, words))
    if variant:
        file = "grpc" if transport == "grpc" else "content"
        written.append(_append(root / "harness" / "reference" / "variants" / f"{file}.py", VARIANT, words))
    sys.stdout.write("".join(f"{path.relative_to(root)}\n" for path in written))


def _group_of(clause: str, checks: list[Check]) -> str:
    """The group of most checks that ask for the clause, else for clauses of the same prefix."""
    prefix = clause.rpartition("-")[0] + "-"
    for asks in (clause, prefix):
        found = Counter(
            "/".join(check.function.__module__.split(".")[1:]).replace("/test_", "/")
            for check in checks
            for name in check.clauses
            if name == asks or (asks == prefix and name.startswith(prefix))
        )
        if found:
            return found.most_common(1)[0][0]
    raise click.UsageError(f"no check asks for {clause} or its neighbours: say GROUP=SUITE/[FOLDER/]GROUP")


def _append(path: Path, skeleton: str, words: dict[str, str]) -> Path:
    """Put the skeleton at the end of a file, which is made if it is not there."""
    text = path.read_text() if path.is_file() else _opening(path)
    missing = [line for line in IMPORTS[skeleton] if not _imported(text, line)]
    head = "from __future__ import annotations\n"
    text = text.replace(head, head + "\n" + "".join(f"{line}\n" for line in missing), 1) if missing else text
    path.write_text(text.rstrip("\n") + "\n" + skeleton.format(**words))
    return path


def _opening(path: Path) -> str:
    beside = path.parts[-3:]
    return f'"""TODO: the group of {"/".join(beside)}."""\n\nfrom __future__ import annotations\n'


def _imported(text: str, line: str) -> bool:
    """Whether a file imports that name from that module, alone or with others."""
    module, _, name = line.partition(" import ")
    found = [each for each in text.splitlines() if each.startswith(f"{module} import ")]
    return any(name in each.partition(" import ")[2].replace("(", " ").replace(",", " ").split() for each in found)


def _clause(folder: Path, clause: str, words: dict[str, str]) -> Path:
    """Put a row at the end of the file that has the clauses of the same prefix."""
    prefix = clause.rpartition("-")[0] + "-"
    files = [path for path in sorted(folder.glob("*.yaml")) if f"- id: {prefix}" in path.read_text()]
    if not files:
        raise click.UsageError(f"no file of clauses holds {prefix}…: add {clause} by hand to {folder}")
    areas = [line.partition(": ")[2] for line in files[0].read_text().splitlines() if line.startswith("  area: ")]
    files[0].write_text(files[0].read_text().rstrip("\n") + "\n" + CLAUSE.format(**words, area=areas[-1]))
    return files[0]


if __name__ == "__main__":
    main()
