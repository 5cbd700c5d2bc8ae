"""What is asked beyond the clauses of the protocol: criteria that fail, and advice that warns.

A check names members in ``criteria=`` and ``advice=``, and reports a case of one under its ``clause``. The prefixes of
those ids are written here and nowhere else in the tester.
"""

from __future__ import annotations

import enum
from typing import Self

POLICY, GOOD_PRACTICE = "policy:", "advice:"


class _Named(enum.StrEnum):
    """A name with a sentence; equal to its name."""

    text: str

    def __new__(cls, name: str, text: str = "") -> Self:
        """A member from its name and its sentence; the class, called with a name alone, gives the member."""
        made = str.__new__(cls, name)
        made._value_ = name
        made.text = text
        return made

    @property
    def clause(self) -> str:
        """What its cases are reported under."""
        return (POLICY if isinstance(self, Criterion) else GOOD_PRACTICE) + self.value


class Criterion(_Named):
    """The default policy: what fails whatever the protocol says of it."""

    NO_CRASH = "no-crash", "the endpoint still serves after every request"
    NO_HANG = "no-hang", "every request gets an answer within the time for one request"
    NO_LEAK = "no-leak", "no answer or memory of another request"
    NO_SILENT_CHANGE = "no-silent-change", "no silently changed value"
    SAME_ANSWER = "same-answer", "same input, same answer (unless the model declares itself nondeterministic)"
    READY_INFERS = "ready-infers", "ready means able to infer"
    NO_OPEN_ACCESS = "no-open-access", "no access without the credentials that are required"
    SERVICE_LEVEL = (
        "service-level",
        "the service level that the policy states under [load] holds (asked only where it states one)",
    )
    FAILOVER = (
        "failover",
        "a drill costs no more than the policy allows under [[drills]] (asked only where it declares one)",
    )
    ROLLOUT = (
        "rollout",
        "a candidate is no more unlike what it is to replace than the policy allows (asked only where one is named)",
    )
    DECLARED_ACCURACY = (
        "declared-accuracy",
        "labelled data contradicts no level that the policy declares under [[accuracy]] (asked only where it does)",
    )
    DECLARED_ROBUSTNESS = (
        "declared-robustness",
        "changed inputs contradict nothing that the policy declares under [[robustness]] (asked only where it does)",
    )
    INFERENCE_LOG = (
        "inference-log",
        "the log that the policy names under [log] has one right entry for each inference (asked where it names one)",
    )
    PROVENANCE = (
        "provenance",
        "each claim that the policy requires under [provenance] is made as it states (asked where it requires one)",
    )
    DECLARED_CONFIDENTIALITY = (
        "declared-confidentiality",
        "answers give away no more than the policy declares under [robustness.extraction] (asked only where it does)",
    )


class Advice(_Named):
    """Good practice that no clause asks for: a warning, never a failure."""

    NO_DISCLOSURE = (
        "no-disclosure",
        "nothing of the inside: no stack trace, path, environment, internal host, list of versions",
    )
    NO_SECRETS = "no-secrets", "no key, token or password in what anybody may read"
    NO_MARKUP_ECHO = "no-markup-echo", "no markup of a request comes back as a web page"
    NO_STRAY_PAGES = "no-stray-pages", "no file, debugging page or environment beside the service"
    CLOSED_TO_OTHER_ORIGINS = (
        "closed-to-other-origins",
        "other web sites cannot use the service with a visitor's credentials",
    )
    CLOSED_MANAGEMENT = (
        "closed-management",
        "management calls need rights of their own (only where the policy asks)",
    )
    CURRENT_TLS = "current-tls", "no version of TLS before 1.2, and no plain HTTP on the same port"
    ONE_NAME = (
        "one-name",
        "a model answers to its own name alone, in one segment of the path, as rules for paths expect",
    )
    PLAIN_LENGTH = "plain-length", "a length counts only where a header of its own says it"
    ONE_LENGTH = (
        "one-length",
        "a request whose length is said in two ways gets one answer at most, and ends its connection",
    )
    SERVES_OTHERS = "serves-others", "cheap requests of one client do not hold up another's"
    KEEPS_SERVING = (
        "keeps-serving",
        "while a model is loaded again, or another one is, it is answered for by its old state or its new one",
    )
    ANSWERS_EVERYTHING = "answers-everything", "every whole request gets an answer, if only a refusal"
    TRUE_COUNTERS = "true-counters", "the numbers that the server gives of itself say what it did"
    BOUNDED_LABELS = (
        "bounded-labels",
        "nothing that clients make up becomes a label of a metric, whose series would grow with what they send",
    )
    STEADY_RESOURCES = (
        "steady-resources",
        "memory, open files and threads do not grow in proportion to the work that was done",
    )
    SHEDS_CLEANLY = (
        "sheds-cleanly",
        "what is too much is refused at once, with 429 or 503 and Retry-After, and the rest is served",
    )
    KEEPS_THROUGHPUT = (
        "keeps-throughput",
        "more requests at once get, together, no less than half of the answers that fewer get",
    )
    RECOVERS = "recovers", "after an overload the tail is back within the time that the policy gives it"
    ONE_LEVEL = "one-level", "the same request takes about as long whichever replica or connection answers it"
    ONE_SERVICE = (
        "one-service",
        "all replicas and connections of a service have one server, one version and one description of a model",
    )
    TURNS_NOBODY_AWAY = (
        "turns-nobody-away",
        "with no load, no share of the inferences is refused again and again while the others are served",
    )
    CLOSES_CLEANLY = (
        "closes-cleanly",
        "a connection is not closed while a request on it is under way: its end is announced before",
    )
    RETRY_AFTER_HOLDS = "retry-after-holds", "after the time that Retry-After names, a request is served"
    CONSISTENT_CLAIMS = (
        "consistent-claims",
        "what is claimed of where a model comes from is written as such claims are, and contradicts no other one",
    )
    STEADY_OVER_TIME = "steady-over-time", "neither latency nor errors rise while the same load goes on"


def sentences() -> list[str]:
    """All of them, as the plan has them."""
    criteria = [f"{each.value}: {each.text}" for each in Criterion]
    return [*criteria, *(f"{each.clause}: {each.text}" for each in Advice)]
