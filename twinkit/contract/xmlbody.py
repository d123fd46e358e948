"""XML bodies: a tree of elements read safely, and what a schema makes of it. Imports: contract.model, names, wire.

No document type is accepted, so nothing can be expanded. The schema's `xml` hints (name, attribute, wrapped) are
followed; text stays text, for the validator to read as the declared types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from twinkit.contract.model import Contract, Schema
from twinkit.contract.names import parts
from twinkit.contract.wire import MAX_JSON_DEPTH, Repeated, WireError


@dataclass(slots=True)
class Element:
    """One element; names without their namespace prefix."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    text: str = ""


def parse_xml(body: bytes) -> Element:
    """The root element. Raises WireError when the document is malformed, has a document type or nests too deeply."""
    from xml.parsers import expat

    top = Element("")
    open_: list[Element] = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_) > MAX_JSON_DEPTH:
            raise WireError("too_deep", "body")
        plain = {_local(key): value for key, value in attributes.items() if not key.startswith("xmlns")}
        open_.append(Element(_local(name), plain))
        open_[-2].children.append(open_[-1])

    def end(name: str) -> None:
        open_.pop()

    def characters(data: str) -> None:
        open_[-1].text += data

    def doctype(*declared: Any) -> None:
        raise WireError("malformed", "body", "a document type is not accepted")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, WireError):
            raise
        raise WireError("malformed", "body", f"not XML: {error}") from None
    return top.children[0]


def by_schema(contract: Contract, schema: Schema, element: Element) -> Any:
    """The value that the root element stands for; an element named like a property is that property alone."""
    properties = properties_in(contract, schema)
    named = {_spelled(contract, name, node): name for name, node in properties.items()}
    known = any(child.name in named for child in element.children) or any(a in named for a in element.attributes)
    if element.name in named and not known:
        name = named[element.name]
        return {name: _value(contract, properties[name], [element])}
    return _value(contract, schema, [element])


def _value(contract: Contract, schema: Schema, found: list[Element]) -> Any:
    """What the elements of one name are for a schema: a list of them, or the last one."""
    nodes = list(parts(contract, schema))
    items = next((node["items"] for node in nodes if "items" in node), None)
    if items is not None:
        return [_value(contract, items, [one]) for one in _items(contract, nodes, items, found)]
    element = found[-1]
    if any("properties" in node for node in nodes):
        return _object(contract, schema, element)
    if not element.children and not element.attributes:
        return Repeated(one.text for one in found) if len(found) > 1 else element.text
    return _untold(element)


def _items(contract: Contract, nodes: list[Mapping[str, Any]], items: Schema, found: list[Element]) -> list[Element]:
    """The elements of a list: those given, or the children of the one that wraps them."""
    if len(found) != 1:
        return found
    element = found[0]
    if any(isinstance(node.get("xml"), Mapping) and node["xml"].get("wrapped") is True for node in nodes):
        return element.children
    names = {child.name for child in element.children}
    inner = {_spelled(contract, name, node) for name, node in properties_in(contract, items).items()}
    if len(names) == 1 and not names & inner:
        return element.children
    return [] if not element.children and not element.text.strip() and not element.attributes else found


def _object(contract: Contract, schema: Schema, element: Element) -> dict[str, Any]:
    out: dict[str, Any] = dict(element.attributes)
    properties = properties_in(contract, schema)
    named = {_spelled(contract, name, node): name for name, node in properties.items()}
    for attribute in element.attributes:
        if attribute in named:
            out[named[attribute]] = out.pop(attribute)
    grouped: dict[str, list[Element]] = {}
    for child in element.children:
        grouped.setdefault(child.name, []).append(child)
    for name, children in grouped.items():
        own = named.get(name, name)
        out[own] = _value(contract, properties.get(own, True), children)
    return out


def _untold(element: Element) -> Any:
    """An element about which no schema says anything: text, or a mapping of what it holds."""
    if not element.children and not element.attributes:
        return element.text
    out: dict[str, Any] = dict(element.attributes)
    for child in element.children:
        value = _untold(child)
        if child.name in out:
            held = out[child.name]
            out[child.name] = [*held, value] if isinstance(held, list) else [held, value]
        else:
            out[child.name] = value
    return out


def properties_in(contract: Contract, schema: Schema) -> dict[str, Any]:
    """Every property that a schema or a part of it declares."""
    found: dict[str, Any] = {}
    for node in parts(contract, schema):
        declared = node.get("properties")
        for name, inner in declared.items() if isinstance(declared, Mapping) else ():
            found.setdefault(name, inner)
    return found


def _spelled(contract: Contract, name: str, schema: Schema) -> str:
    """The name of a property's element; that of a list's items where they stand unwrapped."""
    found = list(hints(contract, schema))
    if not any(hint.get("wrapped") for hint in found):
        items = next((node["items"] for node in parts(contract, schema) if "items" in node), None)
        found = [*hints(contract, items), *found]
    return next((hint["name"] for hint in found if isinstance(hint.get("name"), str)), name)


def hints(contract: Contract, schema: Schema | None) -> Iterator[Mapping[str, Any]]:
    """The `xml` of a node and of what it refers to, but not of its alternatives."""
    for _ in range(8):
        if not isinstance(schema, Mapping):
            return
        if isinstance(schema.get("xml"), Mapping):
            yield schema["xml"]
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return
        try:
            schema = contract.schema(reference.rpartition("/")[2])
        except KeyError:
            return


def _local(name: str) -> str:
    return name.rpartition(":")[2]
