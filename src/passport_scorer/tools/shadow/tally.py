"""What has been seen so far: counts, a few examples, never the answers themselves."""

from __future__ import annotations

import msgspec

from passport_scorer.tools.shadow.comparison.differences import Kind
from passport_scorer.tools.shadow.comparison.rules import Part
from passport_scorer.tools.shadow.latencies import Latencies, Timeline
from passport_scorer.tools.shadow.severity import Severity

MOST_EXAMPLES = 5


class Example(msgspec.Struct, frozen=True):
    """One occurrence of a difference; nothing in it is secret.

    Attributes:
        time: of the request, seconds since 1970; None: of a row, or not recorded.
        request: method and path, or the key of a row.
        pointer: the exact place.
        control: what was there.
        candidate: the same on the other side.
    """

    time: float | None
    request: str
    pointer: str
    control: str
    candidate: str


class DifferenceClass(msgspec.Struct):
    """All differences of one kind at one place of one endpoint."""

    endpoint: str
    part: Part
    pattern: str
    kind: Kind
    rule: str | None
    severity: Severity
    danger: str
    count: int = 0
    exchanges: int = 0
    first: float | None = None
    last: float | None = None
    timeline: Timeline = msgspec.field(default_factory=Timeline)
    examples: list[Example] = []


class EndpointTally(msgspec.Struct):
    """What has been seen of one endpoint or table.

    Attributes:
        compared: exchanges, or keys of rows, that both sides were asked for.
        same: those without any difference.
        expected: those with differences that rules expect, and no others.
        different: those with others.
        errors: exchanges that the control itself answered with an error.
        slower: the candidate was slow and the control wasn't.
        faster: the other way round.
    """

    compared: int = 0
    same: int = 0
    expected: int = 0
    different: int = 0
    errors: int = 0
    slower: int = 0
    faster: int = 0
    control: Latencies = msgspec.field(default_factory=Latencies)
    candidate: Latencies = msgspec.field(default_factory=Latencies)
    slow_examples: list[Example] = []
    slow_first: float | None = None
    slow_last: float | None = None
    slow_timeline: Timeline = msgspec.field(default_factory=Timeline)


class Tally(msgspec.Struct):
    """Everything that a report is made of.

    Attributes:
        began: seconds since 1970.
        busy: seconds spent so far, over all resumptions.
        endpoints: template or table -> what was seen.
        classes: key -> all differences of that class, expected ones as well.
        rules: name -> how many differences it expected.
        notes: what else happened, such as requests that were not copied -> how often.
        traffic: all exchanges.
        first_difference: the first one that nothing expects.
    """

    began: float
    busy: float = 0.0
    endpoints: dict[str, EndpointTally] = {}
    classes: dict[str, DifferenceClass] = {}
    rules: dict[str, int] = {}
    notes: dict[str, int] = {}
    traffic: Timeline = msgspec.field(default_factory=Timeline)
    first_difference: Example | None = None
    first_class: str | None = None

    def note(self, what: str, count: int = 1) -> None:
        """Count something that is neither a match nor a difference."""
        self.notes[what] = self.notes.get(what, 0) + count

    @property
    def compared(self) -> int:
        """How many exchanges or rows were compared."""
        return sum(each.compared for each in self.endpoints.values())

    @property
    def different(self) -> int:
        """How many of them differ in something that nothing expects."""
        return sum(each.different for each in self.endpoints.values())
