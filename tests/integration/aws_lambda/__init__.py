"""The service as an AWS Lambda function, on a real PostgreSQL."""
