"""What can be wrong with a template: one class for each way to break the infrastructure rules."""

from __future__ import annotations

from passport_scorer.domain.errors import PassportScorerError


class InfrastructureRuleBroken(PassportScorerError):
    """The template breaks one of the infrastructure rules."""

    code = "infrastructure_rule_broken"


class SharedPriority(InfrastructureRuleBroken):
    """Two listener rules have the same number."""

    code = "shared_priority"


class RuleNeverMatches(InfrastructureRuleBroken):
    """A listener rule, or a part of it, can never match."""

    code = "rule_never_matches"


class SharedTargetGroup(InfrastructureRuleBroken):
    """A target group is used by two load balancers."""

    code = "shared_target_group"


class WrongTargetGroup(InfrastructureRuleBroken):
    """A listener rule forwards to another load balancer's target group."""

    code = "wrong_target_group"


class UnknownName(InfrastructureRuleBroken):
    """A listener rule names a listener or a target group that the template doesn't have."""

    code = "unknown_name"


class MissingInvokePermission(InfrastructureRuleBroken):
    """A target group has no permission of its own to invoke the function."""

    code = "missing_invoke_permission"


class NameTooLong(InfrastructureRuleBroken):
    """The name of a target group is longer than 32 characters."""

    code = "name_too_long"


class InternalPathOnPublicListener(InfrastructureRuleBroken):
    """A rule of a public listener forwards internal paths."""

    code = "internal_path_on_public_listener"


class TemplateFileProblem(PassportScorerError):
    """The file of a template can't be read or written."""

    code = "template_file_problem"
