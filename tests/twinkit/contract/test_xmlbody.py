"""XML bodies by the schema's hints, and without any."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twinkit.contract.small import Small
from twinkit.contract.validate import compile_schema
from twinkit.contract.xmlbody import by_schema, parse_xml

LINE = {
    "type": "object",
    "properties": {"sku": {"type": "string", "xml": {"attribute": True}}, "n": {"type": "integer"}},
}
ORDER: dict[str, Any] = {
    "type": "object",
    "xml": {"name": "order", "prefix": "o"},
    "properties": {
        "number": {"type": "integer", "xml": {"attribute": True}},
        "lines": {"type": "array", "xml": {"wrapped": True}, "items": {"$ref": "#/components/schemas/Line"}},
        "tags": {"type": "array", "items": {"type": "integer", "xml": {"name": "tag"}}},
        "names": {"type": "array", "items": {"type": "string"}},
        "to": {"type": "object", "xml": {"name": "recipient"}, "properties": {"town": {"type": "string"}}},
    },
}
CONTRACT = Small({"Line": {**LINE, "xml": {"name": "line"}}})


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("<order number='7'/>", {"number": 7}),
        ("<o:order xmlns:o='u' o:number='7'><number>8</number></o:order>", {"number": 8}),
        ("<order><lines/></order>", {"lines": []}),
        ("<order><lines><line sku='a'><n>1</n></line></lines></order>", {"lines": [{"sku": "a", "n": 1}]}),
        ("<order><lines><line sku='a'/><line sku='b'/></lines></order>", {"lines": [{"sku": "a"}, {"sku": "b"}]}),
        ("<order><tag>1</tag></order>", {"tags": [1]}),
        (
            "<order><tag>1</tag><recipient><town>x</town></recipient><tag>2</tag></order>",
            {"tags": [1, 2], "to": {"town": "x"}},
        ),
        ("<order><names><name>a</name><name>b</name></names></order>", {"names": ["a", "b"]}),
        ("<order><names>a</names><names>b</names></order>", {"names": ["a", "b"]}),
        ("<order><other a='1'><b>x</b><b>y</b></other></order>", {"other": {"a": "1", "b": ["x", "y"]}}),
        ("<recipient><town>x</town></recipient>", {"to": {"town": "x"}}),
    ],
)
def test_a_body_by_its_schema(body: str, value: Any) -> None:
    decoded = by_schema(CONTRACT, ORDER, parse_xml(body.encode()))
    read, violations = compile_schema(CONTRACT, ORDER, coerce=True)(decoded)
    assert violations == []
    assert read == value
