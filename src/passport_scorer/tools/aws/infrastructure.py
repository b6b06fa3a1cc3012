"""What a template says about load balancing, as plain values: what the rules are checked on."""

from __future__ import annotations

import msgspec

PATH = "path-pattern"
HEADER = "http-header"
METHOD = "http-request-method"
HOST = "host-header"
# The tag by which a target group of ours says whose it is.
LOAD_BALANCER_TAG = "passport-scorer:load-balancer"


class Condition(msgspec.Struct, frozen=True):
    """One condition of a listener rule: one of the values must fit.

    Attributes:
        field: what is looked at, by the name that the load balancer has for it.
        values: patterns; for methods exact names.
        name: of the header; empty for other fields.
    """

    field: str
    values: tuple[str, ...]
    name: str = ""

    def __str__(self) -> str:
        """Say it as people would."""
        return f"{self.name or self.field} {' or '.join(self.values)}"


class ListenerRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a listener: the one with the lowest number whose conditions all hold is taken.

    Attributes:
        name: in the template.
        priority: its number.
        listener: the name of its listener.
        conditions: all must hold; none: every request fits.
        groups: names of the target groups that it forwards to; none: it answers by itself.
    """

    name: str
    priority: int
    listener: str
    conditions: tuple[Condition, ...] = ()
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Name it so that it is found: name and number."""
        return f"{self.name} ({self.priority})"


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """Where a load balancer takes requests.

    Attributes:
        name: in the template.
        load_balancer: the name of its load balancer.
        internal: True if only the private network reaches it.
    """

    name: str
    load_balancer: str
    internal: bool = False


class TargetGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What rules forward to.

    Attributes:
        name: in the template.
        called: what it is called in the account; None: somebody else has named it.
        load_balancer: the one that it is meant for; None: the template doesn't say.
        invokes_function: True if its target is a function, which then must allow it.
    """

    name: str
    called: str | None = None
    load_balancer: str | None = None
    invokes_function: bool = False


class InvokePermission(msgspec.Struct, frozen=True, kw_only=True):
    """Allows load balancing to invoke the function, for one target group.

    Attributes:
        name: in the template.
        group: the name of the target group; None: it isn't for exactly one.
    """

    name: str
    group: str | None


class Infrastructure(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a template that the rules are about.

    Attributes:
        listeners: those that rules are for.
        rules: in any order.
        groups: those of the template, and those that it is given.
        permissions: to invoke the function.
    """

    listeners: tuple[Listener, ...]
    rules: tuple[ListenerRule, ...]
    groups: tuple[TargetGroup, ...]
    permissions: tuple[InvokePermission, ...]
