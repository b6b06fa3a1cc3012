"""Comparison of exchanges, counted in a tally."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from passport_scorer.tools.shadow.comparison.differences import Difference
from passport_scorer.tools.shadow.comparison.endpoints import Endpoints
from passport_scorer.tools.shadow.comparison.json_values import JsonValue
from passport_scorer.tools.shadow.comparison.responses import (
    ReceivedResponse,
    compare_responses,
    no_response,
)
from passport_scorer.tools.shadow.comparison.rules import Rulebook
from passport_scorer.tools.shadow.exchanges import Failure, Outcome, Request
from passport_scorer.tools.shadow.masking import Masking, secrets_of
from passport_scorer.tools.shadow.severity import DifferenceSeverity, severity_of
from passport_scorer.tools.shadow.tally import (
    MOST_EXAMPLES,
    DifferenceClass,
    EndpointTally,
    Example,
    Tally,
)

_MOST_ENDPOINTS = 300
_MOST_CLASSES = 1000
_LEAST_ERROR = 400  # the lowest status of an error
OTHERS = "(other paths)"
NO_CONTROL = "not compared: no response from the control"


class Recorder:
    """Compares exchanges and adds the results to a tally.

    Args:
        rulebook: the rules.
        tally: the tally to add to.
    """

    def __init__(self, rulebook: Rulebook, tally: Tally) -> None:
        self.rulebook = rulebook
        self.tally = tally
        self.endpoints = Endpoints(rulebook.endpoints)
        self._masking = Masking(rulebook)

    def exchange(self, request: Request, control: Outcome, candidate: Outcome) -> None:
        """Compare the outcomes of a request.

        Without a response from the control, no comparison is possible, which is recorded.
        """
        if isinstance(control, Failure):
            self.tally.note(NO_CONTROL)
            return
        name = self.endpoints.name(request.method, request.path)
        if isinstance(candidate, Failure):
            found = [no_response(candidate.reason)]
        else:
            found = compare_responses(control, candidate, name, self.rulebook)
            self._latencies(name, request, control, candidate)
        known = secrets_of(request.headers)
        shown = f"{request.method} {self._masking.path(request.path, known)}"
        self.differences(name, found, shown, request.time, known)
        if control.status >= _LEAST_ERROR:
            self._endpoint(name).errors += 1
        if request.time is not None:
            self.tally.traffic.add(request.time)

    def differences(
        self,
        endpoint: str,
        found: Sequence[Difference],
        shown: str,
        time: float | None = None,
        known: Sequence[str] = (),
    ) -> None:
        """Count the differences of one exchange, or of the rows with one key.

        Args:
            endpoint: the template of the endpoint, or the table.
            found: the differences.
            shown: the description of the request or row in examples.
            time: the time of the request, in seconds since 1970.
            known: secrets that must not be shown.
        """
        tally = self._endpoint(endpoint)
        tally.compared += 1
        unexpected = any(difference.rule is None for difference in found)
        if unexpected:
            tally.different += 1
        elif found:
            tally.expected += 1
        else:
            tally.same += 1
        counted: set[str] = set()
        for difference in found:
            self._difference(endpoint, difference, shown, time, known, counted)

    def masked_key(self, key: Mapping[str, JsonValue]) -> str:
        """Describe a row by its key (column -> value), masked."""
        return self._masking.row(key)

    def _endpoint(self, name: str) -> EndpointTally:
        endpoints = self.tally.endpoints
        if name not in endpoints and len(endpoints) >= _MOST_ENDPOINTS:
            name = OTHERS
        return endpoints.setdefault(name, EndpointTally())

    def _difference(
        self,
        endpoint: str,
        difference: Difference,
        shown: str,
        time: float | None,
        known: Sequence[str],
        counted: set[str],
    ) -> None:
        if difference.rule is not None:
            name = difference.rule.name
            self.tally.rules[name] = self.tally.rules.get(name, 0) + 1
        key, found = self._class(endpoint, difference)
        found.count += 1
        if key not in counted:
            counted.add(key)
            found.exchanges += 1
        if time is not None:
            found.first = time if found.first is None else min(found.first, time)
            found.last = time if found.last is None else max(found.last, time)
            found.timeline.add(time)
        self._example(key, found, difference, shown, time, known)

    def _class(self, endpoint: str, difference: Difference) -> tuple[str, DifferenceClass]:
        rule = difference.rule.name if difference.rule else None
        parts = (endpoint, difference.part, difference.pattern, difference.kind, rule or "")
        key = " | ".join(parts)
        classes = self.tally.classes
        if key not in classes and len(classes) >= _MOST_CLASSES:
            self.tally.note("differences beyond the first 1,000 classes")
            key = f"{OTHERS} | {difference.part} | | {difference.kind} | {rule or ''}"
            endpoint = OTHERS
        severity, danger = DifferenceSeverity.COSMETIC, ""
        if rule is None:
            severity, danger = severity_of(difference, endpoint, self.rulebook)
        found = classes.get(key)
        if found is None:
            pattern = "" if endpoint == OTHERS else difference.pattern
            found = classes[key] = DifferenceClass(
                endpoint, difference.part, pattern, difference.kind, rule, severity, danger
            )
        if severity > found.severity:
            found.severity, found.danger = severity, danger
        return key, found

    def _example(
        self,
        key: str,
        found: DifferenceClass,
        difference: Difference,
        shown: str,
        time: float | None,
        known: Sequence[str],
    ) -> None:
        first = difference.rule is None and self.tally.first_difference is None
        if len(found.examples) >= (MOST_EXAMPLES if difference.rule is None else 1) and not first:
            return
        control, candidate = self._masking.values(difference, known)
        example = Example(time, shown, difference.pointer, control, candidate)
        found.examples.append(example)
        if first:
            self.tally.first_difference, self.tally.first_class = example, key

    def _latencies(
        self, name: str, request: Request, control: ReceivedResponse, candidate: ReceivedResponse
    ) -> None:
        tally = self._endpoint(name)
        if control.seconds is not None:
            tally.control.add(control.seconds)
        if candidate.seconds is None:
            return
        tally.candidate.add(candidate.seconds)
        if control.seconds is None:
            return
        slowness = self.rulebook.slowness
        if _is_slow(control.seconds, candidate.seconds, slowness.seconds, slowness.factor):
            tally.faster += 1
        if _is_slow(candidate.seconds, control.seconds, slowness.seconds, slowness.factor):
            self._slower(tally, request, control.seconds, candidate.seconds)

    def _slower(
        self, tally: EndpointTally, request: Request, control: float, candidate: float
    ) -> None:
        tally.slower += 1
        time = request.time
        if time is not None:
            tally.slow_first = min(tally.slow_first or time, time)
            tally.slow_last = max(tally.slow_last or time, time)
            tally.slow_timeline.add(time)
        if len(tally.slow_examples) < MOST_EXAMPLES:
            shown = self._masking.path(request.path, secrets_of(request.headers))
            tally.slow_examples.append(
                Example(
                    time,
                    f"{request.method} {shown}",
                    "",
                    f"{control * 1000:.0f} ms",
                    f"{candidate * 1000:.0f} ms",
                )
            )


def _is_slow(seconds: float, other: float, least: float, factor: float) -> bool:
    return seconds >= least and seconds >= factor * other
