"""Decoding of query strings, forms, multipart bodies and styled values."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkit.contract.multipart import parse_multipart
from twinkit.contract.wire import (
    Repeated,
    Upload,
    WireError,
    decode_style,
    parse_form,
    parse_json,
    parse_query,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", {}),
        (b"a=1&b=", {"a": "1", "b": ""}),
        (b"a&&b=2", {"a": "", "b": "2"}),
        (b"a=1=2", {"a": "1=2"}),
        (b"a=x+y%20z%E2%82%AC", {"a": "x y z€"}),
        (b"a=100%", {"a": "100%"}),
        (b"metadata[k]=v", {"metadata": {"k": "v"}}),
        (b"metadata%5Bk%5D=v", {"metadata": {"k": "v"}}),
        (b"items[0][price]=p&items[1][price]=q", {"items": {"0": {"price": "p"}, "1": {"price": "q"}}}),
        (b"expand[]=a&expand[]=b", {"expand": ["a", "b"]}),
        (b"a[][b]=1&a[][c]=2&a[][b]=3", {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
        (b"a[][]=1&a[][]=2", {"a": [["1"], ["2"]]}),
        (b"a[b][]=1", {"a": {"b": ["1"]}}),
        (b"a=1&a=2", {"a": ["1", "2"]}),
        (b"a[b]=1&a[b]=2&a[b]=3", {"a": {"b": ["1", "2", "3"]}}),
        (b"a[b=1&[c]=2&a]=3", {"a[b": "1", "[c]": "2", "a]": "3"}),
    ],
)
def test_forms_and_queries_nest_by_brackets(text: bytes, expected: dict[str, Any]) -> None:
    assert parse_form(text) == expected
    assert parse_query(text) == expected


def test_a_name_given_twice_is_told_apart_from_a_bracketed_list() -> None:
    assert type(parse_form(b"a=1&a=2")["a"]) is Repeated
    assert type(parse_form(b"a[]=1&a[]=2")["a"]) is list


def test_declared_names_with_brackets_stay_whole() -> None:
    assert parse_query(b"page[size]=2&ids[]=1&ids%5B%5D=2&filter[a]=b", ("page[size]", "ids[]")) == {
        "page[size]": "2",
        "ids[]": ["1", "2"],
        "filter": {"a": "b"},
    }


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"a=1&a[b]=2", "conflict"),
        (b"a[b]=2&a=1", "conflict"),
        (b"a[]=1&a[0]=2", "conflict"),
        (b"a[b]=1&a[b][c]=1", "conflict"),
        (b"a=\xff", "malformed"),
        (b"a=%ff", "malformed"),
        (b"a" + b"[b]" * 40 + b"=1", "too_deep"),
        (b"&".join(b"a=1" for _ in range(10_001)), "too_many"),
    ],
)
def test_what_cannot_be_decoded_is_a_wire_error(text: bytes, kind: str) -> None:
    for parse in (parse_form, parse_query):
        with pytest.raises(WireError) as caught:
            parse(text)
        assert caught.value.kind == kind


NAMES = st.text(st.characters(exclude_characters="[]", exclude_categories=["Cs"]), min_size=1, max_size=8)
TREES = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=4),
    max_leaves=12,
)


def encode(value: Any, name: str) -> list[str]:
    """A nested value as form pairs."""
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in encode(item, f"{name}[{quote_plus(key)}]")]
    return [f"{name}={quote_plus(value)}"]


@given(st.dictionaries(NAMES, TREES, max_size=5))
def test_decoding_is_the_inverse_of_encoding(form: dict[str, Any]) -> None:
    text = "&".join(pair for name, value in form.items() for pair in encode(value, quote_plus(name))).encode()
    assert parse_form(text) == form
    assert parse_query(text) == form


@given(st.binary(max_size=200) | st.text("ab[]&=%+0", max_size=60).map(str.encode))
def test_any_bytes_are_decoded_or_refused(text: bytes) -> None:
    for parse in (parse_form, parse_query, parse_json, lambda b: parse_multipart(b, "multipart/form-data; boundary=a")):
        try:
            parse(text)  # type: ignore[operator]
        except WireError as error:
            assert error.kind in ("malformed", "too_deep", "too_many", "conflict")


def test_encoding_says_which_properties_are_documents_or_delimited() -> None:
    encoding = {
        "blocks": {"contentType": "application/json"},
        "ids": {"style": "form", "explode": False},
        "tags": {"style": "pipeDelimited", "explode": False},
    }
    form = parse_form(b"blocks=[%7B%22a%22:1%7D]&ids=1,2&tags=a|b&other=1,2", encoding)
    assert form == {"blocks": [{"a": 1}], "ids": ["1", "2"], "tags": ["a", "b"], "other": "1,2"}
    with pytest.raises(WireError) as caught:
        parse_form(b"blocks=%7B", encoding)
    assert (caught.value.kind, caught.value.where) == ("malformed", "blocks")


@pytest.mark.parametrize(
    ("text", "style", "explode", "shape", "expected"),
    [
        ("5", "simple", False, "scalar", "5"),
        ("3,4,5", "simple", False, "array", ["3", "4", "5"]),
        ("role,admin,name,alex", "simple", False, "object", {"role": "admin", "name": "alex"}),
        ("role=admin,name=alex", "simple", True, "object", {"role": "admin", "name": "alex"}),
        (".5", "label", False, "scalar", "5"),
        (".3,4,5", "label", False, "array", ["3", "4", "5"]),
        (".3.4.5", "label", True, "array", ["3", "4", "5"]),
        (".role=admin.name=alex", "label", True, "object", {"role": "admin", "name": "alex"}),
        (";id=5", "matrix", False, "scalar", "5"),
        (";id=3,4,5", "matrix", False, "array", ["3", "4", "5"]),
        (";id=3;id=4", "matrix", True, "array", ["3", "4"]),
        (";id=role,admin,name,alex", "matrix", False, "object", {"role": "admin", "name": "alex"}),
        (";role=admin;name=alex", "matrix", True, "object", {"role": "admin", "name": "alex"}),
        ("3 4 5", "spaceDelimited", False, "array", ["3", "4", "5"]),
        ("3|4|5", "pipeDelimited", False, "array", ["3", "4", "5"]),
        ("R,100,G,200", "form", False, "object", {"R": "100", "G": "200"}),
        ("R,100,G", "form", False, "object", "R,100,G"),
        ("", "simple", False, "array", []),
    ],
)
def test_styles(text: str, style: str, explode: bool, shape: Any, expected: Any) -> None:
    assert decode_style(text, "id", style, explode, shape) == expected


def test_multipart_has_fields_and_files() -> None:
    body = (
        b'--X\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nidentity_document\r\n'
        b'--X\r\nContent-Disposition: form-data; name="meta[a]"\r\n\r\n1\r\n'
        b'--X\r\nContent-Disposition: form-data; name="file"; filename="a \\"b\\".png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x00\xff\r\n\r\n--X--\r\n"
    )
    assert parse_multipart(body, 'multipart/form-data; boundary="X"') == {
        "purpose": "identity_document",
        "meta": {"a": "1"},
        "file": Upload('a "b".png', "image/png", b"\x00\xff\r\n"),
    }


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--X--", "multipart/form-data"),
        (b"--X\r\n\r\n", "multipart/form-data; boundary=X"),
        (b"--X\r\nno headers\r\n--X--", "multipart/form-data; boundary=X"),
        (b"--X\r\nA: b\r\n\r\nc\r\n--X--", "multipart/form-data; boundary=X"),
        (b"", "multipart/form-data; boundary=X"),
    ],
)
def test_broken_multipart_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(WireError) as caught:
        parse_multipart(body, content_type)
    assert caught.value.kind == "malformed"


def test_json_is_bounded() -> None:
    assert parse_json(b'{"a": [1, null]}') == {"a": [1, None]}
    assert parse_json(b"[" + b",".join(b"[]" for _ in range(500)) + b"]") == [[]] * 500
    for body, kind in ((b"{", "malformed"), (b"", "malformed"), (b"[" * 101 + b"]" * 101, "too_deep")):
        with pytest.raises(WireError) as caught:
            parse_json(body)
        assert caught.value.kind == kind
