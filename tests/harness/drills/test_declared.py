"""Drills of a policy: what they may say, and what is said of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drills.kinds import KillFault, NoFault
from harness.policy import Policy, PolicyError, load_policy
from harness.run.config import configure
from harness.run.options import Options, UsageError

NONE = "fault = {kind = 'none'}\n"


def read(tmp_path: Path, text: str) -> Policy:
    """A policy of this text."""
    file = tmp_path / "policy.toml"
    file.write_text(text)
    return load_policy(file)[0]


def test_a_drill_has_defaults(tmp_path: Path) -> None:
    drill = read(tmp_path, f"[[drills]]\nname = 'control'\n{NONE}").drills[0]
    assert (drill.rate, drill.baseline_s, drill.hold_s, drill.after_s, drill.repeat) == (200, 2, 4, 6, 1)
    assert (drill.fault, drill.transport, drill.model) == (NoFault(), "rest", None)
    assert (drill.max_failed, drill.max_twice, drill.max_outage_s, drill.max_recovery_s, drill.latency_s) == (None,) * 5
    assert drill.folder == str(tmp_path)
    assert Policy().drills == []


def test_commands_run_in_a_folder_beside_the_policy(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    text = "[[drills]]\nname = 'a'\nfolder = 'ops'\nfault = {kind = 'kill', process = {pid_file = 'r1.pid'}}"
    drill = read(tmp_path, text).drills[0]
    assert drill.folder == str(tmp_path / "ops")
    assert isinstance(drill.fault, KillFault)


@pytest.mark.parametrize(
    ("drill", "message"),
    [
        ("", r"\[\[drills\]\]: Object missing required field `fault` \(allowed: a table of name, fault, model"),
        (
            "fault = {kind = 'kil'}",
            r"\[drills.fault\] kind: .*'kil'; did you mean 'kill'\? \(allowed: 'bandwidth', .*'kill'",
        ),
        ("fault = {}", "missing required field `kind` .allowed: a table whose kind is none, kill"),
        ("fault = {kind = 'delay', delay = 3}", r"\[drills.fault\] has no key 'delay'; did you mean 'delay_s'"),
        ("fault = {kind = 'kill', process = {pid = 1}}", r"\[drills.fault.process\] pid: Expected `int` >= 2"),
        ("fault = {kind = 'kill', process = {}}", "no process is named"),
        ("fault = {kind = 'kill', process = {pid = 9, pid_file = 'x'}}", "one of pid, pid_file and replica"),
        ("fault = {kind = 'kill', process = {replica = 'r1', start = ['a']}}", "is started by its cluster"),
        ("fault = {kind = 'reset', replica = 'r1', control = 'x'}", "a proxy has listen and to"),
        ("fault = {kind = 'restart', process = {pid = 9}}", "needs start"),
        ("fault = {kind = 'kill', process = {pid = 9}}", "nothing tells when it is back"),
        ("fault = {kind = 'kill', process = {pid_file = 'x', ready = 'h:1'}}", "no address that begins with http"),
        ("fault = {kind = 'rolling-restart', processes = [{start = ['a']}]}", "length >= 2"),
        ("fault = {kind = 'delay'}", "a proxy has listen and to"),
        ("fault = {kind = 'delay', listen = 'h:1'}", "a proxy has listen and to"),
        ("fault = {kind = 'delay', listen = 'h:1', to = '2'}", "to = '2' is no HOST:PORT"),
        ("fault = {kind = 'delay', control = 's', share = 0}", "share: Expected `float` > 0"),
        ("fault = {kind = 'refuse', control = 's', share = 0.5}", "refuse touches all connections"),
        ("fault = {kind = 'errors', control = 's', status = 404}", "404 .allowed: 429, 500, 502, 503, 504"),
        ("fault = {kind = 'errors', control = 's', every_s = 1}", "every_s is longer than burst_s"),
        ("fault = {kind = 'hooks', inject = 'kubectl delete'}", "inject: Expected `array`, got `str`"),
        ("fault = {kind = 'hooks', inject = []}", "inject: Expected `array` of length >= 1"),
        ("fault = {kind = 'chaos', experiment = 'none.json'}", "experiment = 'none.json' is no file"),
        ("fault = {kind = 'toxiproxy', proxy = 'r', api = 'h'}", "no address that begins with http"),
        (
            "fault = {kind = 'toxiproxy', proxy = 'r', toxics = [{type = 'latency', attributes = {ms = 3}}]}",
            "latency has no attribute 'ms' .allowed: latency, jitter",
        ),
        (f"{NONE}rat = 3", "has no key 'rat'; did you mean 'rate'"),
        (f"{NONE}baseline_s = 1", "baseline_s: Expected `float` >= 2"),
        (f"{NONE}max_recovery_s = 4", "after_s = 6 is less than 3 times max_recovery_s: write 12"),
        (f"{NONE}folder = 'none'", "folder = 'none' is not there"),
        ("transport = 'grpc'\nfault = {kind = 'errors', control = 's'}", "over gRPC there are none"),
    ],
)
def test_mistakes_are_named(drill: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=message):
        read(tmp_path, f"[[drills]]\nname = 'a'\n{drill}\n")


def test_the_entry_of_a_mistake_is_said(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"\[\[drills\]\] rate \(entry 2\)"):
        read(tmp_path, f"[[drills]]\nname = 'a'\n{NONE}[[drills]]\nname = 'b'\nrate = 'fast'\n{NONE}")


def test_names_are_unique_and_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="two drills are called 'a'"):
        read(tmp_path, f"[[drills]]\nname = 'a'\n{NONE}" * 2)
    with pytest.raises(PolicyError, match="name = 'Kill One' is not of small letters"):
        read(tmp_path, f"[[drills]]\nname = 'Kill One'\n{NONE}")


def test_what_is_executed_twice_is_bounded_where_somebody_counts(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(f"[[drills]]\nname = 'a'\nmax_twice = 0\n{NONE}")
    url, given = "http://127.0.0.1:1", {"policy": str(policy), "evidence": str(tmp_path / "e")}
    # The cluster counts itself.
    assert configure(Options(endpoints=("embedded-cluster:envoy-good",), **given), url).policy.drills[0].max_twice == 0
    with pytest.raises(UsageError, match="a: max_twice needs executions"):
        configure(Options(endpoints=(url,), **given), url)


def test_a_declared_failover_bounds_drills_that_take_a_replica_away(tmp_path: Path) -> None:
    kill, process = "[[drills]]\nfault = {kind = 'kill', process = {pid_file = 'x'}}\n", "{replica = 'r1'}"
    text = (
        "[service]\nreplicas = 3\nfailover = 'the other two'\nfailover_s = 4\n"
        f"{kill}name = 'a'\n{kill}name = 'b'\nmax_recovery_s = 1\n[[drills]]\nname = 'c'\n{NONE}"
        f"[[drills]]\nname = 'd'\nfault = {{kind = 'rolling-restart', processes = [{process}, {process}]}}\n"
    )
    policy = read(tmp_path, text)
    assert policy.service.replicas == 3
    # The declared time is looked at three times over.
    assert [(each.max_recovery_s, each.after_s) for each in policy.drills] == [(4, 12), (1, 6), (None, 6), (None, 6)]


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ("replicas = 0", "replicas: Expected `int` >= 1"),
        ("failover_s = 2", "failover_s without failover"),
        ("failover = ''", "failover: Expected `str` of length >= 1"),
        ("replica = 3", "has no key 'replica'; did you mean 'replicas'"),
    ],
)
def test_a_wrong_declaration_of_redundancy_is_refused(service: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=message):
        read(tmp_path, f"[service]\n{service}\n")
