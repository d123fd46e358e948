"""Requests and schemas: coercion, constraints, composition, and that nothing raises."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twinkit.contract.small import Small
from twinkit.contract.examples import Examples
from twinkit.contract.model import Body, Operation, Parameter
from twinkit.contract.validate import RequestValidator, accepts, compile_schema
from twinkit.contract.wire import Repeated, Upload, parse_form, parse_query

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def kinds(found: list[Any]) -> list[tuple[str, tuple[Any, ...]]]:
    return [(one.kind, one.path) for one in found]


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        ({"type": "integer"}, "-12", -12),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "number"}, "2", 2),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "0", False),
        ({"type": ["integer", "null"]}, "", None),
        ({"type": ["string", "null"]}, "", ""),
        ({"type": ["string", "integer"]}, "12", "12"),
        ({"type": ["integer", "string"]}, "12", 12),
        ({"type": "array", "items": {"type": "integer"}}, {"1": "2", "0": "1"}, [1, 2]),
        ({"type": "array", "items": {"type": "integer"}}, "7", [7]),
        ({"type": "array", "items": {"type": "integer"}}, Repeated(["1", "2"]), [1, 2]),
        ({"items": {"type": "integer"}}, {"0": "1"}, [1]),
        ({"type": "string"}, Repeated(["1", "2"]), "2"),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": "1", "b": "2"}, {"a": 1, "b": "2"}),
        ({"anyOf": [{"type": "object"}, {"enum": [""], "type": "string"}]}, "", ""),
        ({"anyOf": [{"enum": ["now"], "type": "string"}, {"type": "integer"}]}, "12", 12),
        ({"enum": [1, 2, None]}, "2", 2),
        ({"type": "string", "enum": ["a", None]}, "", None),
        ({"allOf": [{"type": "integer"}, {"minimum": 3}]}, "4", 4),
        ({"type": "string", "format": "binary"}, Upload("a", "b", b"c"), Upload("a", "b", b"c")),
        ({}, "1", "1"),
    ],
)
def test_wire_text_is_read_as_the_declared_type(schema: dict[str, Any], text: Any, expected: Any) -> None:
    value, found = compile_schema(Small(), schema, coerce=True)(text)
    assert found == []
    assert value == expected and type(value) is type(expected)


@pytest.mark.parametrize(
    ("schema", "text", "kind"),
    [
        ({"type": "integer"}, "1.0", "type"),
        ({"type": "integer"}, "", "type"),
        ({"type": "number"}, "nan", "type"),
        ({"type": "number"}, "1e999", "type"),
        ({"type": "boolean"}, "yes", "type"),
        ({"type": "string"}, {"a": "b"}, "type"),
        ({"type": "object"}, "a", "type"),
        ({"type": "array"}, {"a": "b"}, "type"),
        ({"anyOf": [{"type": "integer"}, {"enum": [""], "type": "string"}]}, "x", "type"),
    ],
)
def test_wire_text_of_another_type_is_refused(schema: dict[str, Any], text: Any, kind: str) -> None:
    assert kinds(compile_schema(Small(), schema, coerce=True)(text)[1]) == [(kind, ())]


@pytest.mark.parametrize(
    ("schema", "good", "bad", "kind"),
    [
        ({"type": "integer"}, [1, 2.0], ["1", True, 1.5, None], "type"),
        ({"type": "string", "minLength": 2, "maxLength": 3}, ["ab"], ["a"], "min_length"),
        ({"maxLength": 3}, ["ab", 12345], ["abcd"], "max_length"),
        ({"minimum": 1, "maximum": 5}, [1, 5, "x"], [0, 0.5], "minimum"),
        ({"exclusiveMinimum": 1}, [1.1], [1], "minimum"),
        ({"maximum": 1, "exclusiveMaximum": True}, [0], [1, 2], "maximum"),
        ({"multipleOf": 0.01}, [1.13, 2], [1.005], "multiple"),
        ({"type": "integer", "format": "int32"}, [2**31 - 1], [2**31], "format"),
        ({"pattern": r"^\d+$"}, ["12", "0"], ["a", "12\n", "\u0661"], "pattern"),
        ({"pattern": r"\p{L}+"}, ["anything"], [], "pattern"),
        ({"enum": [1, "a", None, [1]]}, [1.0, "a", None, [1]], [True, "b", [True]], "enum"),
        ({"const": {"a": 1}}, [{"a": 1.0}], [{"a": 2}], "const"),
        ({"type": "array", "minItems": 1, "maxItems": 2}, [[1]], [[]], "min_items"),
        ({"uniqueItems": True}, [[1, True, "1"]], [[1, 1.0]], "unique"),
        ({"contains": {"type": "string"}}, [[1, "a"]], [[1]], "contains"),
        ({"minProperties": 1}, [{"a": 1}], [{}], "min_properties"),
        ({"maxProperties": 1}, [{"a": 1}], [{"a": 1, "b": 1}], "max_properties"),
        ({"not": {"type": "string"}}, [1], ["a"], "not"),
        (False, [], [1], "not"),
        (True, [1], [], "not"),
        ({"format": "date-time"}, ["2026-01-01T00:00:00Z", 3], ["2026-01-01", "2026-02-30T00:00:00Z"], "format"),
        ({"format": "unknown-to-all"}, ["x"], [], "format"),
        ({"format": "ipv6"}, ["::1"], ["::g"], "format"),
    ],
)
def test_constraints(schema: Any, good: list[Any], bad: list[Any], kind: str) -> None:
    check = compile_schema(Small(), schema)
    for value in good:
        assert check(value)[1] == [], value
    for value in bad:
        assert [one.kind for one in check(value)[1]] == [kind], value


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"required": ["a", "b"]}, {"a": 1}, [("missing", ("b",))]),
        ({"properties": {"a": {"items": {"type": "string"}}}}, {"a": ["x", 1]}, [("type", ("a", 1))]),
        ({"additionalProperties": {"type": "string"}}, {"a": 1}, [("type", ("a",))]),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"b": 1}, [("unknown", ("b",))]),
        ({"patternProperties": {"^x": {"type": "string"}}}, {"x1": 1, "y": 1}, [("type", ("x1",))]),
        ({"prefixItems": [{"type": "string"}], "items": False}, [1, 2], [("type", (0,)), ("not", (1,))]),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, [("missing", ("b",))]),
        ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"a": 1}, [("missing", ("b",))]),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, [("max_length", ("ab",))]),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}, [("missing", ("b",))]),
        ({"if": {"required": ["a"]}, "else": {"required": ["b"]}}, {}, [("missing", ("b",))]),
    ],
)
def test_paths_name_the_place(schema: Any, value: Any, expected: list[Any]) -> None:
    assert kinds(compile_schema(Small(), schema)(value)[1]) == expected


def test_the_nearest_branch_is_reported() -> None:
    address = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    card = {"type": "object", "properties": {"type": {"enum": ["card"]}, "number": {"type": "string"}}}
    schema = {"anyOf": [{"enum": [""], "type": "string"}, {"properties": {"address": address}, "type": "object"}, card]}
    check = compile_schema(Small(), schema)
    assert kinds(check({"address": {}, "type": "bank"})[1]) == [("missing", ("address", "city"))]


def test_a_discriminator_picks_the_branch_of_a_request() -> None:
    contract = Small(
        {
            "Cat": {"type": "object", "required": ["claws"], "properties": {"claws": {"type": "integer"}}},
            "Dog": {"type": "object", "required": ["bark", "size", "coat"]},
        }
    )
    schema = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"d": "#/components/schemas/Dog"}},
    }
    assert [p for _, p in kinds(compile_schema(contract, schema)({"kind": "d", "bark": 1})[1])] == [
        ("size",),
        ("coat",),
    ]


def test_one_of_is_strict_in_replies_only() -> None:
    schema = {"oneOf": [{"type": "integer"}, {"type": "number"}]}
    assert compile_schema(Small(), schema)(1)[1] == []
    assert kinds(compile_schema(Small(), schema, direction="response")(1)[1]) == [("one_of", ())]
    assert not accepts(Small(), schema, 1)
    assert accepts(Small(), schema, 1.5)


def test_recursive_schemas_are_followed_and_circular_ones_accept() -> None:
    contract = Small(
        {
            "Tree": {"type": "object", "properties": {"kids": {"items": {"$ref": "#/components/schemas/Tree"}}}},
            "Loop": {"$ref": "#/components/schemas/Loop"},
            "Both": {"allOf": [{"$ref": "#/components/schemas/Both"}, {"type": "string"}]},
        }
    )
    tree = compile_schema(contract, {"$ref": "#/components/schemas/Tree"})
    assert kinds(tree({"kids": [{"kids": [{}, 3]}]})[1]) == [("type", ("kids", 0, "kids", 1))]
    for name in ("Loop", "Both", "Absent"):
        assert compile_schema(contract, {"$ref": f"#/components/schemas/{name}"})("x")[1] == []


COMPOSED = {
    "allOf": [
        {"type": "object", "properties": {"id": {"type": "string", "readOnly": True}, "a": {}}, "required": ["id"]},
        {"properties": {"b": {"properties": {"c": {}}}}, "required": ["id", "b"], "additionalProperties": False},
    ]
}


def operation(body: Any, *, media: str = JSON, method: str = "post", required: bool = True) -> Operation:
    return Operation("op", method, "/x", body=Body({media: body}, required))


def check_body(body: Any, value: Any, *, media: str = JSON, method: str = "post", **options: Any) -> Any:
    return RequestValidator(Small(), operation(body, media=media, method=method), **options)({}, {}, {}, value, media)


def test_composed_objects_are_closed_as_a_whole_and_read_only_names_are_dropped() -> None:
    seen = check_body(COMPOSED, {"id": "1", "a": 1, "b": {"c": 1}}, unknown="reject")
    assert seen.violations == []
    assert seen.body == {"a": 1, "b": {"c": 1}}
    assert kinds(check_body(COMPOSED, {"b": {"d": 1}, "e": 1}, unknown="reject").violations) == [
        ("unknown", ("b", "d")),
        ("unknown", ("e",)),
    ]
    assert kinds(check_body(COMPOSED, {"b": {"d": 1}, "e": 1}).violations) == [("unknown", ("e",))]
    assert kinds(check_body(COMPOSED, {"id": "1", "b": {}}, read_only=True).violations) == [("read_only", ("id",))]


def test_replies_need_read_only_names_and_not_write_only_ones() -> None:
    schema = {
        "type": "object",
        "required": ["id", "password"],
        "properties": {"id": {"type": "string", "readOnly": True}, "password": {"type": "string", "writeOnly": True}},
    }
    assert kinds(compile_schema(Small(), schema, direction="response")({})[1]) == [("missing", ("id",))]
    assert kinds(compile_schema(Small(), schema)({})[1]) == [("missing", ("password",))]


def test_defaults_are_filled_in_except_by_a_patch() -> None:
    body = {"type": "object", "properties": {"a": {"default": [1]}, "b": {"properties": {"c": {"default": 2}}}}}
    assert check_body(body, {"b": {}}).body == {"a": [1], "b": {"c": 2}}
    assert check_body(body, {"b": {}}, defaults=False).body == {"b": {}}
    assert check_body(body, {"b": {}}, method="patch").body == {"b": {}}


@pytest.mark.parametrize(
    ("body", "media_type", "media", "expected"),
    [
        (None, None, JSON, [("required_body", ())]),
        (None, JSON, JSON, [("type", ())]),
        (None, FORM, FORM, [("missing", ("a",))]),
        ({"a": "1"}, FORM, "*/*", []),
        ({"a": "1"}, "multipart/form-data; boundary=x", "multipart/form-data", []),
        ({"a": "x"}, "application/json; charset=utf-8", JSON, [("type", ("a",))]),
        ({"a": "1"}, FORM, FORM, []),
        ({"a": "1"}, "application/merge-patch+json", JSON, [("type", ("a",))]),
        ({"a": "1"}, JSON, "*/*", [("type", ("a",))]),
        ({"a": "1"}, "text/csv", JSON, []),
        (b"raw", "application/octet-stream", "application/octet-stream", []),
    ],
)
def test_bodies_by_media_type(body: Any, media_type: str | None, media: str, expected: list[Any]) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    validator = RequestValidator(Small(), operation(schema, media=media))
    assert kinds(validator({}, {}, {}, body, media_type).violations) == expected


PARAMETERS = (
    Parameter("id", "path", {"type": "integer"}, required=True, style="simple", explode=False),
    Parameter("limit", "query", {"type": "integer", "default": 10}),
    Parameter("ids", "query", {"type": "array", "items": {"type": "integer"}}, explode=False),
    Parameter("tags", "query", {"type": "array"}, style="pipeDelimited", explode=False),
    Parameter("range", "query", {"type": "object", "properties": {"from": {"type": "integer"}, "to": {}}}),
    Parameter("created", "query", {"type": "object", "properties": {"gt": {"type": "integer"}}}, style="deepObject"),
    Parameter("q", "query", {"type": "object"}, media_type="application/json"),
    Parameter("X-Count", "header", {"type": "integer"}, style="simple", explode=False),
    Parameter("Accept", "header", {"type": "integer"}, required=True),
    Parameter("sid", "cookie", {"type": "string", "minLength": 2}, required=True),
)


BRACKETED = tuple(one.name for one in PARAMETERS if one.location == "query" and "[" in one.name)


def request(query: bytes = b"", headers: dict[str, str] | None = None, id: str = "3", **options: Any) -> Any:
    held = Operation("op", "get", "/x/{id}", PARAMETERS)
    validator = RequestValidator(Small(), held, **options)
    return validator({"id": id}, parse_query(query, BRACKETED), headers or {"cookie": "a=1; sid=xy"}, None, None)


def test_parameters_of_every_kind() -> None:
    seen = request(b"ids=1,2&tags=a|b&from=4&created[gt]=5&q=%7B%22a%22:1%7D", {"x-count": "2", "cookie": "sid=xy"})
    assert seen.violations == []
    assert seen.path == {"id": 3}
    assert seen.headers == {"x-count": 2}
    assert seen.cookies == {"sid": "xy"}
    assert seen.query == {
        "limit": 10,
        "ids": [1, 2],
        "tags": ["a", "b"],
        "range": {"from": 4},
        "created": {"gt": 5},
        "q": {"a": 1},
    }


def test_parameters_are_refused_where_they_are() -> None:
    seen = request(b"limit=a&created[gt]=b&from=c&q=%7B&other=1", {"x-count": "z"}, id="q", unknown="reject")
    assert [(v.location, *kinds([v])[0]) for v in seen.violations] == [
        ("path", "type", ("id",)),
        ("query", "type", ("limit",)),
        ("query", "type", ("range", "from")),
        ("query", "type", ("created", "gt")),
        ("query", "type", ("q",)),
        ("query", "unknown", ("other",)),
        ("header", "type", ("X-Count",)),
        ("cookie", "missing", ("sid",)),
    ]


def test_names_of_an_open_object_stand_beside_other_parameters() -> None:
    numbers = {"type": "object", "additionalProperties": {"type": "integer"}}
    held = Operation("op", "get", "/", (Parameter("filters", "query", numbers), Parameter("q", "query", {})))
    validator = RequestValidator(Small(), held, unknown="reject")
    assert validator({}, parse_query(b"a=1&q=x&b=2"), {}, None, None).query == {"filters": {"a": 1, "b": 2}, "q": "x"}
    assert kinds(validator({}, parse_query(b"a=x"), {}, None, None).violations) == [("type", ("filters", "a"))]
    assert validator({}, parse_query(b"filters=%7B%22a%22:1%7D"), {}, None, None).query == {"filters": {"a": 1}}


def test_unknown_query_names_are_kept_unless_refused() -> None:
    seen = request(b"other=1")
    assert seen.violations == []
    assert seen.query["other"] == "1"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYWORDS = st.sampled_from(
    [
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "items",
        "prefixItems",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
        "contains",
        "minContains",
        "minProperties",
        "maxProperties",
        "additionalProperties",
        "patternProperties",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedProperties",
        "discriminator",
        "readOnly",
        "writeOnly",
        "default",
        "$ref",
    ]
)
SCHEMAS = st.recursive(
    JSON_VALUES,
    lambda inner: st.dictionaries(KEYWORDS, inner | st.lists(inner, max_size=3) | st.sampled_from(["a", "array"])),
    max_leaves=15,
)


@given(SCHEMAS, JSON_VALUES | st.text(max_size=5), st.booleans())
def test_no_schema_and_no_value_make_the_validator_raise(schema: Any, value: Any, coerce: bool) -> None:
    compile_schema(Small(), schema, coerce=coerce)(value)
    accepts(Small(), schema, value)
    seen = check_body(schema, value, media=FORM if coerce else JSON, unknown="reject")
    assert isinstance(seen.violations, list)


def test_parts_of_multipart_forms_may_be_json() -> None:
    item = {"type": "object", "properties": {"n": {"type": "integer"}}}
    body = {"properties": {"item": item, "items": {"type": "array", "items": item}, "text": {"type": "string"}}}
    sent = {"item": '{"n": 1}', "items": '[{"n": 2}]', "text": "{}"}
    assert check_body(body, sent, media="multipart/form-data").body == {
        "item": {"n": 1},
        "items": [{"n": 2}],
        "text": "{}",
    }
    assert kinds(check_body(body, {"item": "{"}, media="multipart/form-data").violations) == [("type", ("item",))]
    assert kinds(check_body(body, sent, media=FORM).violations) == [("type", ("item",)), ("type", ("items", 0))]


def test_a_form_is_validated_as_it_arrives() -> None:
    body = {
        "type": "object",
        "properties": {
            "amount": {"type": "integer"},
            "items": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "metadata": {"anyOf": [{"type": "object", "additionalProperties": {"type": "string"}}, {"enum": [""]}]},
        },
        "required": ["amount"],
    }
    form = parse_form(b"amount=5&items[0][n]=1&items[1][n]=x&items[1][m]=1&metadata[a]=b&zip=1")
    seen = check_body(body, form, media=FORM, unknown="reject")
    assert kinds(seen.violations) == [
        ("type", ("items", 1, "n")),
        ("unknown", ("items", 1, "m")),
        ("unknown", ("zip",)),
    ]
    assert seen.body["amount"] == 5 and seen.body["metadata"] == {"a": "b"}


LIMITS = st.integers(0, 3)
WELL_FORMED = st.recursive(
    st.one_of(
        st.booleans(),
        st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "number", "boolean", "null"])}),
        st.fixed_dictionaries({"type": st.just(["integer", "null"]), "minimum": LIMITS}),
        st.fixed_dictionaries({}, optional={"minLength": LIMITS, "maxLength": LIMITS, "multipleOf": st.just(2)}),
        st.fixed_dictionaries({"enum": st.lists(st.sampled_from([0, 1, True, "a", None, [1], {"a": 1}]), min_size=1)}),
        st.fixed_dictionaries({"pattern": st.sampled_from(["^a", "b$", "[0-9]"])}),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object")},
            optional={
                "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
                "required": st.lists(st.sampled_from("abc"), unique=True, max_size=2),
                "additionalProperties": inner,
                "patternProperties": st.dictionaries(st.sampled_from(["^a", "c$"]), inner, max_size=1),
                "minProperties": LIMITS,
                "maxProperties": LIMITS,
                "propertyNames": inner,
            },
        ),
        st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={
                "items": inner,
                "prefixItems": st.lists(inner, min_size=1, max_size=2),
                "minItems": LIMITS,
                "maxItems": LIMITS,
                "uniqueItems": st.booleans(),
                "contains": inner,
            },
        ),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"if": inner, "then": inner, "else": inner}),
    ),
    max_leaves=8,
)
VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 2, 3.5, "", "a", "ab", "1", "abcd"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=6,
)


@given(WELL_FORMED, VALUES)
def test_we_accept_what_another_validator_accepts(schema: Any, value: Any) -> None:
    assert accepts(Small(), schema, value) == jsonschema_rs.Draft202012Validator(schema).is_valid(value)


@given(WELL_FORMED, st.integers(0, 99))
def test_examples_are_valid_whenever_one_can_be_found(schema: Any, seed: int) -> None:
    contract = Small()
    value = Examples(contract, seed).example(schema, "s")
    assert Examples(contract, seed).example(schema, "s") == value
    assert accepts(contract, schema, value) == jsonschema_rs.Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("text", "schema", "read"),
    [("spam", {"type": "string"}, "spam"), ('"spam"', {"type": "string"}, "spam"), ("7", {"type": "integer"}, 7)],
)
def test_a_scalar_in_a_path_may_stand_bare_where_json_is_documented(text: str, schema: Any, read: Any) -> None:
    parameter = Parameter("name", "path", schema, required=True, media_type=JSON)
    validator = RequestValidator(Small(), Operation("get", "get", "/lists/{name}", parameters=(parameter,)))
    seen = validator({"name": text}, {}, {}, None, None)
    assert (seen.path, seen.violations) == ({"name": read}, [])
