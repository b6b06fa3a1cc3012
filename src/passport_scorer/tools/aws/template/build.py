"""Builds the template from a plan of load balancing, after checking the infrastructure rules."""

from __future__ import annotations

from troposphere import Template

from passport_scorer.tools.aws.infrastructure import Infrastructure
from passport_scorer.tools.aws.routing import Choices, check_choices, infrastructure
from passport_scorer.tools.aws.rules import check
from passport_scorer.tools.aws.template.alarms import add_alarms
from passport_scorer.tools.aws.template.function import add_function
from passport_scorer.tools.aws.template.load_balancing import add_load_balancing
from passport_scorer.tools.aws.template.parameters import add_parameters


def template_text(choices: Choices) -> str:
    """Return the template as YAML.

    Raises:
        InvalidChoice, InfrastructureRuleBroken: the options are not valid.
    """
    check_choices(choices)
    text: str = build_template(choices, infrastructure(choices)).to_yaml()
    return text


def build_template(choices: Choices, planned: Infrastructure) -> Template:
    """Return the template for a plan of load balancing.

    Raises:
        InfrastructureRuleBroken: the plan breaks an infrastructure rule.
    """
    check(planned)
    template = Template(
        Description="Passport Scorer: a function behind a public and an internal load balancer, "
        f"alongside an existing deployment ({choices.architecture})."
    )
    template.set_version("2010-09-09")
    # SubnetIds is empty only if VpcId is, and then it is not used (rule ANetworkHasSubnets).
    template.set_metadata({"cfn-lint": {"config": {"ignore_checks": ["W1033"]}}})
    add_parameters(template)
    add_function(template, choices)
    add_load_balancing(template, planned)
    add_alarms(template)
    return template
