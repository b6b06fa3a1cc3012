"""Every SQL statement, and one typed function that runs it.

A function takes plain values or domain types, and returns domain types. Parameters and rows are
private to the module of the statement. The errors are those of `Statements.fetch`.
"""
