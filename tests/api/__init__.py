"""The endpoints over HTTP, on a database in memory: who may call, what is refused, what comes."""
