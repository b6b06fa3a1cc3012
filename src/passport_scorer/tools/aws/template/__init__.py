"""The AWS template, built with troposphere."""
