"""The service as an AWS Lambda function: `passport_scorer.aws_lambda.handler`.

event -> `events.py`: HTTP request -> `exchange.py`: the same applications as everywhere ->
`responses.py`: the format of the event's sender. `function.py` keeps the state of the sandbox.
Source: docs/rules/deployment.md, "AWS Lambda".
"""

import gc

# Imports leave no garbage, and looking for it would take a tenth of their time.
gc.disable()

from passport_scorer.aws_lambda.function import LambdaFunction  # noqa: E402
from passport_scorer.aws_lambda.snap_start import register  # noqa: E402
from passport_scorer.settings.environment import process_environment  # noqa: E402

__all__ = ["handler"]

handler = LambdaFunction(process_environment())
if "AWS_LAMBDA_RUNTIME_API" in process_environment():
    # A starting sandbox has a whole CPU for a while, a request only a share of one.
    handler.start()
    register(handler, process_environment())
gc.freeze()  # everything loaded so far stays loaded
gc.enable()
