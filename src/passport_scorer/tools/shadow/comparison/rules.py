"""Rules for expected differences, with a reason each. Format: docs/shadow.md."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cached_property
from typing import Annotated

import msgspec

from passport_scorer.tools.shadow.comparison.patterns import MatchState, initial_state

_MOST_PART_RULES = 5000

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,60}$")]
Sentence = Annotated[str, msgspec.Meta(min_length=8, max_length=400)]
Pattern = Annotated[str, msgspec.Meta(pattern=r"^(/.*)?$")]


class Part(StrEnum):
    """The part of a response that differs."""

    STATUS = "status"
    HEADER = "header"
    BODY = "body"
    LATENCY = "latency"


class Accept(StrEnum):
    """A kind of difference that a rule accepts where its path matches.

    `KEY_ORDER` is the only one that makes the comparison stricter.
    """

    ANYTHING = "anything"  # here and below
    SAME_TYPE = "same_type"  # any value of the same JSON type
    TIME = "time"  # a different time in the same notation
    INSTANT = "instant"  # the same instant in a different notation
    NUMBERS = "numbers"  # the same text except for its numbers
    MEDIA_TYPE = "media_type"  # the same media type, with or without a charset
    LINK = "link"  # the same path and query on a different host
    PAGE = "page"  # a link with the same limit and cursor, to any URL
    ANY_ORDER = "any_order"  # the same array items in any order
    KEY_ORDER = "key_order"  # object keys must be in the same order


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An expected difference.

    Attributes:
        name: a unique name; the report counts differences by it.
        reason: why the difference is expected.
        on: endpoints (`GET /v2/stamps/{scorer_id}/score/{address}`) and tables (`table
            registry_score`); `*` is any text.
        part: the part of the response.
        path: a pattern of JSON pointers, `/header-name` or `/column/…`.
        accept: what is accepted there.
        kinds: the kinds of difference the rule applies to; empty for all.
        status: the statuses the rule applies to; empty for all.
        control: a regular expression that must match the control's whole value, as JSON.
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
        """True if the rule depends on the values, not just on their location."""
        return bool(self.kinds or self.control is not None or self.candidate is not None)


class Danger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A location where a difference is dangerous, and what could happen."""

    path: Pattern
    reason: Sentence
    on: tuple[str, ...] = ("*",)
    part: Part = Part.BODY


class Collection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object whose keys are data: differences in its members count as one class."""

    path: Pattern
    on: tuple[str, ...] = ("*",)


class Slowness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A response is slow if it takes `factor` times as long as the other, and `seconds` or more."""

    seconds: float = 0.1
    factor: float = 3.0


class Rulebook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """The facts about an API that the comparison needs.

    Attributes:
        endpoints: templates `METHOD /path/{name}`; the first that matches a request is used.
        reads: endpoints other than GET and HEAD that change nothing.
        headers: names of the headers to compare; `*` is any text.
        masked: patterns of JSON pointers to secrets.
        shown_parameters: query parameters whose values are not secret.
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
        """Return both books merged; the other's rules come first and its slowness wins."""
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
    def _part_rules_cache(self) -> dict[tuple[str, Part, int], PartRules]:
        return {}

    def part_rules(self, name: str, part: Part, status: int) -> PartRules:
        """Return the rules for one part of an endpoint's responses with a status."""
        key = (name, part, status)
        found = self._part_rules_cache.get(key)
        if found is None:
            if len(self._part_rules_cache) >= _MOST_PART_RULES:
                self._part_rules_cache.clear()  # clients can request any number of paths
            found = self._part_rules_cache[key] = _part_rules(self, name, part, status)
        return found


class PartRules(msgspec.Struct, frozen=True):
    """The rules and collections for one part of an endpoint's responses."""

    rules: MatchState[Rule]
    collections: MatchState[Collection]


def _part_rules(book: Rulebook, name: str, part: Part, status: int) -> PartRules:
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
    return PartRules(
        initial_state([(rule.path, rule) for rule in rules]),
        initial_state([(each.path, each) for each in collections]),
    )


def applies_to(on: tuple[str, ...], name: str) -> bool:
    """Return True if one of the patterns (`*` is any text) matches the name."""
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None
        for pattern in on
    )
