"""Plain data as XML, for operations that answer nothing else, by the `xml` hints of a schema where there is one:
name, attribute, wrapped, namespace, prefix (https://spec.openapis.org/oas/v3.0.3#xml-object).

Imports: contract (names, xmlbody).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from twinkit.contract.model import Contract, Schema
from twinkit.contract.names import parts
from twinkit.contract.xmlbody import hints, properties_in

NAME = re.compile(r"[^A-Za-z0-9_.-]")
UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML cannot hold."""


def to_xml(data: Any, root: str = "response", contract: Contract | None = None, schema: Schema = True) -> bytes:
    """A document with one element per property; list items repeat the element of their property."""
    writer = Writer(contract)
    hint = writer.hint(schema)
    if isinstance(data, list):
        inner = writer.items("item", data, schema) if hint.get("wrapped") is not True else ""
        whole = f"<{root}>{inner}</{root}>" if inner else writer.element(root, data, schema)
    else:
        whole = writer.element(str(hint.get("name") or root), data, schema)
    return f'<?xml version="1.0" encoding="UTF-8"?>{whole}'.encode("utf-8", "replace")


class Writer:
    """Writes values of one contract's schemas."""

    def __init__(self, contract: Contract | None) -> None:
        self._contract = contract

    def hint(self, schema: Schema) -> dict[str, Any]:
        """The `xml` of a schema; what stands nearest counts."""
        found: dict[str, Any] = {}
        for each in hints(self._contract, schema) if self._contract is not None else ():
            found = {**each, **found}
        return found

    def element(self, name: str, data: Any, schema: Schema = True) -> str:
        """The element of a value; the elements of a list's items where they stand unwrapped."""
        hint = self.hint(schema)
        if isinstance(data, list):
            inner = self.items(name, data, schema)
            if hint.get("wrapped") is True:
                return _tagged(_tag(str(hint.get("name") or name), hint), inner, _spaces(hint))
            return inner or f"<{_tag(name, {})}/>"
        tag = _tag(str(hint.get("name") or name), hint)
        if isinstance(data, Mapping):
            return self._object(tag, data, schema, hint)
        return _tagged(tag, _text(data), _spaces(hint), empty=data is None)

    def items(self, name: str, data: list[Any], schema: Schema) -> str:
        """One element for each item of a list, called as the items are, else as the list."""
        nodes = parts(self._contract, schema) if self._contract is not None else ()
        each: Schema = next((node["items"] for node in nodes if "items" in node), True)
        hint = self.hint(schema)
        own = str(hint["name"]) if hint.get("wrapped") is True and "name" in hint else name
        return "".join(self.element(own, item, each) for item in data)

    def _object(self, tag: str, data: Mapping[str, Any], schema: Schema, hint: Mapping[str, Any]) -> str:
        known = properties_in(self._contract, schema) if self._contract is not None else {}
        inner, marks = [], _spaces(hint)
        for name, value in data.items():
            own = self.hint(known.get(name, True))
            if own.get("attribute") is not True:
                inner.append(self.element(name, value, known.get(name, True)))
            elif value is not None:
                marks += f"{_spaces(own)} {_tag(str(own.get('name') or name), own)}={quoteattr(_plain(value))}"
        return _tagged(tag, "".join(inner), marks)


def _tagged(tag: str, inner: str, marks: str = "", *, empty: bool = False) -> str:
    return f"<{tag}{marks}/>" if empty else f"<{tag}{marks}>{inner}</{tag}>"


def _tag(name: str, hint: Mapping[str, Any]) -> str:
    tag = NAME.sub("_", name)
    if not tag or not (tag[0].isalpha() or tag[0] == "_"):
        tag = f"_{tag}"
    prefix = hint.get("prefix")
    return f"{NAME.sub('_', prefix)}:{tag}" if isinstance(prefix, str) and prefix and hint.get("namespace") else tag


def _spaces(hint: Mapping[str, Any]) -> str:
    """The declaration of a hint's namespace."""
    namespace, prefix = hint.get("namespace"), hint.get("prefix")
    if not isinstance(namespace, str) or not namespace:
        return ""
    name = f"xmlns:{NAME.sub('_', prefix)}" if isinstance(prefix, str) and prefix else "xmlns"
    return f" {name}={quoteattr(namespace)}"


def _plain(data: Any) -> str:
    return str(data).lower() if isinstance(data, bool) else UNSAYABLE.sub("", str(data))


def _text(data: Any) -> str:
    return "" if data is None else escape(_plain(data))
