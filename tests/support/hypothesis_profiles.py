"""The number of examples per property: some for a commit, many for a night."""

import os

from hypothesis import HealthCheck, settings

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
EXAMPLES = 50
FACTOR = 20  # between a commit and a night


def examples(number: int) -> int:
    """The number of examples for a property that needs another number than the others."""
    return number * FACTOR if THOROUGH else number


def load_profile() -> None:
    """Use the profile that HYPOTHESIS_PROFILE names, or the one for commits.

    No property is wrong because the machine has something else to do: there are no deadlines.
    """
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("default", patient, max_examples=EXAMPLES)
    settings.register_profile("thorough", patient, max_examples=EXAMPLES * FACTOR)
    settings.load_profile("thorough" if THOROUGH else "default")
