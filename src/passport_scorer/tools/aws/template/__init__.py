"""The AWS template, made with troposphere. Only the command `deploy` imports this."""
