"""HTTP: routes, guards, wire types, and how errors become responses. No rules.

To add an endpoint, write a module with a handler and an `Endpoint` in the folder of its audience
(`v2` partners, `ceramic_cache` owners, `internal` services, `operations` operators), and list it in
the `routes.py` of that folder. The endpoint names its guard (`guards`) and the error classes that
it can raise; the status and the explanation of each error are a row in `http/error_reference.py`.
`make docs` renews the OpenAPI documents.
"""
