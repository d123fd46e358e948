"""An independent judge of requests and replies: openapi-core on the contract written out as an OpenAPI 3.1 document.

openapi-core takes no nested forms or queries, so bracketed values are decoded by us and shown to it as JSON; whether
they are valid is its own judgement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import orjson
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from twinkit.contract.model import Contract, Operation, Parameter, Response
from twinkit.contract.multipart import parse_multipart
from twinkit.contract.reach import Reach
from twinkit.contract.responses import standing
from twinkit.contract.validate import compile_schema
from twinkit.contract.wire import parse_form, parse_query

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
JSON = "application/json"
HOST = "http://twin"


class Sent(Protocol):
    """What was sent: `httpx.Request` is one."""

    method: str
    url: Any
    headers: Any

    def read(self) -> bytes: ...


class Received(Protocol):
    """What came back: `httpx.Response` is one."""

    status_code: int
    headers: Any

    @property
    def request(self) -> Any: ...
    @property
    def content(self) -> bytes: ...


class Judge:
    """Judges exchanges of one contract; documents are built and kept per operation."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._apis: dict[str, OpenAPI] = {}

    def __call__(self, response: Received, *, prefix: str = "") -> list[str]:
        """What is wrong with an exchange over httpx, as lines of text. `prefix`: a path before the twin's, `/i/x`."""
        request: Sent = response.request
        path = request.url.raw_path.decode().partition("?")[0].removeprefix(prefix)
        match = self.contract.match(request.method, path)
        if match is None:
            return [f"no operation for {request.method} {path}"]
        return self.exchange(
            match.operation,
            path=match.path,
            query=request.url.query,
            headers=dict(request.headers),
            body=request.read(),
            status=response.status_code,
            reply_headers=dict(response.headers),
            reply=response.content,
        )

    def exchange(
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,
        query: bytes = b"",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        status: int = 200,
        reply_headers: Mapping[str, str] | None = None,
        reply: bytes = b"",
    ) -> list[str]:
        """What is wrong with a request and its reply. A refused request (4xx) is not judged, only its reply."""
        declared = self.contract.operation(operation)
        api = self.api(operation)
        request = _request(self.contract, declared, path or {}, query, headers or {}, body)
        answer_headers = {name.lower(): value for name, value in (reply_headers or {}).items()}
        media = answer_headers.get("content-type", JSON if reply else "")
        response = MockResponse(reply, status, answer_headers, media)
        errors = [] if status >= 400 else _lines("request", api.iter_request_errors(request))
        found: Response | None = declared.response(status)
        if found is None:
            return [*errors, f"status {status} is not documented"]
        if found.content:
            errors += _lines("reply", api.iter_response_errors(request, response))
        return errors

    def api(self, operation: str) -> OpenAPI:
        """openapi-core on the document of one operation."""
        api = self._apis.get(operation)
        if api is None:
            api = self._apis[operation] = OpenAPI.from_dict(
                document(self.contract, operation), config=Config(spec_validator_cls=None)
            )
        return api


def document(contract: Contract, *operations: str) -> dict[str, Any]:
    """The contract's operations (all when none is named) as an OpenAPI 3.1 document with its server at the root."""
    reach = Reach(contract, standing)
    paths: dict[str, dict[str, Any]] = {}
    for name in operations or tuple(contract.operations()):
        operation = contract.operation(name)
        paths.setdefault(_template(operation), {})[operation.method] = _operation(reach, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": contract.title or "twin", "version": contract.version or "0"},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": reach.components},
    }


def _template(operation: Operation) -> str:
    """openapi-core matches whole segments only, so each operation gets a path of that kind."""
    names = [p.name for p in operation.parameters if p.location == "path"]
    return "/" + "/".join([operation.id, *(f"{{{name}}}" for name in names)])


def _operation(reach: Reach, operation: Operation) -> dict[str, Any]:
    out: dict[str, Any] = {
        "operationId": operation.id,
        "parameters": [_parameter(reach, parameter) for parameter in operation.parameters],
        "responses": {response.status: _response(reach, response) for response in operation.responses}
        or {"default": {"description": ""}},
    }
    if operation.body:
        content = {_shown(media): {"schema": reach.schema(schema)} for media, schema in operation.body.content.items()}
        out["requestBody"] = {"required": operation.body.required, "content": content}
    return out


def _parameter(reach: Reach, parameter: Parameter) -> dict[str, Any]:
    out: dict[str, Any] = {"name": parameter.name, "in": parameter.location, "required": parameter.required}
    schema = reach.schema(parameter.schema)
    if parameter.media_type or (parameter.location == "query" and parameter.style == "deepObject"):
        return {**out, "content": {parameter.media_type or JSON: {"schema": schema}}}
    return {**out, "schema": schema, "style": parameter.style, "explode": parameter.explode}


def _response(reach: Reach, response: Response) -> dict[str, Any]:
    content = {media: {"schema": reach.schema(schema)} for media, schema in response.content.items()}
    return {"description": "", "content": content} if content else {"description": ""}


def _shown(media: str) -> str:
    return JSON if media.split(";")[0].strip() in (FORM, MULTIPART) else media


def _request(
    contract: Contract,
    operation: Operation,
    path: Mapping[str, str],
    query: bytes,
    headers: Mapping[str, str],
    body: bytes,
) -> MockRequest:
    lowered = {name.lower(): value for name, value in headers.items()}
    media = lowered.get("content-type", JSON)
    plain = media.split(";")[0].strip().lower()
    if operation.body and plain in (FORM, MULTIPART):
        body, media = _as_json(contract, operation, plain, media, body), JSON
    template = _template(operation)
    url = template
    for name, value in path.items():
        url = url.replace(f"{{{name}}}", value.replace("/", "%2F"))
    return MockRequest(
        HOST,
        operation.method,
        url,
        path_pattern=template,
        args=_arguments(contract, operation, query),
        view_args=dict(path),
        headers=lowered,
        data=body,
        content_type=media,
    )


def _as_json(contract: Contract, operation: Operation, plain: str, media: str, body: bytes) -> bytes:
    """A form's fields with their declared types, as JSON."""
    form = parse_form(body) if plain == FORM else parse_multipart(body, media)
    assert operation.body is not None
    schema = next((s for m, s in operation.body.content.items() if m.split(";")[0].strip() in (FORM, MULTIPART)), True)
    typed, _ = compile_schema(contract, schema, coerce=True)(form)
    return orjson.dumps(typed, default=str)


def _arguments(contract: Contract, operation: Operation, query: bytes) -> dict[str, Any]:
    decoded = parse_query(query, operation.bracketed)
    for parameter in operation.parameters:
        if parameter.location == "query" and parameter.style == "deepObject" and parameter.name in decoded:
            typed, _ = compile_schema(contract, parameter.schema, coerce=True)(decoded[parameter.name])
            decoded[parameter.name] = orjson.dumps(typed, default=str).decode()
    return decoded


def _lines(side: str, errors: Any) -> list[str]:
    return [f"{side}: {line}" for error in errors for line in _reasons(error)]


def _reasons(error: OpenAPIError) -> list[str]:
    """The innermost messages of an error."""
    inner = getattr(error, "schema_errors", None) or getattr(error.__cause__, "schema_errors", None)
    if inner:
        return [f"{'/'.join(str(step) for step in one.absolute_path) or 'body'}: {one.message[:300]}" for one in inner]
    return [str(error) or repr(error), *([repr(error.__cause__)] if error.__cause__ else [])]
