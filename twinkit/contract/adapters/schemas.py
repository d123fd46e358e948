"""Schema nodes of any OpenAPI version → JSON Schema 2020-12, by position, with references by component name.

A broken keyword is dropped with a finding; what remains still describes what the document says. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twinkit.contract.adapters.nulls import ANNOTATIONS, admit_null, explicit
from twinkit.contract.extensions import LENIENT_NULL, SCHEMA_EXTENSIONS, structural
from twinkit.errors import UsageError

TYPES = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})
ALIASES = {
    "int": "integer", "int32": "integer", "int64": "integer", "long": "integer", "float": "number", "double": "number",
    "decimal": "number", "bool": "boolean", "date": "string", "datetime": "string", "date-time": "string",
    "str": "string", "text": "string", "uuid": "string", "file": "string", "binary": "string", "dict": "object",
    "map": "object", "hash": "object", "list": "array", "none": "null",
}  # fmt: skip
MAX_DEPTH = 120
MAX_NODES = 3_000_000
_NUMBERS = frozenset({"minimum", "maximum", "multipleOf"})
_COUNTS = frozenset(
    {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains"}
)
_WORDS = frozenset({"format", "pattern", "contentEncoding", "contentMediaType"})
_FLAGS = frozenset({"uniqueItems", "readOnly", "writeOnly", "deprecated"})
_ONE = frozenset(
    {
        "not", "if", "then", "else", "contains", "propertyNames", "additionalProperties", "unevaluatedProperties",
        "unevaluatedItems", "additionalItems",
    }
)  # fmt: skip
_MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas"})


class Names(Protocol):
    """What the converter needs of its reader."""

    def find(self, code: str, where: str, message: str) -> None:
        """Remark something."""

    def schema_name(self, reference: str, where: str) -> str | None:
        """The component name a reference stands for; None when it leads nowhere."""


class Schemas:
    """Converts schema nodes; `modern` is the 3.1 dialect (type lists, `$ref` with siblings, numeric exclusives)."""

    def __init__(self, names: Names, *, modern: bool) -> None:
        self._names = names
        self._modern = modern
        self._nodes = 0

    def convert(self, node: Any, where: str, depth: int = 0) -> dict[str, Any] | bool:
        """The 2020-12 form of a node; `{}` (anything) for a node that is no schema."""
        if isinstance(node, bool):
            return node
        if not isinstance(node, dict):
            self._names.find("invalid-schema", where, f"a schema is expected, not {_kind(node)}; anything is accepted")
            return {}
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise UsageError(f"the document expands to more than {MAX_NODES} schema nodes")
        if depth > MAX_DEPTH:
            self._names.find("too-deep", where, f"nested deeper than {MAX_DEPTH}; anything is accepted below")
            return {}
        reference = node.get("$ref", node.get("$dynamicRef"))
        if isinstance(reference, str):
            return self._reference(node, reference, where, depth)
        return self._keywords(node, where, depth)

    def _reference(self, node: dict[str, Any], reference: str, where: str, depth: int) -> dict[str, Any] | bool:
        name = self._names.schema_name(reference, where)
        target: dict[str, Any] = {} if name is None else {"$ref": "#/components/schemas/" + name}
        if len(node) == 1:
            return target
        if self._modern:
            rest = self._keywords({key: value for key, value in node.items() if key != "$ref"}, where, depth)
            return {**rest, **target}
        if node.get("nullable") is True or node.get("x-nullable") is True:
            target = {"anyOf": [target, {"type": "null", LENIENT_NULL: True}]}
        for key in ANNOTATIONS:
            if key in node and (key == "default" or isinstance(node[key], bool)):
                target[key] = node[key]
        self._extensions(node, target, where, depth)
        return target

    def _keywords(self, node: dict[str, Any], where: str, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in node.items():
            if key in _MAPS:
                self._map(out, key, value, where, depth)
            elif key in _MANY:
                self._many(out, key, value, where, depth)
            elif key in _ONE:
                self._one(out, key, value, where, depth)
            elif key in _SPECIAL:
                _SPECIAL[key](self, out, value, where, depth)
            elif key in _WORDS:
                self._check(out, key, value, where, isinstance(value, str))
            elif key in _FLAGS:
                self._flag(out, key, value, where)
            elif key in _NUMBERS or key in _COUNTS:
                self._number(out, key, value, where)
        self._bounds(node, out, where)
        self._extensions(node, out, where, depth)
        _reconcile(self._names, out, where)
        if node.get("nullable") is True or node.get("x-nullable") is True:
            return admit_null(out, lenient=self._modern or not explicit(node))
        return out

    def _check(self, out: dict[str, Any], key: str, value: Any, where: str, good: bool) -> bool:
        if good:
            out[key] = value
        else:
            self._names.find("invalid-keyword", where, f"`{key}` cannot be {_kind(value)}; left out")
        return good

    def _map(self, out: dict[str, Any], key: str, value: Any, where: str, depth: int) -> None:
        if isinstance(value, dict):
            out[key] = {name: self.convert(item, f"{where}/{key}/{name}", depth + 1) for name, item in value.items()}
        elif value is not None:
            self._check(out, key, value, where, False)

    def _many(self, out: dict[str, Any], key: str, value: Any, where: str, depth: int) -> None:
        items = value if isinstance(value, list) else [value]
        if not isinstance(value, list):
            self._names.find("invalid-keyword", where, f"`{key}` has to be a list, not {_kind(value)}")
            items = [value] if isinstance(value, dict) else []
        parts = [self.convert(item, f"{where}/{key}/{at}", depth + 1) for at, item in enumerate(items)]
        if parts:
            out[key] = parts

    def _one(self, out: dict[str, Any], key: str, value: Any, where: str, depth: int) -> None:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            value = value.lower() == "true"
        if value is not None:
            out[key] = self.convert(value, f"{where}/{key}", depth + 1)

    def _items(self, out: dict[str, Any], value: Any, where: str, depth: int) -> None:
        if isinstance(value, list):
            self._many(out, "prefixItems", value, where, depth)
        elif value is not None:
            self._one(out, "items", value, where, depth)

    def _type(self, out: dict[str, Any], value: Any, where: str, depth: int) -> None:
        words = value if isinstance(value, list) else [value]
        if isinstance(value, list) and not self._modern:
            self._names.find(
                "invalid-type", where, "`type` is a list, which this version has not; read as alternatives"
            )
        known: list[str] = []
        for word in words:
            mended = word if isinstance(word, str) and word in TYPES else self._mend_type(word, out, where)
            if mended == "any" or mended is None:
                return
            if mended not in known:
                known.append(mended)
        if known:
            out["type"] = known if len(known) > 1 else known[0]

    def _mend_type(self, word: Any, out: dict[str, Any], where: str) -> str | None:
        lowered = word.strip().lower() if isinstance(word, str) else ""
        if lowered == "file":
            out["format"] = "binary"
            return "string"
        mended = lowered if lowered in TYPES else ALIASES.get(lowered)
        if mended is None and isinstance(word, dict):
            self._names.find("invalid-type", where, "`type` is a mapping; anything is accepted")
        elif lowered != "any":
            self._names.find("invalid-type", where, f"no such type: {str(word)[:40]!r}; read as {mended or 'anything'}")
        return mended

    def _required(self, out: dict[str, Any], value: Any, where: str, depth: int) -> None:
        if isinstance(value, bool):
            if depth:
                self._names.find("invalid-keyword", where, "`required` is a list of property names; left out")
        elif self._check(out, "required", value, where, isinstance(value, list)):
            out["required"] = list(dict.fromkeys(name for name in value if isinstance(name, str)))

    def _enum(self, out: dict[str, Any], value: Any, where: str, depth: int) -> None:
        self._check(out, "enum", value, where, isinstance(value, list) and len(value) > 0)

    def _discriminator(self, out: dict[str, Any], value: Any, where: str, depth: int) -> None:
        if isinstance(value, str):
            out["discriminator"] = {"propertyName": value}
            return
        name = value.get("propertyName") if isinstance(value, dict) else None
        if not self._check(out, "discriminator", value, where, isinstance(name, str)):
            return
        out["discriminator"] = {"propertyName": name}
        mapping = value.get("mapping")
        if isinstance(mapping, dict):
            named = {key: self._mapped(item, where) for key, item in mapping.items() if isinstance(item, str)}
            out["discriminator"]["mapping"] = {key: item for key, item in named.items() if item is not None}

    def _mapped(self, item: str, where: str) -> str | None:
        name = self._names.schema_name(item if "#" in item else f"#/components/schemas/{item}", where)
        return None if name is None else "#/components/schemas/" + name

    def _number(self, out: dict[str, Any], key: str, value: Any, where: str) -> None:
        if isinstance(value, str):
            try:
                value = int(value) if value.lstrip("-").isdigit() else float(value)
            except ValueError:
                self._check(out, key, value, where, False)
                return
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if good and key in _COUNTS:
            good = 0 <= value < 2**53 and int(value) == value
            value = int(value) if good else value
        if good and key == "multipleOf":
            good = value > 0
        self._check(out, key, value, where, good and value - value == 0)

    def _flag(self, out: dict[str, Any], key: str, value: Any, where: str) -> None:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            value = value.lower() == "true"
        if self._check(out, key, value, where, isinstance(value, bool)) and not value:
            del out[key]

    def _bounds(self, node: dict[str, Any], out: dict[str, Any], where: str) -> None:
        for key, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            value = node.get(key)
            if value is True:
                if plain in out:
                    out[key] = out.pop(plain)
            elif value is not None and value is not False:
                self._number(out, key, value, where)

    def _examples(self, out: dict[str, Any], value: Any, where: str, depth: int) -> None:
        if isinstance(value, dict):
            value = [item["value"] if isinstance(item, dict) and "value" in item else item for item in value.values()]
        if isinstance(value, list) and value:
            out["examples"] = value

    def _extensions(self, node: dict[str, Any], out: dict[str, Any], where: str, depth: int) -> None:
        for key, value in node.items():
            if not key.startswith("x-") or key == "x-nullable":
                continue
            if key in SCHEMA_EXTENSIONS:
                out[key] = self.convert(value, f"{where}/{key}", depth + 1)
            elif structural(key, value):
                out[key] = value


_SPECIAL: dict[str, Callable[[Schemas, dict[str, Any], Any, str, int], None]] = {
    "type": Schemas._type,
    "items": Schemas._items,
    "required": Schemas._required,
    "enum": Schemas._enum,
    "const": lambda self, out, value, where, depth: out.__setitem__("const", value),
    "default": lambda self, out, value, where, depth: out.__setitem__("default", value),
    "discriminator": Schemas._discriminator,
    "example": lambda self, out, value, where, depth: out.setdefault("examples", [value]),
    "examples": Schemas._examples,
    "xml": lambda self, out, value, where, depth: out.update(xml=value) if isinstance(value, dict) else None,
}  # fmt: skip


def _reconcile(names: Names, out: dict[str, Any], where: str) -> None:
    """An enum has to be of its type: mend text that YAML read as something else, and the other way round."""
    values, kind = out.get("enum"), out.get("type")
    if values is None or kind is None:
        return
    if None in values and isinstance(kind, str):
        kind = out["type"] = kind if kind == "null" else [kind, "null"]
    if kind == "string" or kind == ["string", "null"]:
        mended = [_text(value) for value in values]
    elif kind in ("integer", "number", "boolean"):
        mended = [_scalar(value) for value in values]
    else:
        return
    if mended != values or any(type(a) is not type(b) for a, b in zip(mended, values, strict=True)):
        names.find("enum-type", where, f"values of `enum` are not of type {kind}; converted")
        out["enum"] = mended


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _scalar(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        return int(value) if value.lstrip("-").isdecimal() else float(value)
    except ValueError:
        return value


def _kind(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "a truth value", type(None): "empty"}
    return names.get(type(value), "a number")
