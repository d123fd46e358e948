"""Block Kit validation: what is wrong with blocks or a view, in the service's words with JSON pointers. Pure.

Sources: https://docs.slack.dev/reference/block-kit, https://docs.slack.dev/reference/methods/blocks.validate; the words
are those of the validator the service publishes, https://github.com/slackhq/hack-json-schema. Imports: blockrules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from twins.slack import blockrules
from twins.slack.blockrules import ADMITTED, BLOCKS, ELEMENTS, OBJECTS, Kind

PLAIN = ("plain_text",)
ANY = ("plain_text", "mrkdwn")
TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "str": (str, "a string"), "enum": (str, "a string"), "arr": (list, "an array"), "obj": (Mapping, "an object"),
    "bool": (bool, "a boolean"), "num": ((int, float), "a number"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong, and where."""

    text: str
    at: str
    constraint: Mapping[str, Any] = field(default_factory=dict)
    """What was expected, as `blocks.validate` tells it."""

    def __str__(self) -> str:
        return f"{self.text} [json-pointer:{self.at}]"


def check_blocks(blocks: Any, most: int = 50, root: str = "/blocks") -> list[Wrong]:
    """What is wrong with a list of blocks; empty when nothing is."""
    if not isinstance(blocks, list):
        return [Wrong("must provide an array", root)]
    if len(blocks) > most:
        return [Wrong(f"no more than {most} items allowed", root, {"type": "max_items", "expected": most})]
    found = [wrong for place, block in enumerate(blocks) for wrong in _block(block, f"{root}/{place}")]
    return found + list(_twice(blocks, "block_id", root))


def _twice(items: Any, name: str, root: str) -> Iterator[Wrong]:
    """The ids of a list that are not the first of their kind."""
    seen: set[str] = set()
    for place, item in enumerate(items if isinstance(items, list) else ()):
        id = item.get(name) if isinstance(item, Mapping) else None
        if id and str(id) in seen:
            yield Wrong(f'`{name}` "{id}" already exists', f"{root}/{place}/{name}")
        seen.add(str(id))


def _kind_of(node: Any, at: str, known: Any) -> Iterator[Wrong]:
    """What is wrong with the type of a block, element or text."""
    if not isinstance(node, Mapping):
        yield Wrong("must provide an object", at)
    elif not node.get("type"):
        yield Wrong("missing required field: type", at)
    elif str(node["type"]) not in known:
        expected = {"type": "enum", "expected": list(known)}
        yield Wrong(f"unsupported type: {node['type']}", f"{at}/type", expected)


def _block(block: Any, at: str) -> Iterator[Wrong]:
    wrong = list(_kind_of(block, at, (*BLOCKS, *blockrules.LOOSE)))
    if wrong or block["type"] in blockrules.LOOSE:
        yield from wrong
        return
    kind = str(block["type"])
    if kind == "section" and not block.get("text") and not block.get("fields"):
        yield Wrong("must define either `text` or `fields`", f"{at}/type")
    if kind == "image" and not block.get("image_url") and not block.get("slack_file"):
        yield Wrong("missing required field: image_url", at)
    if kind == "card" and not any(block.get(name) for name in ("hero_image", "title", "actions", "body")):
        yield Wrong("must define one of `hero_image`, `title`, `actions`, `body`", f"{at}/type")
    if kind == "container" and not block.get("title") and not block.get("rich_text_title"):
        yield Wrong("missing required field: title", at)
    yield from _follow(blockrules.ID + BLOCKS[kind], block, at)
    yield from _inside(kind, block, at)


def _inside(kind: str, block: Mapping[str, Any], at: str) -> Iterator[Wrong]:
    if kind in ("actions", "context", "context_actions"):
        elements = block.get("elements")
        for place, element in enumerate(elements if isinstance(elements, list) else ()):
            yield from _element(element, f"{at}/elements/{place}", ADMITTED[kind])
        yield from _twice(elements, "action_id", f"{at}/elements")
    elif kind == "section":
        for place, text in enumerate(block["fields"] if isinstance(block.get("fields"), list) else ()):
            yield from _text(text, f"{at}/fields/{place}", 2000, ANY)
        if isinstance(block.get("accessory"), Mapping):
            yield from _element(block["accessory"], f"{at}/accessory", ADMITTED[kind])
    elif kind == "input" and isinstance(block.get("element"), Mapping):
        yield from _element(block["element"], f"{at}/element", ADMITTED[kind])
    elif kind in LISTS:
        name, admitted = LISTS[kind]
        inner = block.get(name)
        for place, each in enumerate(inner if isinstance(inner, list) else ()):
            yield from _inner(each, f"{at}/{name}/{place}", admitted, typed=kind != "plan")
        if kind == "plan":
            yield from _twice(inner, "task_id", f"{at}/{name}")
    elif kind in ("table", "data_table"):
        yield from _columns(kind, block.get("rows"), f"{at}/rows")


LISTS: Mapping[str, tuple[str, frozenset[str]]] = {
    "carousel": ("elements", frozenset(("card",))), "plan": ("tasks", frozenset(("task_card",))),
    "container": ("child_blocks", blockrules.CONTAINED),
}  # fmt: skip
"""Blocks that hold blocks → where, and of which types."""


def _inner(node: Any, at: str, admitted: frozenset[str], *, typed: bool) -> Iterator[Wrong]:
    """What is wrong with a block inside another; the tasks of a plan need no type."""
    if isinstance(node, Mapping) and not typed:
        node = {"type": next(iter(admitted)), **node}
    wrong = list(_kind_of(node, at, admitted))
    yield from wrong or _block(node, at)


def _columns(kind: str, rows: Any, at: str) -> Iterator[Wrong]:
    """What is wrong with the shape of a table: at most 20 cells a row, and in data tables as many in each."""
    lists = [row for row in rows if isinstance(row, list)] if isinstance(rows, list) else []
    for place, row in enumerate(lists):
        if len(row) > 20:
            yield Wrong("no more than 20 items allowed", f"{at}/{place}", {"type": "max_items", "expected": 20})
        elif kind == "data_table" and len(row) != len(lists[0]):
            yield Wrong(f"must provide {len(lists[0])} items", f"{at}/{place}")


def _element(element: Any, at: str, admitted: frozenset[str]) -> Iterator[Wrong]:
    wrong = list(_kind_of(element, at, admitted))
    if wrong:
        yield from wrong
        return
    kind = str(element["type"])
    if kind.endswith("static_select") and element.get("options") is None and element.get("option_groups") is None:
        yield Wrong("missing required field: options", at)
    if kind == "image" and not element.get("image_url") and not element.get("slack_file"):
        yield Wrong("missing required field: image_url", at)
    yield from _follow(ELEMENTS[kind], element, at)
    yield from _options(element, "styled_option" if kind in ("checkboxes", "radio_buttons") else "option", at)
    groups = element.get("option_groups")
    for place, group in enumerate(groups if isinstance(groups, list) else ()):
        if isinstance(group, Mapping):
            yield from _follow(OBJECTS["option_group"], group, f"{at}/option_groups/{place}", typed=False)
            yield from _options(group, "option", f"{at}/option_groups/{place}")


def _options(holder: Mapping[str, Any], rule: str, at: str) -> Iterator[Wrong]:
    options = holder.get("options")
    for place, option in enumerate(options if isinstance(options, list) else ()):
        where = f"{at}/options/{place}"
        if not isinstance(option, Mapping):
            yield Wrong("must provide an object", where)
            continue
        yield from _follow(OBJECTS[rule], option, where, typed=False)
        if "value" not in option and "url" not in option:
            yield Wrong("missing required field: value", where)


def _follow(line: str, node: Mapping[str, Any], at: str, *, typed: bool = True) -> Iterator[Wrong]:
    """What is wrong with the properties of a node, by the line of its table; not all nodes are `typed`."""
    rule = blockrules.read(line)
    for name, kind in rule.items():
        if kind.required and (name not in node or (node[name] == "" and kind.name == "str" and not kind.least)):
            yield Wrong(f"missing required field: {name}", at)
    for name, value in node.items():
        if name in rule:
            yield from _value(rule[name], value, f"{at}/{name}")
        elif name != "type" or not typed:
            yield Wrong(f"invalid additional property: {name}", at, {"type": "additional_properties", "got": name})


def _value(kind: Kind, value: Any, at: str) -> Iterator[Wrong]:
    if kind.name == "any":
        return
    if kind.name in ("plain", "text"):
        yield from _text(value, at, kind.most, PLAIN if kind.name == "plain" else ANY)
        return
    if kind.name in NESTED:
        yield from NESTED[kind.name](kind, value, at)
        return
    if kind.name in OBJECTS:
        if isinstance(value, Mapping):
            yield from _follow(OBJECTS[kind.name], value, at, typed=False)
        else:
            yield Wrong("must provide an object", at)
        return
    wanted, word = TYPES[kind.name]
    if not isinstance(value, wanted) or (kind.name == "num" and isinstance(value, bool)):
        yield Wrong(f"must provide {word}", at)
    else:
        yield from _limits(kind, value, at)


def _node(kind: Kind, value: Any, at: str) -> Iterator[Wrong]:
    """What is wrong with something that has a type of the kind's group."""
    group = blockrules.GROUPS[kind.of]
    wrong = list(_kind_of(value, at, group))
    if not wrong and kind.of in ("image", "button", "overflow"):
        yield from _element(value, at, frozenset(group))
    else:
        yield from wrong or _follow(group[str(value["type"])], value, at)


def _list(kind: Kind, value: Any, at: str) -> Iterator[Wrong]:
    """What is wrong with a list, and with each of its items."""
    if not isinstance(value, list):
        yield Wrong("must provide an array", at)
        return
    yield from _limits(Kind("arr", least=kind.least, most=kind.most), value, at)
    for place, item in enumerate(value):
        yield from _value(_item(kind), item, f"{at}/{place}")


def _item(kind: Kind) -> Kind:
    """The kind of a list's items."""
    if kind.name == "nodes":
        return Kind("node", of=kind.of)
    if kind.name == "rows":
        return Kind("nodes", of=kind.of)
    if kind.name == "words":
        return Kind("enum", words=tuple(kind.of.split(",")))
    return Kind("str", most=int(kind.of or 0)) if kind.name == "strs" else Kind(kind.of)


NESTED = {"node": _node, "nodes": _list, "rows": _list, "objs": _list, "strs": _list, "words": _list}


def _limits(kind: Kind, value: Any, at: str) -> Iterator[Wrong]:
    if kind.name == "enum" and value not in kind.words:
        yield Wrong("must be a valid enum value", at, {"type": "enum", "expected": list(kind.words)})
    elif kind.name == "str" and len(value) < kind.least:
        yield Wrong(
            f"must be more than {kind.least - 1} characters", at, {"type": "min_length", "expected": kind.least}
        )
    elif kind.name == "str" and kind.most and len(value) > kind.most:
        yield _too_long(kind.most, at)
    elif kind.name == "num" and kind.bounded and value < kind.least:
        yield Wrong(f"must be greater than {kind.least}", at, {"type": "minimum", "expected": kind.least, "got": value})
    elif kind.name == "num" and kind.most and value > kind.most:
        yield Wrong(f"must be less than {kind.most}", at, {"type": "maximum", "expected": kind.most, "got": value})
    elif kind.name == "arr" and kind.most and len(value) > kind.most:
        yield Wrong(f"no more than {kind.most} items allowed", at, {"type": "max_items", "expected": kind.most})
    elif kind.name == "arr" and len(value) < kind.least:
        yield Wrong(f"must provide at least {kind.least} items", at, {"type": "min_items", "expected": kind.least})


def _too_long(most: int, at: str) -> Wrong:
    return Wrong(f"must be less than {most + 1} characters", at, {"type": "max_length", "expected": most})


def _text(node: Any, at: str, longest: int, kinds: tuple[str, ...]) -> Iterator[Wrong]:
    wrong = list(_kind_of(node, at, kinds)) or list(_words(node, at, longest))
    if wrong and kinds is ANY and not any(each.at.endswith("/type") for each in wrong):
        yield Wrong("failed to match all allowed schemas", at)
    yield from wrong


def _words(node: Mapping[str, Any], at: str, longest: int) -> Iterator[Wrong]:
    text = node.get("text")
    if "text" not in node:
        yield Wrong("missing required field: text", at)
    elif not isinstance(text, str):
        yield Wrong("must provide a string", f"{at}/text")
    elif not text:
        yield Wrong("must be more than 0 characters", f"{at}/text", {"type": "min_length", "expected": 1})
    elif longest and len(text) > longest:
        yield _too_long(longest, f"{at}/text")
    for name in node:
        if name not in ("type", "text", "emoji", "verbatim"):
            yield Wrong(f"invalid additional property: {name}", at, {"type": "additional_properties", "got": name})


# views ---------------------------------------------------------------------------------------------------------------

VIEW_TYPES = ("modal", "home", "workflow_step")
NEEDED = {"home": ("blocks", "type"), "workflow_step": ("blocks", "type")}


def check_view(view: Any) -> list[Wrong]:
    """What is wrong with a view; empty when nothing is."""
    if not isinstance(view, Mapping):
        return [Wrong("must provide an object", "/view")]
    kind = view.get("type")
    needed = NEEDED.get(str(kind), ("title", "blocks", "type"))
    found = [Wrong(f"missing required field: {name}", "/view") for name in needed if name not in view]
    if kind is not None and kind not in VIEW_TYPES:
        found.append(Wrong(f"unsupported type: {kind}", "/view/type", {"type": "enum", "expected": list(VIEW_TYPES)}))
    if "blocks" in view:
        found += check_blocks(view["blocks"], 100, "/view/blocks")
        found += _misplaced(view["blocks"])
    if kind == "modal":
        found += [w for name in ("title", "submit", "close") if view.get(name) for w in _title(view[name], name)]
        if not view.get("submit") and isinstance(view.get("blocks"), list):
            found += _unsubmitted(view["blocks"])
    given = {name: value for name, value in view.items() if value is not None}
    return found + list(_follow(blockrules.VIEW, given, "/view", typed=False))


def _misplaced(blocks: Any) -> Iterator[Wrong]:
    """Blocks that are for messages only."""
    for place, block in enumerate(blocks if isinstance(blocks, list) else ()):
        kind = block.get("type") if isinstance(block, Mapping) else None
        if kind in blockrules.UNSEEN:
            yield Wrong(f"unsupported type: {kind}", f"/view/blocks/{place}/type")


def _title(node: Any, name: str) -> list[Wrong]:
    return list(_text(node, f"/view/{name}", 24, PLAIN))


def _unsubmitted(blocks: list[Any]) -> list[Wrong]:
    inputs = [n for n, block in enumerate(blocks) if isinstance(block, Mapping) and block.get("type") == "input"]
    text = "must define `submit` to use an `input` block in modals"
    return [Wrong(text, f"/view/blocks/{place}/input") for place in inputs]


def spelled_out(node: Any) -> Any:
    """Blocks with what the service writes out: `emoji` of plain texts, `verbatim` of others, the flags of inputs."""
    if isinstance(node, list):
        return [spelled_out(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {name: spelled_out(value) if isinstance(value, list | dict) else value for name, value in node.items()}
    kind = node.get("type")
    if kind == "plain_text":
        found.setdefault("emoji", True)
    elif kind == "mrkdwn":
        found.setdefault("verbatim", False)
    elif kind == "input":
        found.setdefault("optional", False)
        found.setdefault("dispatch_action", False)
    return found


def with_ids(blocks: list[Any], new_id: Any) -> list[Any]:
    """The blocks, spelled out, with a `block_id` for each and an `action_id` for each element that lacks one."""
    done = []
    for block in spelled_out(blocks):
        made = {**block, "block_id": block.get("block_id") or new_id()}
        for name in ("accessory", "element"):
            if isinstance(made.get(name), dict):
                made[name] = _with_action(made[name], new_id)
        if made.get("type") in ("actions", "context_actions"):
            made["elements"] = [_with_action(element, new_id) for element in made["elements"]]
        done.append(made)
    return done


def _with_action(element: dict[str, Any], new_id: Any) -> dict[str, Any]:
    if element.get("type") in ("image", "plain_text", "mrkdwn") or element.get("action_id"):
        return element
    return {**element, "action_id": new_id()}
