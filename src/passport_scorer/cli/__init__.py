"""The command `passport-scorer` and its subcommands."""
