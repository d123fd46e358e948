"""From bytes to plain data: query strings, bracketed forms, JSON and single styled values. No validation.

Every value stays text (or an `Upload`); `twinkit.contract.validate` gives it its declared type. Names nest by
brackets: `a[b]=1` is an object, `a[0]=1` an index map, `a[]=1` a list; a name given twice is a `Repeated` list.
Imports: orjson.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote_to_bytes

import orjson

MAX_DEPTH = 32
MAX_PARAMETERS = 10_000
MAX_JSON_DEPTH = 100

Kind = Literal["malformed", "too_deep", "too_many", "conflict"]
Shape = Literal["scalar", "array", "object"]

_SEPARATORS = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|", "label": ".", "matrix": ","}
_ASCII = {f"{number:02{case}}": chr(number) for number in range(128) for case in "xX"}
_CACHED_NAME = 120


class WireError(ValueError):
    """Input that cannot be decoded: what kind of trouble, and where (a parameter name, or `body`)."""

    def __init__(self, kind: Kind, where: str, message: str = "") -> None:
        super().__init__(message or f"{kind.replace('_', ' ')}: {where}")
        self.kind: Kind = kind
        self.where = where


class Repeated(list[Any]):
    """The values of a name that was given more than once without brackets; a scalar takes the last of them."""


class Upload(NamedTuple):
    """One file of a multipart form."""

    filename: str
    content_type: str
    data: bytes


def parse_query(
    query: bytes,
    whole: tuple[str, ...] = (),
    *,
    max_depth: int = MAX_DEPTH,
    max_parameters: int = MAX_PARAMETERS,
) -> dict[str, Any]:
    """The query string as nested data; `whole` are declared names that themselves carry brackets (`page[size]`).

    Raises WireError for more than `max_parameters` names, nesting beyond `max_depth`, text that is not UTF-8, and
    names that are used both as a value and as an object.
    """
    if not query:
        return {}
    return _decoded(query, "query", whole, max_depth, max_parameters)


def parse_form(
    body: bytes,
    encoding: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    whole: tuple[str, ...] = (),
    max_depth: int = MAX_DEPTH,
    max_parameters: int = MAX_PARAMETERS,
) -> dict[str, Any]:
    """An `application/x-www-form-urlencoded` body as nested data; same rules and errors as `parse_query`.

    `encoding` is the contract's: a property of content type JSON is decoded, one that is not exploded is split.
    `whole`: declared names that themselves carry brackets.
    """
    if not body:
        return {}
    form = _decoded(body, "body", whole, max_depth, max_parameters)
    return apply_encoding(form, encoding) if encoding else form


def parse_json(body: bytes, *, max_depth: int = MAX_JSON_DEPTH) -> Any:
    """A JSON document. Raises WireError when it is malformed or nests deeper than `max_depth`."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise WireError("malformed", "body", str(error)) from None
    if body.count(b"[") + body.count(b"{") > max_depth and _deeper(value, max_depth):
        raise WireError("too_deep", "body")
    return value


def tells(rules: Any) -> bool:
    """Whether the encoding of a form's property says more than that its text is its value."""
    if not isinstance(rules, Mapping):
        return False
    document = str(rules.get("contentType", "")).split(";")[0].strip().endswith("json")
    return document or (rules.get("explode") is False and rules.get("style") != "deepObject")


def apply_encoding(form: dict[str, Any], encoding: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Decode the properties of a form that the contract declares as JSON or as delimited lists, in place."""
    for name in form.keys() & encoding.keys():
        value, rules = form[name], encoding[name]
        if not isinstance(value, str) or not tells(rules):
            continue
        if str(rules.get("contentType", "")).split(";")[0].strip().endswith("json"):
            try:
                form[name] = parse_json(value.encode())
            except WireError as error:
                raise WireError(error.kind, name) from None
        else:
            separator = _SEPARATORS.get(str(rules.get("style", "form")), ",")
            form[name] = value.split(separator) if separator in value else value
    return form


def decode_style(text: str, name: str, style: str, explode: bool, shape: Shape) -> Any:
    """One styled value (`simple`, `label`, `matrix`, `form`, `spaceDelimited`, `pipeDelimited`) as text, list or dict.

    `text` is percent-decoded. What does not follow the style comes back as it is, for the validator to refuse.
    """
    separator = _SEPARATORS.get(style, ",")
    if style == "label":
        text = text.removeprefix(".")
        separator = "." if explode else ","
    elif style == "matrix":
        return _matrix(text, name, explode, shape)
    if shape == "scalar":
        return text
    parts = text.split(separator) if text else []
    if shape == "array":
        return parts
    return _members(parts, explode and style != "form")


def _matrix(text: str, name: str, explode: bool, shape: Shape) -> Any:
    pieces = [piece.partition("=") for piece in text.removeprefix(";").split(";")]
    if shape == "object" and explode:
        return {key: value for key, _, value in pieces}
    values = [value for key, _, value in pieces if key == name]
    if shape == "scalar" or not values:
        return values[-1] if values else text
    parts = values if explode else values[-1].split(",")
    return parts if shape == "array" else _members(parts, False)


def _members(parts: list[str], pairs: bool) -> Any:
    """`["R=100", "G=200"]` (pairs) or `["R", "100", "G", "200"]` as a dict; the text again when it is neither."""
    if pairs:
        return {key: value for key, _, value in (part.partition("=") for part in parts)}
    if len(parts) % 2:
        return ",".join(parts)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def nest(
    pairs: Iterable[tuple[str, Any]], *, whole: tuple[str, ...] = (), max_depth: int = MAX_DEPTH
) -> dict[str, Any]:
    """Nested data from decoded names and values (text or Upload). Raises WireError as `parse_query` does."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        _put(root, name, _path(name), value, whole, max_depth)
    return root


def _decoded(text: bytes, where: str, whole: tuple[str, ...], max_depth: int, limit: int) -> dict[str, Any]:
    if text.count(b"&") >= limit:
        raise WireError("too_many", where)
    root: dict[str, Any] = {}
    try:
        for part in text.decode().split("&"):
            if part:
                sent, _, value = part.partition("=")
                if "%" in value or "+" in value:
                    value = _unquote(value)
                name, path = _named(sent) if len(sent) < _CACHED_NAME else _read_name(sent)
                if path is None and name not in root:
                    root[name] = value
                else:
                    _put(root, name, path, value, whole, max_depth)
    except UnicodeDecodeError:
        raise WireError("malformed", where, "not UTF-8") from None
    return root


def _read_name(sent: str) -> tuple[str, tuple[str, ...] | None]:
    """A name as it was sent, decoded, and the segments of one with brackets."""
    name = _unquote(sent) if "%" in sent or "+" in sent else sent
    return name, _path(name)


_named = lru_cache(maxsize=8192)(_read_name)


def _unquote(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    first, *rest = text.split("%")
    out = [first]
    for piece in rest:
        plain = _ASCII.get(piece[:2])
        if plain is None:
            return unquote_to_bytes(text).decode()
        out.append(plain)
        out.append(piece[2:])
    return "".join(out)


def _put(
    root: dict[str, Any], name: str, path: tuple[str, ...] | None, value: Any, whole: tuple[str, ...], max_depth: int
) -> None:
    """Put a value where its name says."""
    if path is None or name in whole:
        if name in root:
            _repeat(root, name, value, name)
        else:
            root[name] = value
        return
    if len(path) > max_depth:
        raise WireError("too_deep", name[:_CACHED_NAME])
    if len(path) == 2 and path[1]:
        head, member = path
        held = root.get(head)
        if held is None:
            root[head] = {member: value}
            return
        if type(held) is dict and member not in held:
            held[member] = value
            return
    _insert(root, path, value, name)


def _path(name: str) -> tuple[str, ...] | None:
    """`a[b][]` as ("a", "b", ""), None for a name without brackets; one whose brackets do not pair up is a segment."""
    if "[" not in name:
        return None
    head, _, tail = name.partition("[")
    if not head or not tail.endswith("]"):
        return (name,)
    inner = tail[:-1].split("][")
    if any("[" in segment or "]" in segment for segment in inner):
        return (name,)
    return (head, *inner)


def _insert(root: dict[str, Any], path: tuple[str, ...], value: Any, where: str) -> None:
    node: Any = root
    last = len(path) - 1
    for position in range(last):
        segment = path[position]
        wanted: type = dict if path[position + 1] else list
        if type(node) is list:
            node = _element(node, path[position + 1 :], wanted)
            continue
        child = node.get(segment)
        if child is None and segment not in node:
            child = node[segment] = wanted()
        elif type(child) is not wanted:
            raise WireError("conflict", where)
        node = child
    if type(node) is list:
        node.append(value)
    elif path[last] in node:
        _repeat(node, path[last], value, where)
    else:
        node[path[last]] = value


def _element(node: list[Any], rest: tuple[str, ...], wanted: type) -> Any:
    """The element of `a[]` that the rest of the name goes into: the last one until it has that name already."""
    if wanted is dict and node and type(node[-1]) is dict and not _has(node[-1], rest):
        return node[-1]
    element = wanted()
    node.append(element)
    return element


def _has(node: Any, rest: tuple[str, ...]) -> bool:
    for segment in rest:
        if not segment or type(node) is not dict or segment not in node:
            return False
        node = node[segment]
    return True


def _repeat(node: dict[str, Any], name: str, value: Any, where: str) -> None:
    held = node[name]
    if type(held) is Repeated:
        held.append(value)
    elif type(held) is dict or type(held) is list:
        raise WireError("conflict", where)
    else:
        node[name] = Repeated((held, value))


def _deeper(value: Any, limit: int) -> bool:
    """Whether lists and objects nest deeper than `limit`; level by level, so any depth is safe."""
    level = [value]
    for _ in range(limit):
        inner: list[Any] = []
        for node in level:
            if type(node) is dict:
                inner.extend(node.values())
            elif type(node) is list:
                inner.extend(node)
        level = [node for node in inner if type(node) is dict or type(node) is list]
        if not level:
            return False
    return True
