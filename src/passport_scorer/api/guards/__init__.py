"""Guards decide who may call an endpoint. Every route names one, `OPEN` included."""
