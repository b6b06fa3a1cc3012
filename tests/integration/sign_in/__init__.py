"""Sign-in, with a real database and an Ethereum node that runs what it is asked to run."""
