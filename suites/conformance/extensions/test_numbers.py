"""The server's own numbers, where they are open: metrics of Prometheus, and the extension statistics."""

from __future__ import annotations

from functools import partial

from harness.check import check
from harness.criteria import Advice
from harness.judging.server_numbers import counts_agree, over_grpc, over_rest, resources_steady
from harness.judging.telemetry.labels import labels_bounded
from harness.judging.telemetry.latency import latency_agrees
from harness.probing.numbers import metrics_client, read_grpc_statistics, read_metrics, read_statistics
from harness.probing.probe import Probe
from harness.probing.telemetry.latencies import read_latencies


@check(
    "metrics-count-requests",
    duties=["A15-4-d"],
    advice=[Advice.TRUE_COUNTERS],
    criterion="valid requests move the counters of successes by their number, refused ones those of failures",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["failures-counted-as-successes", "metrics-count-every-second", "metrics-count-twice"],
    fix="Count a request where its status is decided: once, and by that status.",
)
def metrics_count_requests(probe: Probe) -> None:
    """Metrics count what was asked.

    Reads the metrics at /metrics, or where the policy says, sends seven valid and five invalid requests, and reads
    after each. Counters of the model are known by their names, or by a label that holds a status. Nothing is decided
    where they move while nothing is sent, and what is wrong is measured twice. More than was sent counts only where a
    series of the model moves by a multiple of it between two quiet times. That refusals which reach no model are
    counted nowhere is recorded.
    """
    client, path = metrics_client(probe)
    read = partial(read_metrics, client, path, probe.model.name)
    first = read()
    if first is None or not first.counted:
        probe.not_applicable(f"no metrics that count inferences of the model stand at {path}")
    counts_agree(probe, "metrics", read, over_rest(probe))


@check(
    "metrics-latency-within-the-clients",
    duties=["A15-4-d"],
    advice=[Advice.TRUE_COUNTERS],
    criterion="durations in the metrics are no longer than the client saw, and sums and buckets agree",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["metrics-milliseconds-called-seconds", "metrics-buckets-lose-half"],
    fix="Observe seconds where the name says seconds, once for each request, in the histogram alone.",
)
def metrics_latency_within_the_clients(probe: Probe) -> None:
    """Durations in the metrics can be those of the inferences that were sent.

    Sends seven inferences one after the other between two quiet times. Sums and buckets of histograms, and totals, of
    which name and unit are known, may move by twice the time that the client saw and 10 ms a request; a histogram adds
    up within itself. Where it counts other than seven, nothing is decided. What is wrong is measured twice.
    """
    client, path = metrics_client(probe)
    latency_agrees(probe, partial(read_latencies, client, path, probe.model.name))


@check(
    "metrics-labels-bounded",
    duties=["A15-4-b", "A15-5-c"],
    advice=[Advice.BOUNDED_LABELS],
    criterion="no label of a metric takes on request ids, headers, names, versions or paths that clients make up",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["metrics-by-request-id", "metrics-by-unknown-model", "metrics-by-path"],
    fix="Label with names of models that are served and of routes, and put everything else under one value.",
)
def metrics_labels_bounded(probe: Probe) -> None:
    """Labels of metrics do not take on what clients make up.

    Sends three values each as id, headers, name of a model, version and path, and looks for them in the values of
    labels; what is found is looked for with three others once more. Exemplars are no labels. Source: Prometheus,
    "Metric and label naming": no labels with high cardinality, such as ids.
    """
    client, path = metrics_client(probe)
    labels_bounded(probe, client, path)


@check(
    "statistics-tell-failures-apart",
    duties=["A15-4-d"],
    advice=[Advice.TRUE_COUNTERS],
    criterion="refused requests move no count of successes, valid ones no count of failures",
    per="model",
    needs=["statistics-well-formed"],
    faults=["failures-counted-as-successes"],
    fix="Count a request where its status is decided: once, and by that status.",
)
def statistics_tell_failures_apart(probe: Probe) -> None:
    """Statistics count successes as successes and failures as failures.

    As for metrics, with the counts of success and fail of the extension statistics.
    """
    if read_statistics(probe) is None:
        probe.not_applicable("the statistics have no counts of the model")
    counts_agree(probe, "statistics", partial(read_statistics, probe), over_rest(probe))


@check(
    "grpc-statistics-count-calls",
    duties=["A15-4-d"],
    advice=[Advice.TRUE_COUNTERS],
    criterion="valid calls move the count of successes in ModelStatistics by their number, refused ones do not",
    per="model",
    transport="grpc",
    needs=["grpc-infer-answers-ok"],
    faults=["calls-counted-nowhere", "failures-counted-as-successes"],
    fix="Count a call where its status is decided, whichever transport it came by.",
)
def grpc_statistics_count_calls(probe: Probe) -> None:
    """Statistics over gRPC count the calls over gRPC.

    As for metrics, with calls of ModelInfer, and the counts that ModelStatistics gives before and after them. Only
    where it is offered, listed or not.
    """
    if read_grpc_statistics(probe) is None:
        probe.not_applicable("ModelStatistics is not offered, or has no counts of the model")
    counts_agree(probe, "ModelStatistics", partial(read_grpc_statistics, probe), over_grpc(probe))


@check(
    "metrics-resources-steady",
    duties=["A15-4-b", "A15-5-c"],
    advice=[Advice.STEADY_RESOURCES],
    criterion="memory, open files and threads do not grow with each block of work of one kind",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["file-kept-for-each-connection", "refused-bodies-kept"],
    fix="Free what a request held, however it ended: its body, its connection, its thread, its entry by shape.",
)
def metrics_resources_steady(probe: Probe) -> None:
    """What the process holds does not grow in proportion to the work.

    Two blocks of eight requests of one kind: valid, refused, given up before the answer, each of a new batch size.
    Bodies have 64 KiB of blanks in front. After each block the memory, open files and threads in the metrics are read.
    Where the second adds half of what it sent (or 256 KiB), or half as many files or threads, two more follow; it
    counts if each of the three does.
    """
    client, path = metrics_client(probe)
    first = read_metrics(client, path, probe.model.name)
    if first is None or not first.resources:
        probe.not_applicable(f"no metrics of memory, files or threads stand at {path}")
    resources_steady(probe, partial(read_metrics, client, path, probe.model.name))
