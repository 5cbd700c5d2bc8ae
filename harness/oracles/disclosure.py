"""What a text gives away of the inside: patterns as data, each with texts that it must and must not take.

Only what is hardly ever written by accident is looked for: a wrong accusation is worse than a miss. What the request
itself said is never held against the answer.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal

Category = Literal["stack trace", "file path", "environment", "internal host", "internal object", "secret"]
# Longer texts are looked at so far, and so many places in them: an error is short. Every repetition that could begin
# anew within itself has an upper bound, so that no text makes a search take more than its length's share.
LIMIT, PLACES = 64 * 1024, 200


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way in which a category shows.

    Attributes:
        takes: texts in which it must be found.
        leaves: texts that look alike and must be left.
        signs: one of these, in small letters, stands in whatever it takes: most texts have none, and are done with.
    """

    category: Category
    name: str
    regex: re.Pattern[str]
    takes: tuple[str, ...]
    leaves: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Something found; ``text`` is what a report may show, a secret only by its first characters."""

    category: Category
    name: str
    text: str
    value: str


_SIGNS: dict[str, tuple[str, ...]] = {
    "Python": ("traceback (most recent", 'file "'),
    "Java": (".java", ".kt", ".scala", "native method", "unknown source"),
    "Go": ("goroutine ",),
    "JavaScript": ("(file://", "(node:", "(/", ":\\"),
    "Rust": ("panicked at", "stack backtrace"),
    "C++": ("0x",),
    ".NET": (":line ",),
    "absolute path": ("/home/", "/usr/", "/opt/", "/root/", "/var/", "/srv/", "/mnt/", "/etc/", "/app/", "/workspace/",
                      "/tmp/", "/users/", "/build"),  # noqa: S108 -- looked for, not used
    "Windows path": (":\\",),
    "variables": ("path", "kubernetes_service_host", "virtual_env", "java_home", "cuda_visible_devices", "environ({"),
    "cluster name": ("cluster.local", ".internal", ".corp."),
    "private address": ("10.", "192.168", "172."),
    "Python class": ("<class '",),
    "object in memory": (" at 0x",),
    "private key": ("private key-----",),
    "AWS key id": ("akia", "asia"),
    "GitHub token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "Hugging Face token": ("hf_",),
    "Google API key": ("aiza",),
    "Slack token": ("xox",),
    "API key": ("sk-",),
    "signed token": ("eyj",),
    "password in an address": ("://",),
    "GitLab token": ("glpat-",),
    "payment key": ("k_live_",),
    "storage account key": ("accountkey=",),
    "authorization header": ("authorization",),
    "assigned secret": ("password", "passwd", "secret", "api_key", "auth_token", "access_token"),
}  # fmt: skip


def _of(category: Category, name: str, regex: str, takes: Iterable[str], leaves: Iterable[str] = ()) -> Pattern:
    return Pattern(category, name, re.compile(regex), tuple(takes), tuple(leaves), _SIGNS[name])


_SOURCE = r"(?:py|so|cc|cpp|cxx|h|hpp|java|go|rs|js|ts|rb|php|ya?ml|toml|json|ini|conf|env|pem|key|pkl|onnx|pt)"
# Roots that routes of a web service hardly have; /models and /data are left out for that reason.
_ROOTS = r"(?:home|usr|opt|root|var|srv|mnt|etc|app|workspace|tmp|Users|builds?)"
_ASSIGNED = r"(?:password|passwd|secret(?:_access)?_key|api_key|auth_token|access_token|client_secret)"

STACK_TRACES = (
    _of("stack trace", "Python", r"Traceback \(most recent call last\)|\bFile \"[^\"\n]{1,300}\", line \d+, in [\w<]",
        ["Traceback (most recent call last):\n", 'File "/app/m.py", line 3, in predict'],
        ["the traceback is in the log", "line 3 of the request"]),
    _of("stack trace", "Java",
        r"\bat [\w$.]{3,200}\.[\w$<>]+\((?:[\w$]+\.(?:java|kt|scala)(?::\d+)?|Native Method|Unknown Source)\)",
        ["\tat org.pytorch.serve.http.Handler.run(Handler.java:12)"], ["at most 3 (three) elements", "at index 4(5)"]),
    _of("stack trace", "Go", r"\bgoroutine \d+ \[[\w ,]+\]:", ["goroutine 12 [running]:"], ["goroutine 12 ended"]),
    _of("stack trace", "JavaScript", r"\bat [\w.<>\[\] ]{1,100} \((?:file://|node:|/|[A-Z]:\\)[^()\n]{1,300}:\d+:\d+\)",
        ["    at parse (/srv/app/index.js:10:5)"], ["at position (10:5)"]),
    _of("stack trace", "Rust", r"thread '[^'\n]{1,80}' panicked at|\bstack backtrace:\n\s+0:",
        ["thread 'main' panicked at src/lib.rs:3:1"], ["the thread 'main' ended"]),
    _of("stack trace", "C++",
        r"(?m)(?<!\w)#\d+\s+0x[0-9a-fA-F]{6,16}\s+(?:in\s+)?\S|\(\+0x[0-9a-f]+\) ?\[0x[0-9a-fA-F]{8,16}\]",
        ["#0  0x00007f2a1c in main", "/lib/libc.so(+0x29d90) [0x7f2a1c029d90]"], ["#0 is the first input", "[0x10]"]),
    _of("stack trace", ".NET",
        r"\bat [\w.`<>]{3,200}\([^()\n]{0,200}\) in [A-Z/][^\n:]{0,300}(?::[^\n:]{1,300})?:line \d+",
        ["at App.Model.Run(String s) in C:\\src\\Model.cs:line 7"], ["at Model.Run(x) in the log"]),
)  # fmt: skip
PATHS = (
    _of("file path", "absolute path",
        rf"(?<![\w.~/:@%=-])/{_ROOTS}/(?:[\w.+@-]{{1,64}}/){{0,16}}[\w+@-]{{1,64}}\.{_SOURCE}\b|"
        r"(?<![\w/])/(?:home|Users)/[\w.-]{1,64}/[\w./-]+|"
        r"(?<![\w/])/(?:usr|opt|root)/(?:[\w.+@-]{1,64}/){1,16}[\w.+@-]{1,64}",
        ["cannot open /srv/models/iris/model.pkl", "'/home/ann/models/x'", "in /usr/lib/python3/dist-packages/numpy"],
        ["GET /v2/models/iris/infer", "http://host/app/index.json", "and/or/etc", "/data", "see https://x.io/opt/a/b"]),
    _of("file path", "Windows path", r"(?<!\w)[A-Z]:\\(?:[\w .-]+\\)+[\w .-]+\.\w{1,8}\b",
        [r"C:\Users\ann\model.onnx"], [r"C:\n", "ratio A:B"]),
)  # fmt: skip
ENVIRONMENT = (
    _of("environment", "variables",
        r"\b(?:PATH=/[\w/.:-]+|(?:PYTHONPATH|LD_LIBRARY_PATH|KUBERNETES_SERVICE_HOST|VIRTUAL_ENV|JAVA_HOME|CUDA_VISIBLE_DEVICES)"
        r"[\"']?\s*[=:]\s*[\"']?[\w/.-]+|environ\(\{')",
        ["PATH=/usr/bin:/bin", "PYTHONPATH=/app", "'KUBERNETES_SERVICE_HOST': '10.0.0.1'"],
        ["PATH is not set", "the path=/v2/models"]),
)  # fmt: skip
HOSTS = (
    _of("internal host", "cluster name", r"\b(?:[a-z0-9-]{1,63}\.){1,4}(?:svc\.cluster\.local|cluster\.local)\b|"
        r"\bip-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}(?:\.[a-z0-9-]{1,63}){0,6}\.(?:compute\.)?internal\b|"
        r"\b[a-z0-9-]{1,63}\.corp\.[a-z0-9-]{1,63}\.[a-z]{2,6}\b",
        ["db.prod.svc.cluster.local", "ip-10-0-3-4.eu-west-1.compute.internal"], ["internal server error", "a.local"]),
    _of("internal host", "private address",
        r"(?<![\d.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}(?![\w.])(?::\d{2,5})?",
        ["upstream 10.1.2.3:5432 refused", "192.168.0.7"], ["version 10.1.2", "10.1.2.3.4", "1.10.1.2.3"]),
)  # fmt: skip
# What a program prints of its own objects: their addresses help who attacks its memory, classes name its libraries.
OBJECTS = (
    _of("internal object", "Python class", r"<class '\w+(?:\.\w+)+'>",
        ["Unexpected <class 'google.protobuf.message.DecodeError'>: x"], ["<class 'str'>", "class 'a.b'"]),
    _of("internal object", "object in memory", r"<[^<>\n]{1,200} at 0x[0-9a-fA-F]{8,16}>",
        ["<serving.Model object at 0x7f2a1c029d90>", "<function infer at 0x7f2a1c029d90>"],
        ["<model at 0x10>", "at 0x7f2a1c029d90"]),
)  # fmt: skip
SECRETS = (
    _of("secret", "private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----", ["-----BEGIN RSA PRIVATE KEY-----"],
        ["-----BEGIN CERTIFICATE-----"]),
    _of("secret", "AWS key id", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b", ["AKIAIOSFODNN7EXAMPLE"],
        ["AKIA", "AKIALOWERcase0000000"]),
    _of("secret", "GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,})",
        ["ghp_" + "a1B2" * 9], ["ghp_short"]),
    _of("secret", "Hugging Face token", r"\bhf_[A-Za-z0-9]{34,}\b", ["hf_" + "aB3" * 12], ["hf_hub", "hf_" + "a" * 20]),
    _of("secret", "Google API key", r"\bAIza[\w-]{35}(?![\w-])", ["AIza" + "Sy1_-" * 7], ["AIza"]),
    _of("secret", "Slack token", r"\bxox[abprs]-\d{6,}-[\w-]{10,}",
        ["xoxb-" + "123456789012" + "-abcdefghijkl"], ["xoxb-x"]),
    _of("secret", "API key", r"\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,}\b",
        ["sk-" + "aB3d" * 10], ["sk-learn", "task-" + "a" * 40]),
    _of("secret", "signed token", r"(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,}",
        ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0." + "s" * 43],
        ["eyJhbGciOiJIUzI1NiJ9"]),
    _of("secret", "password in an address",
        r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{1,80}:[^\s/@\"'<>{}*$]{3,120}@[\w.-]+",
        ["postgres://ann:s3cret@db:5432/x"], ["http://host:8080/a@b", "https://user:***@host", "http://u:${PASS}@h"]),
    _of("secret", "GitLab token", r"\bglpat-[\w-]{20,}", ["glpat-" + "aB3d_" * 4], ["glpat-short"]),
    _of("secret", "payment key", r"\b[rs]k_live_[A-Za-z0-9]{20,}", ["sk_live_" + "aB3d5" * 5], ["sk_live_mode"]),
    _of("secret", "storage account key", r"\bAccountKey=[A-Za-z0-9+/]{40,}={0,2}",
        ["AccountKey=" + "aB3+/" * 12 + "=="], ["AccountKey=none"]),
    _of("secret", "authorization header",
        r"\b(?i:authorization)[\"']*\s*[:=,]\s*[\"']?(?i:bearer|basic)\s+(?=[^\s\"',;}]{0,200}(?:\d|[a-z][A-Z]))"
        r"[\w+/=.~-]{12,}",
        ["Authorization: Bearer 7f3a9c21d4e8b6a0", "{'authorization': 'Basic dXNlcjpwNHNzdzByZA'}"],
        ["Authorization: Bearer <token>", "authorization: bearer token-required", "Authorization: Bearer"]),
    _of("secret", "assigned secret", rf"(?i)\b(?:[a-z0-9]{{1,64}}_){{0,8}}{_ASSIGNED}"
        r"[\"']?\s*[=:]\s*[\"']?(?=[^\s\"',;}]{0,200}\d)(?=[^\s\"',;}]{0,200}[a-z])[\w+/=.!#-]{12,}",
        ["AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", '"db_password": "hunter2hunter2x"'],
        ["password: required", "api_key is missing", "access_token=REDACTED", "password=short1"]),
)  # fmt: skip

INSIDE = (*STACK_TRACES, *PATHS, *ENVIRONMENT, *HOSTS, *OBJECTS)
EVERYTHING = (*INSIDE, *SECRETS)


def disclosures(
    text: str, patterns: Iterable[Pattern], *, sent: str = "", known: Iterable[str] = ()
) -> list[Disclosure]:
    """What of the patterns stands in a text, once per pattern.

    Args:
        sent: the request, as text; what is in it as well is an echo and no disclosure.
        known: host names and addresses that the client used itself.
    """
    found = []
    ours = {name.lower() for name in known}
    text = text[:LIMIT]
    lowered = text.lower()
    for pattern in patterns:
        if not any(sign in lowered for sign in pattern.signs):
            continue
        for match in islice(pattern.regex.finditer(text), PLACES):
            value = match.group()
            if value in sent or (pattern.category == "internal host" and _is_ours(value, ours)):
                continue
            found.append(Disclosure(pattern.category, pattern.name, _shown(pattern, value), value))
            break
    return found


def causes(found: Iterable[Disclosure]) -> list[Disclosure]:
    """What is left of several disclosures in one text if a stack trace stands for the paths and objects in it."""
    found = list(found)
    if not any(each.category == "stack trace" for each in found):
        return found
    return [each for each in found if each.category not in ("file path", "internal object")]


def words_of(value: object, name: str = "") -> str:
    """The texts and names in a JSON value, one member a line, as ``name: text``; escapes are gone."""
    if isinstance(value, dict):
        return "\n".join(words_of(item, str(key)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(words_of(item, name) for item in value)
    text = value if isinstance(value, str) else repr(value)
    return f"{name}: {text}" if name else text


def markup_echoed(body: str, media_type: str | None, markup: str) -> bool:
    """Whether markup of the request stands in the body as it was sent, and a browser would take the body for a page.

    What is not labelled is taken for a page where it begins with an element (WHATWG MIME Sniffing, 7.1).
    """
    if media_type is None:
        return markup in body and body.lstrip().startswith("<")
    return markup in body and media_type in ("text/html", "application/xhtml+xml", "image/svg+xml")


def _is_ours(value: str, ours: set[str]) -> bool:
    host = value.lower().partition(":")[0]
    if host in ours:
        return True
    try:
        return not ipaddress.ip_address(host).is_private  # 10.300.1.2 raises: it is no address at all
    except ValueError:
        return host[:1].isdigit()


def _shown(pattern: Pattern, value: str) -> str:
    text = " ".join(value.split())
    if pattern.category == "secret":
        return f"{pattern.name}: {text[:4]}… ({len(value)} characters)"
    return f"{pattern.name}: {text[:120]}"
