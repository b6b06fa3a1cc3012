"""The load balancing of a template as plain values, on which rules are checked."""

from __future__ import annotations

import msgspec

PATH = "path-pattern"
HEADER = "http-header"
METHOD = "http-request-method"
HOST = "host-header"
# The tag with the load balancer of a target group.
LOAD_BALANCER_TAG = "passport-scorer:load-balancer"


class Condition(msgspec.Struct, frozen=True):
    """One condition of a listener rule: one of the values must match.

    Attributes:
        field: the field in the load balancer's terms.
        values: patterns; exact names for methods.
        name: the name of the header; empty for other fields.
    """

    field: str
    values: tuple[str, ...]
    name: str = ""

    def __str__(self) -> str:
        """Return a readable form."""
        return f"{self.name or self.field} {' or '.join(self.values)}"


class ListenerRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a listener; the matching rule with the lowest priority number applies.

    Attributes:
        name: the name in the template.
        priority: the priority number.
        listener: the name of the listener.
        conditions: conditions that must all hold; empty to match every request.
        groups: names of the target groups; empty if it has a fixed response or redirects.
    """

    name: str
    priority: int
    listener: str
    conditions: tuple[Condition, ...] = ()
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the name and the priority."""
        return f"{self.name} ({self.priority})"


class LoadBalancerListener(msgspec.Struct, frozen=True, kw_only=True):
    """A listener of a load balancer.

    Attributes:
        name: the name in the template.
        load_balancer: the name of the load balancer.
        internal: True if it is reachable only from the private network.
    """

    name: str
    load_balancer: str
    internal: bool = False


class TargetGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A target group.

    Attributes:
        name: the name in the template.
        called: the name in the account; None if it is not created by the template.
        load_balancer: the load balancer it is for; None if the template does not say.
        invokes_function: True if its target is a function, which needs a permission.
    """

    name: str
    called: str | None = None
    load_balancer: str | None = None
    invokes_function: bool = False


class InvokePermission(msgspec.Struct, frozen=True, kw_only=True):
    """A permission for a target group to invoke the function.

    Attributes:
        name: the name in the template.
        group: the name of the target group; None if it is not for exactly one.
    """

    name: str
    group: str | None


class Infrastructure(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a template that the infrastructure rules are about.

    Attributes:
        listeners: the listeners of rules.
        rules: the listener rules, in any order.
        groups: the target groups of the template and those in its parameters.
        permissions: the permissions to invoke the function.
    """

    listeners: tuple[LoadBalancerListener, ...]
    rules: tuple[ListenerRule, ...]
    groups: tuple[TargetGroup, ...]
    permissions: tuple[InvokePermission, ...]
