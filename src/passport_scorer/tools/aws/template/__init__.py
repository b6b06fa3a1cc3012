"""The CloudFormation template, built with troposphere. Only the command `deploy` imports it."""
