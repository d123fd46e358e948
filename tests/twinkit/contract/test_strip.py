"""Stripping by position: prose goes, properties that are called like prose stay."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from twinkit.contract.strip import dumps, strip

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {
        "title": "T",
        "version": "1",
        "description": "prose",
        "contact": {"email": "x"},
        "license": {"name": "MIT", "url": "u"},
    },
    "tags": [{"name": "a", "description": "prose"}],
    "externalDocs": {"url": "u"},
    "x-tagGroups": [],
    "servers": [
        {"url": "https://{d}/v1", "description": "prose", "variables": {"d": {"default": "x", "description": "prose"}}}
    ],
    "paths": {
        "/a": {
            "summary": "prose",
            "get": {
                "operationId": "getA",
                "summary": "prose",
                "description": "prose",
                "tags": ["a"],
                "x-codeSamples": [{"lang": "sh"}],
                "x-scopes-required": ["read"],
                "parameters": [
                    {"name": "title", "in": "query", "description": "prose", "example": 1, "schema": {"type": "string"}}
                ],
                "responses": {
                    "200": {
                        "description": "prose",
                        "headers": {"description": {"description": "prose", "schema": {"type": "integer"}}},
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/examples/Odd/value"},
                                "example": {"a": 1},
                                "examples": {"b": {"value": 2}},
                            }
                        },
                    },
                    "default": {"$ref": "#/components/responses/E"},
                },
            },
        }
    },
    "components": {
        "examples": {"Odd": {"value": {"type": "object", "description": "prose"}}},
        "responses": {"E": {"description": "prose"}},
        "schemas": {
            "description": {
                "title": "prose",
                "description": "prose",
                "example": {"x": 1},
                "type": "object",
                "required": ["title", "example"],
                "properties": {
                    "title": {"type": "string", "description": "prose", "title": "prose"},
                    "description": {"type": "string", "nullable": True},
                    "example": {"type": "object", "properties": {"examples": {"enum": ["a b", "c"], "default": "c"}}},
                    "$ref": {"type": "string"},
                    "nullable": {"anyOf": [{"type": "integer", "description": "prose"}]},
                    "x-custom": {"type": "string"},
                },
                "additionalProperties": {"description": "prose", "type": "string"},
                "x-expandableFields": ["a"],
                "x-expansionResources": {"oneOf": [{"$ref": "#/components/schemas/description", "title": "prose"}]},
                "x-docs": {"a": "b"},
                "x-note": "several words of prose",
            }
        },
        "securitySchemes": {
            "o": {
                "type": "oauth2",
                "description": "prose",
                "flows": {"password": {"tokenUrl": "u", "scopes": {"read": "prose"}}},
            }
        },
    },
}

STRIPPED: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "T", "version": "1", "license": {"name": "MIT"}},
    "servers": [{"url": "https://{d}/v1", "variables": {"d": {"default": "x"}}}],
    "paths": {
        "/a": {
            "get": {
                "operationId": "getA",
                "tags": ["a"],
                "x-scopes-required": ["read"],
                "parameters": [{"name": "title", "in": "query", "schema": {"type": "string"}}],
                "responses": {
                    "200": {
                        "description": "",
                        "headers": {"description": {"schema": {"type": "integer"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/examples/Odd/value"}}},
                    },
                    "default": {"$ref": "#/components/responses/E"},
                },
            },
        }
    },
    "components": {
        "responses": {"E": {"description": ""}},
        "schemas": {
            "description": {
                "type": "object",
                "required": ["title", "example"],
                "properties": {
                    "title": {"type": "string"},
                    "description": {"type": "string", "nullable": True},
                    "example": {"type": "object", "properties": {"examples": {"enum": ["a b", "c"], "default": "c"}}},
                    "$ref": {"type": "string"},
                    "nullable": {"anyOf": [{"type": "integer"}]},
                    "x-custom": {"type": "string"},
                },
                "additionalProperties": {"type": "string"},
                "x-expandableFields": ["a"],
                "x-expansionResources": {"oneOf": [{"$ref": "#/components/schemas/description"}]},
            }
        },
        "securitySchemes": {"o": {"type": "oauth2", "flows": {"password": {"tokenUrl": "u", "scopes": {"read": ""}}}}},
        "examples": {"Odd": {"value": {"type": "object"}}},
    },
}


def test_structure_only() -> None:
    before = copy.deepcopy(DOCUMENT)
    assert strip(DOCUMENT) == STRIPPED
    assert before == DOCUMENT


def test_stripping_again_changes_nothing() -> None:
    assert dumps(strip(STRIPPED)) == dumps(STRIPPED)


def test_one_line_for_each_operation_and_schema() -> None:
    lines = dumps(STRIPPED).decode().splitlines()
    assert sum('"operationId"' in line for line in lines) == 1
    assert any(line.startswith('   "get": {') for line in lines)
    assert any(line.startswith('   "description": {"type":"object"') for line in lines)


def test_errors_of_version_2() -> None:
    schema = {
        "type": "object",
        "title": "prose",
        "properties": {"error": {"enum": ["not_authed"], "description": "prose"}},
    }
    operation = {
        "responses": {"default": {"description": "prose", "schema": schema, "examples": {"application/json": {}}}}
    }
    stripped = strip({"swagger": "2.0", "paths": {"/x": {"post": operation}}, "definitions": {"title": schema}})
    kept = {"type": "object", "properties": {"error": {"enum": ["not_authed"]}}}
    assert stripped["paths"]["/x"]["post"]["responses"] == {"default": {"description": "", "schema": kept}}
    assert stripped["definitions"] == {"title": kept}


def test_topics() -> None:
    topic = {
        "subscribe": {"summary": "prose", "payload": {"type": "object", "title": "prose"}, "x-tokens-allowed": ["bot"]}
    }
    stripped = strip({"asyncapi": "1.2.0", "topics": {"app.mention": topic}})
    assert stripped["topics"] == {
        "app.mention": {"subscribe": {"payload": {"type": "object"}, "x-tokens-allowed": ["bot"]}}
    }


@pytest.mark.parametrize("odd", [None, 7, "text", [], [1], {}, True, {"a": None}])
def test_wrong_nodes(odd: Any) -> None:
    for key in ("info", "paths", "components", "servers", "tags", "definitions"):
        strip({"openapi": "3.0.0", key: odd})
        strip({"openapi": "3.0.0", "paths": {"/a": {"get": {"parameters": odd, "responses": odd, "requestBody": odd}}}})
        strip({"openapi": "3.0.0", "components": {"schemas": {"a": odd, "b": {"properties": odd, "allOf": odd}}}})
