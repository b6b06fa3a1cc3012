"""Rules: which differences are expected, and why. The format: docs/shadow.md."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cached_property
from typing import Annotated

import msgspec

from passport_scorer.tools.shadow.comparison.patterns import Place, root_place

_MOST_SUBJECTS = 5000

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,60}$")]
Sentence = Annotated[str, msgspec.Meta(min_length=8, max_length=400)]
Pattern = Annotated[str, msgspec.Meta(pattern=r"^(/.*)?$")]


class Part(StrEnum):
    """The part of an answer in which something differs."""

    STATUS = "status"
    HEADER = "header"
    BODY = "body"
    LATENCY = "latency"


class Accept(StrEnum):
    """What a rule accepts at the places that its path names.

    `KEY_ORDER` is the only one that asks for more instead of less.
    """

    ANYTHING = "anything"  # also below the place
    SAME_TYPE = "same_type"  # another value of the same JSON type
    TIME = "time"  # another time in the same notation
    INSTANT = "instant"  # the same moment in another notation
    NUMBERS = "numbers"  # the same text but for its numbers
    MEDIA_TYPE = "media_type"  # the same type; the character set may be named
    LINK = "link"  # the same path and query on another host
    PAGE = "page"  # a link to the same page, with the same limit, wherever it leads
    ANY_ORDER = "any_order"  # the same items of an array in another order
    KEY_ORDER = "key_order"  # the keys of an object must be in the same order


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An expected difference.

    Attributes:
        name: unique; it is what the report counts.
        reason: why the difference is expected.
        on: endpoints (`GET /v2/stamps/{scorer_id}/score/{address}`) and tables (`table
            registry_score`); `*` is any text.
        part: where.
        path: a pattern of JSON pointers, of `/header-name`, or of `/column/…`.
        accept: what is accepted there.
        kinds: only these kinds of differences; empty: all.
        status: only if both answers have one of these; empty: any.
        control: a regular expression that the whole of the control's value must match, as JSON.
        candidate: the same for the candidate.
    """

    name: Name
    reason: Sentence
    on: tuple[str, ...] = ("*",)
    part: Part = Part.BODY
    path: Pattern = ""
    accept: Accept = Accept.ANYTHING
    kinds: tuple[str, ...] = ()
    status: tuple[int, ...] = ()
    control: str | None = None
    candidate: str | None = None

    @property
    def conditional(self) -> bool:
        """True if more than the place decides whether it applies."""
        return bool(self.kinds or self.control is not None or self.candidate is not None)


class Danger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place where a difference is dangerous, and what could happen."""

    path: Pattern
    reason: Sentence
    on: tuple[str, ...] = ("*",)
    part: Part = Part.BODY


class Collection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object whose keys are data: all its members are one class of differences."""

    path: Pattern
    on: tuple[str, ...] = ("*",)


class Slowness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an answer counts as slow: `factor` times the other's, and `seconds` at least."""

    seconds: float = 0.1
    factor: float = 3.0


class Rulebook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """All that the comparison has to know about an API.

    Attributes:
        endpoints: `METHOD /path/{name}`, the first that fits a request counts.
        reads: those that change nothing though they are neither GET nor HEAD.
        headers: names that are compared, `*` is any text.
        masked: patterns of places whose values are secrets.
        shown_parameters: names in a query string whose values are no secrets.
    """

    endpoints: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    masked: tuple[Pattern, ...] = ()
    shown_parameters: tuple[str, ...] = ()
    slowness: Slowness = Slowness()
    rule: tuple[Rule, ...] = ()
    danger: tuple[Danger, ...] = ()
    collection: tuple[Collection, ...] = ()

    def with_more(self, other: Rulebook) -> Rulebook:
        """Add another book; its rules come first, its slowness counts."""
        return Rulebook(
            endpoints=other.endpoints + self.endpoints,
            reads=self.reads + other.reads,
            headers=self.headers + other.headers,
            masked=self.masked + other.masked,
            shown_parameters=self.shown_parameters + other.shown_parameters,
            slowness=other.slowness,
            rule=other.rule + self.rule,
            danger=other.danger + self.danger,
            collection=other.collection + self.collection,
        )

    @cached_property
    def _subjects(self) -> dict[tuple[str, Part, int], Subject]:
        return {}

    def subject(self, name: str, part: Part, status: int) -> Subject:
        """Return what the book says about one part of an endpoint's answers of a status."""
        key = (name, part, status)
        found = self._subjects.get(key)
        if found is None:
            if len(self._subjects) >= _MOST_SUBJECTS:
                self._subjects.clear()  # paths of strangers: there is no end of them
            found = self._subjects[key] = _subject(self, name, part, status)
        return found


class Subject(msgspec.Struct, frozen=True):
    """The rules of one part of an endpoint's answers, and its collections, as places."""

    rules: Place[Rule]
    collections: Place[Collection]


def _subject(book: Rulebook, name: str, part: Part, status: int) -> Subject:
    rules = [
        rule
        for rule in book.rule
        if rule.part is part
        and applies_to(rule.on, name)
        and (not rule.status or status in rule.status)
    ]
    collections = [
        each for each in book.collection if part is Part.BODY and applies_to(each.on, name)
    ]
    return Subject(
        root_place([(rule.path, rule) for rule in rules]),
        root_place([(each.path, each) for each in collections]),
    )


def applies_to(on: tuple[str, ...], name: str) -> bool:
    """Return True if one of the patterns, in which `*` is any text, is this name."""
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None
        for pattern in on
    )
