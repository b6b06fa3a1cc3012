"""The OpenAPI 3.1 document of a list of endpoints. Source: OpenAPI Specification 3.1.1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from inspect import cleandoc
from typing import Any

import msgspec

from passport_scorer import version
from passport_scorer.api.http.endpoint import Endpoint, Parameter, ResponseDoc
from passport_scorer.api.http.error_docs import BODY_ERRORS, error_responses
from passport_scorer.api.http.errors import InvalidRequest

# An entry of "Attributes:" in a docstring: a name, a colon, text, indented continuation lines.
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)
_REFERENCE = "#/components/schemas/{name}"
_SECURITY_SCHEMES: Mapping[str, Any] = {
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The API key of a partner: `<prefix>.<secret>`. In the demo: `demo`.",
    },
    "ApiKeyInAuthorization": {
        "type": "http",
        "scheme": "bearer",
        "description": "The same API key as `Authorization: <scheme> <key>`, with any scheme.",
    },
    "AccessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of an address's owner, from the sign-in. In the demo: "
        "the one that `passport-scorer demo run` prints.",
    },
    "InternalToken": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The token of the internal network, without a scheme, if one is configured "
        "(`CGRANTS_API_TOKEN`). The demo has none: leave it empty.",
    },
}

_HEADERS: Mapping[str, str] = {
    "X-Request-ID": "Identifies this request, for support: the request's own `X-Request-ID` if it "
    "was 1 to 128 letters, digits and `._~+/=:@-`, otherwise a new ID.",
    "traceparent": "The trace that the request belongs to (W3C Trace Context).",
    "Cache-Control": "How long the response can be cached; usually `no-store`.",
    "WWW-Authenticate": "The credential that the endpoint accepts.",
    "Link": 'Where the error is explained: `</errors#…>; rel="help"`.',
    "ETag": "Identifies this version of the response, for `If-None-Match`.",
}
_IN_ALL: dict[str, Any] = {
    name: {"$ref": f"#/components/headers/{name}"}
    for name in ("X-Request-ID", "traceparent", "Cache-Control")
}


def openapi_document(
    title: str, description: str, endpoints: Sequence[Endpoint[Any]], root: str = ""
) -> dict[str, Any]:
    """Return the OpenAPI document of these endpoints, as plain JSON values.

    Args:
        title: the title of the document.
        description: a sentence about the service.
        endpoints: the endpoints to describe.
        root: the path prefix of the service; empty without one.
    """
    bodies = dict.fromkeys(_bodies(endpoints))
    schemas, components = msgspec.json.schema_components(bodies, ref_template=_REFERENCE)
    schema_of = dict(zip(bodies, schemas, strict=True))
    schemes = {name for endpoint in endpoints for name in endpoint.guard.security}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, schema_of)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.1",
        "info": _info(title, description),
        "servers": [{"url": root or "/", "description": "This service"}],
        "paths": paths,
        "components": {
            "schemas": {name: _described(schema) for name, schema in components.items()},
            "headers": {name: _header(text) for name, text in _HEADERS.items()},
            "securitySchemes": {n: s for n, s in _SECURITY_SCHEMES.items() if n in schemes},
        },
    }


def _info(title: str, description: str) -> dict[str, Any]:
    return {
        "title": title,
        "version": version(),
        "description": description,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """Move the attribute descriptions of a type's docstring to the properties."""
    about, _, attributes = cleandoc(schema.get("description", "")).partition("Attributes:")
    properties = dict(schema.get("properties", {}))
    for name, about_it in _ATTRIBUTE.findall(attributes):
        wire_name = name if name in properties else _camel(name)
        text = " ".join(about_it.split())
        described = {"description": text[0].upper() + text[1:]}
        properties[wire_name] = {**properties[wire_name], **described}
    return {**schema, "description": about.strip(), "properties": properties}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


def _bodies(endpoints: Sequence[Endpoint[Any]]) -> Iterator[Any]:
    for endpoint in endpoints:
        if endpoint.body:
            yield endpoint.body.type
        for response in _responses(endpoint):
            yield response.body


def _responses(endpoint: Endpoint[Any]) -> Iterator[ResponseDoc]:
    """The success, and each status that the guard, the request or the handler can lead to."""
    guard = endpoint.guard
    errors = [*endpoint.errors, *guard.errors]
    if endpoint.body:
        errors += BODY_ERRORS
    if endpoint.query:
        errors.append(InvalidRequest)
    for each in (endpoint.success, *error_responses(errors)):
        headers = {} if each.status == HTTPStatus.UNAUTHORIZED else guard.headers
        yield msgspec.structs.replace(each, headers={**headers, **each.headers})


def _operation(endpoint: Endpoint[Any], schema_of: Mapping[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": getattr(endpoint.handler, "__name__", endpoint.summary),
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": endpoint.description,
        "parameters": [
            *(_parameter(parameter, "path") for parameter in endpoint.parameters),
            *(_parameter(parameter, "query") for parameter in endpoint.query),
        ],
        "security": [{name: []} for name in endpoint.guard.security],
        "responses": {
            str(each.status): _response(each, schema_of) for each in _responses(endpoint)
        },
    }
    if endpoint.cache_control:
        operation["responses"]["304"] = _not_modified()
        operation["responses"]["200"]["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}
    if endpoint.body:
        content = {"schema": schema_of[endpoint.body.type], "example": endpoint.body.example}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _parameter(parameter: Parameter, place: str) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
        "example": parameter.example,
    }


def _response(response: ResponseDoc, schema_of: Mapping[Any, Any]) -> dict[str, Any]:
    content = {"schema": schema_of[response.body], "example": response.example}
    headers = {name: _header(text) for name, text in response.headers.items()}
    if response.status >= HTTPStatus.BAD_REQUEST:
        headers["Link"] = {"$ref": "#/components/headers/Link"}
    if response.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WWW-Authenticate"}
    return {
        "description": response.description,
        "headers": headers | _IN_ALL,
        "content": {"application/json": content},
    }


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _not_modified() -> dict[str, Any]:
    headers = {"ETag": {"$ref": "#/components/headers/ETag"}}
    return {"description": "Your copy is current (`If-None-Match`).", "headers": headers | _IN_ALL}
