"""A page as its structure: what a screen reader, a link and a policy see of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "hr", "input", "link", "wbr"}


@dataclass
class Table:
    """A table as far as its accessibility goes."""

    captions: int = 0
    headers: int = 0
    unscoped: int = 0


@dataclass
class Page(HTMLParser):
    """Parses a page on construction."""

    html: str
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    text: list[str] = field(default_factory=list)
    style: str = ""
    policy: str = ""
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag says."""
        given = dict(attrs)
        self.tags.add(tag)
        self.attributes.update(given)
        if tag not in VOID:
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if "src" in given:
            self.sources.append(given["src"] or "")
        if tag == "a":
            self.links.append(given.get("href") or "")
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        self._table(tag, given)

    def _table(self, tag: str, given: dict[str, str | None]) -> None:
        if tag == "table":
            self.tables.append(Table())
        elif tag == "caption":
            self.tables[-1].captions += 1
        elif tag == "th":
            self.tables[-1].headers += 1
            self.tables[-1].unscoped += given.get("scope") not in ("row", "col", "rowgroup")

    def handle_endtag(self, tag: str) -> None:
        """Every end tag closes the element that was opened last."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> is out of order at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        """Keep text and style apart."""
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text.append(data)

    @property
    def words(self) -> str:
        """All text of the page with its white space folded."""
        return " ".join("".join(self.text).split())
