"""Errors of templates: one class for each kind of violation of the infrastructure rules."""

from __future__ import annotations

from passport_scorer.domain.errors import PassportScorerError


class InfrastructureRuleBroken(PassportScorerError):
    """The template breaks one of the infrastructure rules."""

    code = "infrastructure_rule_broken"


class SharedPriority(InfrastructureRuleBroken):
    """Two listener rules have the same priority."""

    code = "shared_priority"


class RuleNeverMatches(InfrastructureRuleBroken):
    """A listener rule, or a part of it, can never match."""

    code = "rule_never_matches"


class SharedTargetGroup(InfrastructureRuleBroken):
    """A target group is used by two load balancers."""

    code = "shared_target_group"


class WrongTargetGroup(InfrastructureRuleBroken):
    """A listener rule forwards to a target group of a different load balancer."""

    code = "wrong_target_group"


class UnknownName(InfrastructureRuleBroken):
    """A listener rule refers to an unknown listener or target group."""

    code = "unknown_name"


class MissingInvokePermission(InfrastructureRuleBroken):
    """A target group does not have its own permission to invoke the function."""

    code = "missing_invoke_permission"


class NameTooLong(InfrastructureRuleBroken):
    """The name of a target group is longer than 32 characters."""

    code = "name_too_long"


class InternalPathOnPublicListener(InfrastructureRuleBroken):
    """A rule of a public listener forwards internal paths."""

    code = "internal_path_on_public_listener"


class TemplateFileProblem(PassportScorerError):
    """A template file can't be read or written."""

    code = "template_file_problem"
