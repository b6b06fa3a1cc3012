"""Tools that only the command line imports; the service never does."""
