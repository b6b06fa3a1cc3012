"""Tools that the command line runs; the service never imports them."""
