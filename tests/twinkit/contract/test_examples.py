"""Examples: valid by our own reading and by an independent one, repeatable, plausible."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twinkit.contract.small import Small
from twinkit.contract import plausible
from twinkit.contract.draws import Draw
from twinkit.contract.examples import Examples
from twinkit.contract.formats import string_format
from twinkit.contract.matching import matching
from twinkit.contract.naming import FORMATS
from twinkit.contract.validate import accepts

NODE = {"$ref": "#/components/schemas/Node"}
SCHEMAS: dict[str, Any] = {
    "Node": {
        "type": "object",
        "properties": {"id": {"type": "string"}, "next": NODE, "kids": {"type": "array", "items": NODE}},
        "required": ["id", "kids"],
    },
    "Chain": {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#/components/schemas/Chain"}, {"type": "null"}]}},
        "required": ["next"],
    },
    "Base": {
        "type": "object",
        "properties": {"kind": {"type": "string"}, "id": {"type": "integer"}},
        "required": ["kind"],
    },
    "Cat": {
        "allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"properties": {"claws": {"type": "integer", "minimum": 1, "maximum": 5}}, "required": ["claws"]},
        ]
    },
    "Dog": {
        "allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"properties": {"bark": {"type": "boolean"}}, "required": ["bark"]},
        ]
    },
}
CASES: dict[str, Any] = {
    "anything": {},
    "true": True,
    "recursive": NODE,
    "recursion through null": {"$ref": "#/components/schemas/Chain"},
    "allOf": {"$ref": "#/components/schemas/Cat"},
    "types meet": {"allOf": [{"type": ["integer", "string"]}, {"type": "number", "minimum": 7, "multipleOf": 5}]},
    "limits meet": {"allOf": [{"type": "string", "minLength": 4}, {"maxLength": 5}, {"minLength": 5}]},
    "enums meet": {"allOf": [{"enum": ["a", "b", 3]}, {"enum": [3, "b"]}, {"type": "string"}]},
    "discriminator": {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"dog": "#/components/schemas/Dog"}},
    },
    "oneOf of overlapping objects": {
        "oneOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}},
            {"type": "object", "properties": {"b": {"type": "integer"}}},
        ]
    },
    "oneOf of numbers": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    "anyOf beside properties": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "not": {"type": "object", "properties": {"a": {}, "b": {}}, "not": {"required": ["a", "b"]}},
    "not this text": {"type": "string", "enum": ["a", "b"], "not": {"const": "a"}},
    "if": {"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}, "if": {"required": ["a"]},
           "then": {"required": ["b"]}},
    "unique": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
    "unique objects": {"type": "array", "minItems": 4, "uniqueItems": True,
                       "items": {"$ref": "#/components/schemas/Cat"}},
    "prefix": {"minItems": 2, "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
    "contains": {"type": "array", "items": {"type": "integer"}, "contains": {"const": 5}},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3},
    "closed": {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False},
    "at most two": {"type": "object", "properties": {n: {"type": "string"} for n in "abcd"}, "maxProperties": 2,
                    "required": ["d"]},
    "required but undeclared": {"type": "object", "required": ["x_1"],
                                "patternProperties": {"^x_": {"type": "boolean"}}},
    "exclusive": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "exclusive integer": {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    "cents": {"type": "number", "multipleOf": 0.01, "minimum": 0.5, "maximum": 1.5},
    "negative": {"type": "integer", "maximum": -5},
    "int32": {"type": "integer", "format": "int32", "minimum": 2**31 - 1},
    "long text": {"type": "string", "minLength": 300},
    "short e-mail": {"type": "string", "format": "email", "maxLength": 8},
    "pattern": {"type": "string", "pattern": "^(usr|grp)_[A-Za-z0-9]{8,}$", "maxLength": 14},
    "pattern and length": {"type": "string", "pattern": "^[a-z]+$", "minLength": 40, "maxLength": 45},
    "unicode pattern": {"type": "string", "pattern": r"^[\p{L}\d ]{2,}$"},
    "nullable enum": {"type": ["string", "null"], "enum": ["a", None]},
    "null": {"type": "null"},
    "const object": {"const": {"a": [1, 2]}},
    "example offered": {"type": "string", "example": "as documented"},
    "example that does not fit": {"type": "integer", "example": "none"},
    "two closed parts": {
        "allOf": [
            {"properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "integer"}},
            {"properties": {"b": {"type": "integer"}, "c": {"type": "boolean"}}},
        ]
    },
}  # fmt: skip


def judge(schema: Any) -> jsonschema_rs.Draft202012Validator:
    whole = {"allOf": [schema], "components": {"schemas": SCHEMAS}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


@pytest.mark.parametrize("name", CASES)
def test_examples_are_valid_for_us_and_for_another_validator(name: str) -> None:
    schema = CASES[name]
    contract = Small(SCHEMAS)
    examples = Examples(contract, 7)
    other = judge(schema)
    for stream in ("a", "b", "c"):
        for value in (examples.example(schema, stream), examples.required_only(schema, stream)):
            assert accepts(contract, schema, value), value
            assert other.is_valid(value), value


def test_the_seed_and_the_stream_decide_and_nothing_else() -> None:
    one, two, other = (Examples(Small(SCHEMAS), seed) for seed in (7, 7, 8))
    two.example(CASES["map"], "unrelated")
    assert one.example(NODE, "s") == two.example(NODE, "s")
    assert one.example(NODE, "s") != one.example(NODE, "t")
    assert one.example(NODE, "s") != other.example(NODE, "s")


def test_the_short_form_has_null_and_empty_lists() -> None:
    schema = {
        "type": "object",
        "required": ["a", "b", "c", "d"],
        "properties": {
            "a": {"type": ["string", "null"]},
            "b": {"type": "array", "items": {"type": "string"}},
            "c": {"anyOf": [{"type": "object"}, {"type": "null"}]},
            "d": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "e": {"type": "string"},
        },
    }
    value = Examples(Small(), 7).required_only(schema, "s")
    assert (value["a"], value["b"], value["c"], len(value["d"]), "e" in value) == (None, [], None, 1, False)


def test_sides_do_not_show_what_is_not_theirs() -> None:
    schema = {
        "type": "object",
        "required": ["id", "password"],
        "properties": {"id": {"type": "string", "readOnly": True}, "password": {"type": "string", "writeOnly": True}},
    }
    assert set(Examples(Small(), 7).example(schema, "s")) == {"id"}
    assert set(Examples(Small(), 7, direction="request").example(schema, "s")) == {"password"}


def test_names_suggest_values_that_belong_together() -> None:
    names = ("email", "firstName", "last_name", "phone", "city", "url", "currency", "created_at", "is_active", "userId")
    person = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    person["properties"]["created"] = {"type": "integer"}  # type: ignore[index]
    person["properties"]["active"] = {"type": "boolean"}  # type: ignore[index]
    value = Examples(Small(), 7).example(person, "s")
    assert value["email"].startswith(f"{value['firstName']}.{value['last_name']}@example.".lower())
    assert value["phone"].startswith("+1") and value["url"].startswith("https://")
    assert string_format("date-time")(value["created_at"])  # type: ignore[misc]
    assert 1_700_000_000 < value["created"] < 1_800_000_000
    assert value["active"] is True and value["userId"].isalnum()


def test_every_format_is_made_as_it_is_checked() -> None:
    for name, make in FORMATS.items():
        fits = string_format(name)
        text = make(Draw(7, name, optional=True, budget=1))
        assert fits is None or fits(text), (name, text)


PATTERNS = st.sampled_from(
    [
        r"^[a-z]{2,5}-\d+$",
        r"^(a|bc)*$",
        r"\w+@\w+",
        r"^[^x]{3}$",
        r"^(?!a)[a-c]{4}$",
        r"^(\w)\1$",
        r"^.{3,}\.pdf$",
        r"^$",
    ]
)


@given(PATTERNS, st.integers(0, 1000))
def test_texts_match_their_patterns(source: str, seed: int) -> None:
    text = matching(source, Draw(seed, "p", optional=True, budget=1))
    assert text is not None
    assert judge({"pattern": source}).is_valid(text)


@pytest.mark.parametrize("source", ["(", "[a", r"\q{", "(?<=a)b{2", "a{99999999999}"])
def test_patterns_that_cannot_be_read_make_no_text(source: str) -> None:
    assert matching(source, Draw(1, "p", optional=True, budget=1)) is None


def test_a_schema_that_admits_nothing_gives_none() -> None:
    examples = Examples(Small({"Endless": {"type": "object", "required": ["a"], "properties": {}}}), 7)
    endless = {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/Self"}}}
    contract = Small({"Self": endless})
    assert examples.example(False, "s") is None
    assert Examples(contract, 7).example({"$ref": "#/components/schemas/Self"}, "s") is None


def test_the_frozen_data_is_what_faker_made() -> None:
    data = plausible.plausible()
    assert (len(data["people"]), len(data["words"])) == (plausible.PEOPLE, plausible.WORDS)
    assert set(plausible.freeze()["people"][0]) == set(data["people"][0])
