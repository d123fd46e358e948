"""Inference from structure alone: small documents, each showing one way in which services are put together."""

from __future__ import annotations

from typing import Any

import pytest

from twinkit.contract.adapters import canonical
from twinkit.contract.load import Document
from twinkit.overlay.compiled import Binding
from twinkit.overlay.infer import Inferred, infer

PET = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "owner_id": {"type": "string"},
        "status": {"type": "string", "enum": ["available", "archived"]},
        "published": {"type": "boolean"},
        "cancelled_at": {"type": ["string", "null"], "format": "date-time"},
        "created_at": {"type": "string", "format": "date-time"},
    },
}
REF = {"$ref": "#/components/schemas/Pet"}


def answers(schema: Any, status: str = "200", headers: dict[str, Any] | None = None) -> dict[str, Any]:
    reply: dict[str, Any] = {"description": ""}
    if schema is not None:
        reply["content"] = {"application/json": {"schema": schema}}
    if headers:
        reply["headers"] = headers
    return {status: reply}


def op(schema: Any = None, *, body: Any = None, status: str = "200", query: Any = (), **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"responses": answers(schema, status, more.pop("headers", None)), **more}
    if body is not None:
        made["requestBody"] = {"content": {more.pop("media", "application/json"): {"schema": body}}}
        made.pop("media", None)
    made["parameters"] = [{"name": name, "in": "query", "schema": kind} for name, kind in dict(query).items()]
    return made


def inferred(paths: dict[str, Any], **schemas: Any) -> Inferred:
    data = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": paths,
        "components": {"schemas": {"Pet": PET, **schemas}},
    }
    return infer(canonical(Document("t.json", data)))


def bound(paths: dict[str, Any], method: str, path: str, **schemas: Any) -> Binding:
    paths[path][method]["operationId"] = f"{method} {path}"
    return inferred(paths, **schemas).bindings[f"{method} {path}"]


CRUD: dict[str, Any] = {
    "/pets": {"get": op({"type": "array", "items": REF}), "post": op(REF, body=REF, status="201")},
    "/pets/{petId}": {
        "get": op(REF),
        "put": op(REF, body=REF),
        "patch": op(REF, body=REF),
        "delete": op(None, status="204"),
    },
}


def crud(**more: Any) -> dict[str, Any]:
    return {path: {method: dict(each) for method, each in item.items()} for path, item in {**CRUD, **more}.items()}


@pytest.mark.parametrize(
    ("method", "path", "kind", "id_parameter"),
    [
        ("get", "/pets", "list", None),
        ("post", "/pets", "create", None),
        ("get", "/pets/{petId}", "retrieve", "petId"),
        ("put", "/pets/{petId}", "replace", "petId"),
        ("patch", "/pets/{petId}", "update", "petId"),
        ("delete", "/pets/{petId}", "delete", "petId"),
    ],
)
def test_collections_and_items(method: str, path: str, kind: str, id_parameter: str | None) -> None:
    binding = bound(crud(), method, path)
    assert (binding.kind, binding.resource, binding.id_parameter) == (kind, "pet", id_parameter)


def test_what_a_record_is() -> None:
    pet = inferred(crud()).resources["pet"]
    assert (pet.id, pet.id_property, pet.id_type, pet.schema) == ("{seq}", "id", "integer", "Pet")
    assert pet.timestamps == {"create": "created_at"}
    assert pet.time_formats["created_at"] == "iso"
    assert pet.template["cancelled_at"] is None


ENVELOPES = [
    ({"type": "array", "items": REF}, {"items": ""}),
    ({"type": "object", "properties": {"pets": {"type": "array", "items": REF}}}, {"items": "pets"}),
    (
        {"properties": {"data": {"type": "array", "items": REF}, "total": {"type": "integer"}}},
        {"items": "data", "total": "total"},
    ),
    (
        {
            "properties": {
                "results": {"type": "array", "items": REF},
                "count": {"type": "integer"},
                "next": {"type": ["string", "null"], "format": "uri"},
            }
        },
        {"items": "results", "total": "count", "next": "next", "next_kind": "url"},
    ),
    (
        {
            "properties": {
                "items": {"type": "array", "items": REF},
                "meta": {
                    "type": "object",
                    "properties": {"next_cursor": {"type": "string"}, "total": {"type": "integer"}},
                },
            }
        },
        {"items": "items", "next": "meta.next_cursor", "next_kind": "cursor", "total": "meta.total"},
    ),
    (
        {"properties": {"response": {"properties": {"pets": {"type": "array", "items": REF}}}}},
        {"items": "response.pets"},
    ),
    ({"type": "object", "additionalProperties": REF}, {"map": ""}),
    ({"properties": {"PetList": {"type": "array", "items": {"type": "string"}}}}, {"items": "PetList", "each": "id"}),
]


@pytest.mark.parametrize(("schema", "expected"), ENVELOPES)
def test_list_envelopes(schema: Any, expected: dict[str, Any]) -> None:
    paths = crud()
    paths["/pets"]["get"] = op(schema)
    binding = bound(paths, "get", "/pets")
    assert binding.kind == "list"
    assert {key: binding.envelope.get(key) for key in expected} == expected


PAGING = [
    ({"starting_after": {"type": "string"}, "limit": {"type": "integer", "default": 10, "maximum": 100}}, "cursor_id"),
    ({"cursor": {"type": "string"}, "limit": {"type": "integer"}}, "cursor"),
    ({"page_token": {"type": "string"}, "page_size": {"type": "integer"}}, "cursor"),
    ({"page": {"type": "integer"}, "per_page": {"type": "integer"}}, "page"),
    ({"page[number]": {"type": "integer"}, "page[size]": {"type": "integer"}}, "page"),
    ({"offset": {"type": "integer"}, "limit": {"type": "integer"}}, "offset"),
    ({"$skip": {"type": "integer"}, "$top": {"type": "integer"}}, "offset"),
]


@pytest.mark.parametrize(("query", "style"), PAGING)
def test_paging_styles(query: dict[str, Any], style: str) -> None:
    paths = crud()
    paths["/pets"]["get"] = op({"type": "array", "items": REF}, query=query)
    binding = bound(paths, "get", "/pets")
    assert binding.paging["style"] == style
    assert "limit" in binding.paging
    assert binding.filters == {}


def test_a_link_header_and_a_total_header() -> None:
    paths = crud()
    headers = {"Link": {"schema": {"type": "string"}}, "X-Total-Count": {"schema": {"type": "integer"}}}
    paths["/pets"]["get"] = op({"type": "array", "items": REF}, query={"page": {"type": "integer"}}, headers=headers)
    paging = bound(paths, "get", "/pets").paging
    assert paging["link"] is True
    assert paging["total_header"] == "x-total-count"


def test_filters_comparisons_sort_and_selection() -> None:
    text = {"type": "string"}
    sort = {"type": "string", "enum": ["name", "-created_at"]}
    query = {"status": text, "filter[name]": text, "created_after": text, "q": text, "sort": sort, "fields": text}
    paths = crud()
    paths["/pets"]["get"] = op({"type": "array", "items": REF}, query=query)
    binding = bound(paths, "get", "/pets")
    assert binding.filters == {"status": "status", "filter[name]": "name"}
    assert binding.comparisons == {"created_after": ("created_at", ">"), "q": ("*", "contains")}
    assert binding.sort["values"] == {"name": ["name", "asc"], "-created_at": ["created_at", "desc"]}
    assert binding.select == "fields"


def test_wrapped_records() -> None:
    wrapped = {"type": "object", "properties": {"pet": REF}}
    paths = crud()
    paths["/pets"]["post"] = op(wrapped, body=wrapped, status="201")
    paths["/pets/{petId}"]["get"] = op(wrapped)
    made = bound(paths, "post", "/pets")
    assert made.envelope["wrap"] == "pet"
    assert made.body["wrap"] == "pet"
    assert made.reply["shows"] == "record"


VERBS = [
    ("/pets/{petId}/archive", "archive", {"status": "archived"}),
    ("/pets/{petId}/publish", "publish", {"published": True}),
    ("/pets/{petId}/unpublish", "unpublish", {"published": False}),
    ("/pets/{petId}/cancel", "cancel", {"cancelled_at": {"$now": True}}),
    ("/pets/{petId}:archive", "archive", {"status": "archived"}),
]


@pytest.mark.parametrize(("path", "verb", "sets"), VERBS)
def test_lifecycle_verbs(path: str, verb: str, sets: dict[str, Any]) -> None:
    binding = bound(crud(**{path: {"post": op(REF)}}), "post", path)
    assert (binding.kind, binding.resource, binding.action, binding.sets) == ("action", "pet", verb, sets)
    assert binding.id_parameter == "petId"


def test_nesting_to_any_depth() -> None:
    toy = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "pet_id": {"type": "integer"}},
    }
    ref = {"$ref": "#/components/schemas/Toy"}
    base = "/shops/{shop}/pets/{petId}/toys"
    paths = crud(
        **{
            base: {"get": op({"type": "array", "items": ref}), "post": op(ref, body=ref)},
            f"{base}/{{toyId}}": {"get": op(ref)},
        }
    )
    found = inferred(paths, Toy=toy)
    made = next(b for b in found.bindings.values() if b.resource == "toy" and b.kind == "create")
    assert [parameter for parameter, _ in made.parents] == ["shop", "petId"]
    assert made.scope == {"shop": "~shop", "petId": "pet_id"}
    assert found.resources["toy"].scoped


def test_put_makes_what_nothing_else_makes() -> None:
    paths = {"/pets/{petId}": {"get": op(REF), "put": op(REF, body=REF)}}
    assert bound(paths, "put", "/pets/{petId}").upsert
    assert not bound(crud(), "put", "/pets/{petId}").upsert


def test_put_on_the_collection_names_the_record_in_the_body() -> None:
    paths = {"/pet": {"post": op(REF, body=REF), "put": op(REF, body=REF)}, "/pet/{petId}": {"get": op(REF)}}
    binding = bound(paths, "put", "/pet")
    assert (binding.kind, binding.id_parameter) == ("replace", "body:id")


def test_json_patch_and_merge_patch() -> None:
    steps = {"type": "array", "items": {"properties": {"op": {"type": "string"}, "path": {"type": "string"}}}}
    paths = crud()
    paths["/pets/{petId}"]["patch"] = op(REF, body=steps, media="application/json-patch+json")
    assert bound(paths, "patch", "/pets/{petId}").body["style"] == "json_patch"
    paths["/pets/{petId}"]["patch"] = op(REF, body=REF, media="application/merge-patch+json")
    assert bound(paths, "patch", "/pets/{petId}").body["style"] == "json_merge_patch"


def test_singletons() -> None:
    settings = {"type": "object", "properties": {"theme": {"type": "string"}}}
    paths = crud(**{"/settings": {"get": op(settings), "put": op(settings, body=settings)}})
    assert bound(paths, "get", "/settings").kind == "singleton_get"
    assert bound(paths, "put", "/settings").kind == "singleton_update"
    below = crud(**{"/pets/{petId}/settings": {"get": op(settings), "put": op(settings, body=settings)}})
    found = bound(below, "put", "/pets/{petId}/settings")
    assert (found.kind, found.resource, found.parents) == ("singleton_update", "pet_setting", (("petId", "pet"),))


BESIDE = [
    ("get", "/pets/findByStatus", {"type": "array", "items": REF}, "search"),
    ("get", "/pets/count", {"type": "object", "properties": {"count": {"type": "integer"}}}, "count"),
    ("post", "/pets/search", {"type": "array", "items": REF}, "search"),
    ("get", "/pets/{petId}/photo", "file", "download"),
]


@pytest.mark.parametrize(("method", "path", "schema", "kind"), BESIDE)
def test_beside_and_below_the_items(method: str, path: str, schema: Any, kind: str) -> None:
    made = op(schema if schema != "file" else None, body={"type": "object"} if method == "post" else None)
    if schema == "file":
        made["responses"]["200"]["content"] = {"image/png": {"schema": {"type": "string", "format": "binary"}}}
    binding = bound(crud(**{path: {method: made}}), method, path)
    assert (binding.kind, binding.resource) == (kind, "pet")


def test_bulk_forms() -> None:
    many = {"type": "array", "items": REF}
    paths = crud(**{"/pets/batch": {"post": op(many, body=many), "delete": op(None, status="204")}})
    assert bound(paths, "post", "/pets/batch").kind == "bulk_create"
    assert bound(paths, "delete", "/pets/batch").kind == "bulk_delete"


def test_procedures_named_by_noun_and_verb() -> None:
    reply = {"properties": {"ok": {"type": "boolean"}, "pet": REF}}
    listed = {"properties": {"ok": {"type": "boolean"}, "pets": {"type": "array", "items": REF}}}
    text = {"type": "string"}
    paths = {
        "/pets.create": {"post": op(reply, body=PET)},
        "/pets.info": {"get": op(reply, query={"pet": text})},
        "/pets.list": {"get": op(listed)},
        "/pets.archive": {"post": op(reply, body={"properties": {"pet": text}})},
    }
    found = {path: bound(paths, next(iter(item)), path) for path, item in paths.items()}
    assert found["/pets.create"].kind == "create"
    assert found["/pets.create"].envelope["constants"]["ok"] is True
    assert found["/pets.info"].id_parameter == "query:pet"
    assert found["/pets.list"].envelope["items"] == "pets"
    assert (found["/pets.archive"].kind, found["/pets.archive"].id_parameter) == ("action", "body:pet")
    assert len({binding.resource for binding in found.values()}) == 1


def test_an_id_that_only_the_reply_of_the_create_shows() -> None:
    created = {"type": "object", "properties": {"detectorId": {"type": "string", "pattern": "^d-[0-9a-f]{8}$"}}}
    shown = {"type": "object", "properties": {"name": {"type": "string"}, "size": {"type": "integer"}}}
    paths = {"/detectors": {"post": op(created, body=shown)}, "/detectors/{detectorId}": {"get": op(shown)}}
    found = inferred(paths)
    made = next(b for b in found.bindings.values() if b.kind == "create")
    assert made.reply["id"] == "detectorId"
    assert found.resources[made.resource or ""].id == "d-{hex:8}"


def test_documented_errors_are_kept_as_skeletons() -> None:
    error = {
        "type": "object",
        "required": ["message"],
        "properties": {"message": {"type": "string"}, "code": {"type": "integer"}},
    }
    paths = crud()
    paths["/pets/{petId}"]["get"]["responses"] = answers(REF) | answers(error, "404")
    found = inferred(paths)
    binding = next(b for b in found.bindings.values() if b.kind == "retrieve")
    status, key = binding.errors["not_found"]
    assert status == 404
    assert found.error_bodies[key]["message"] == "{message}"


def test_what_keeps_nothing_is_a_finding() -> None:
    paths = crud(**{"/reports/generate": {"post": op({"type": "object", "properties": {"url": {"type": "string"}}})}})
    found = inferred(paths)
    assert any("POST /reports/generate" in str(finding) for finding in found.findings)


@pytest.mark.parametrize("broken", [{}, {"/x": {}}, {"/": {"get": {"responses": {}}}}, {"/{a}{b}": {"get": op(REF)}}])
def test_odd_documents_do_not_stop_it(broken: dict[str, Any]) -> None:
    inferred(broken)
