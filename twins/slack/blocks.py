"""Block Kit validation: what is wrong with blocks or a view, in the service's words with JSON pointers. Pure.

Sources: https://docs.slack.dev/reference/block-kit/blocks, /block-elements, /composition-objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Rule(NamedTuple):
    """What a block or element needs."""

    required: tuple[str, ...] = ()
    texts: Mapping[str, tuple[int, tuple[str, ...]]] = {}
    """Property → longest text, admitted types of the text object."""
    limits: Mapping[str, int] = {}
    """Property → longest string."""
    counts: Mapping[str, tuple[int, int]] = {}
    """Property → fewest and most items."""


PLAIN = ("plain_text",)
ANY = ("plain_text", "mrkdwn")
PLACEHOLDER = {"placeholder": (150, PLAIN)}

BLOCKS: dict[str, Rule] = {
    "section": Rule(texts={"text": (3000, ANY)}, counts={"fields": (1, 10)}),
    "divider": Rule(),
    "header": Rule(("text",), {"text": (150, PLAIN)}),
    "image": Rule(("alt_text",), {"title": (2000, PLAIN)}, {"alt_text": 2000, "image_url": 3000}),
    "actions": Rule(("elements",), counts={"elements": (1, 25)}),
    "context": Rule(("elements",), counts={"elements": (1, 10)}),
    "context_actions": Rule(("elements",), counts={"elements": (1, 5)}),
    "input": Rule(("label", "element"), {"label": (2000, PLAIN), "hint": (2000, PLAIN)}),
    "file": Rule(("external_id", "source")),
    "video": Rule(("alt_text", "title", "thumbnail_url", "video_url"), {"title": (200, PLAIN)}, {"author_name": 50}),
    "rich_text": Rule(("elements",)),
    "markdown": Rule(("text",), limits={"text": 12000}),
    "table": Rule(("rows",), counts={"rows": (1, 100)}),
    "call": Rule(("call_id",)),
    "card": Rule(),
    "carousel": Rule(("elements",)),
    "plan": Rule(("title",)),
    "task_card": Rule(("task_id", "title")),
    "condition": Rule(),
    "share_shortcut": Rule(),
}

SELECT = {"options": (0, 100), "option_groups": (0, 100)}
ELEMENTS: dict[str, Rule] = {
    "button": Rule(("text",), {"text": (75, PLAIN)}, {"value": 2000, "url": 3000, "action_id": 255}),
    "workflow_button": Rule(("text", "workflow"), {"text": (75, PLAIN)}),
    "checkboxes": Rule(("options",), counts={"options": (1, 10)}),
    "radio_buttons": Rule(("options",), counts={"options": (1, 10)}),
    "overflow": Rule(("options",), counts={"options": (1, 5)}),
    "datepicker": Rule(texts=PLACEHOLDER),
    "timepicker": Rule(texts=PLACEHOLDER),
    "datetimepicker": Rule(),
    "email_text_input": Rule(texts=PLACEHOLDER),
    "url_text_input": Rule(texts=PLACEHOLDER),
    "number_input": Rule(("is_decimal_allowed",), PLACEHOLDER),
    "plain_text_input": Rule(texts=PLACEHOLDER),
    "rich_text_input": Rule(texts=PLACEHOLDER),
    "file_input": Rule(),
    "image": Rule(("alt_text",)),
    "static_select": Rule((), PLACEHOLDER, {}, SELECT),
    "external_select": Rule((), PLACEHOLDER),
    "users_select": Rule((), PLACEHOLDER),
    "conversations_select": Rule((), PLACEHOLDER),
    "channels_select": Rule((), PLACEHOLDER),
    "multi_static_select": Rule((), PLACEHOLDER, {}, SELECT),
    "multi_external_select": Rule((), PLACEHOLDER),
    "multi_users_select": Rule((), PLACEHOLDER),
    "multi_conversations_select": Rule((), PLACEHOLDER),
    "multi_channels_select": Rule((), PLACEHOLDER),
    "feedback_buttons": Rule(("positive_button", "negative_button")),
    "icon_button": Rule(("icon", "text")),
    "plain_text": Rule(("text",)),
    "mrkdwn": Rule(("text",)),
}


def check_blocks(blocks: Any, most: int = 50, root: str = "/blocks") -> list[str]:
    """What is wrong with a list of blocks; empty when nothing is."""
    if not isinstance(blocks, list):
        return [f"must be an array [json-pointer:{root}]"]
    if len(blocks) > most:
        return [f"no more than {most} items allowed [json-pointer:{root}]"]
    found = [message for place, block in enumerate(blocks) for message in _block(block, f"{root}/{place}")]
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        id = block.get("block_id") if isinstance(block, Mapping) else None
        if id and id in seen:
            found.append(f"`block_id` already exists [json-pointer:{root}/{place}/block_id]")
        seen.add(str(id))
    return found


def _block(block: Any, at: str) -> Iterator[str]:
    if not isinstance(block, Mapping):
        yield f"must be an object [json-pointer:{at}]"
        return
    kind = block.get("type")
    if not kind:
        yield f"missing required field: type [json-pointer:{at}]"
        return
    rule = BLOCKS.get(str(kind))
    if rule is None:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    if len(str(block.get("block_id") or "")) > 255:
        yield f"must be less than 256 characters [json-pointer:{at}/block_id]"
    if kind == "section" and not block.get("text") and not block.get("fields"):
        yield f"missing required field: text [json-pointer:{at}]"
    if kind == "image" and not block.get("image_url") and not block.get("slack_file"):
        yield f"missing required field: image_url [json-pointer:{at}]"
    yield from _follow(rule, block, at)
    yield from _inside(str(kind), block, at)


def _inside(kind: str, block: Mapping[str, Any], at: str) -> Iterator[str]:
    if kind in ("actions", "context", "context_actions"):
        elements = block.get("elements")
        for place, element in enumerate(elements if isinstance(elements, list) else ()):
            yield from _element(element, f"{at}/elements/{place}")
    elif kind == "section":
        for place, field in enumerate(block["fields"] if isinstance(block.get("fields"), list) else ()):
            yield from _text(field, f"{at}/fields/{place}", 2000, ANY)
        if block.get("accessory") is not None:
            yield from _element(block["accessory"], f"{at}/accessory")
    elif kind == "input" and block.get("element") is not None:
        yield from _element(block["element"], f"{at}/element")


def _element(element: Any, at: str) -> Iterator[str]:
    if not isinstance(element, Mapping):
        yield f"must be an object [json-pointer:{at}]"
        return
    kind = element.get("type")
    if not kind:
        yield f"missing required field: type [json-pointer:{at}]"
        return
    rule = ELEMENTS.get(str(kind))
    if rule is None:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    if str(kind).endswith("static_select") and not element.get("options") and not element.get("option_groups"):
        yield f"missing required field: options [json-pointer:{at}]"
    yield from _follow(rule, element, at)
    options = element.get("options")
    for place, option in enumerate(options if isinstance(options, list) else ()):
        yield from _option(option, f"{at}/options/{place}")


def _option(option: Any, at: str) -> Iterator[str]:
    if not isinstance(option, Mapping) or "text" not in option:
        yield f"missing required field: text [json-pointer:{at}]"
        return
    yield from _text(option["text"], f"{at}/text", 75, ANY)
    if "value" not in option and "url" not in option:
        yield f"missing required field: value [json-pointer:{at}]"


def _follow(rule: Rule, node: Mapping[str, Any], at: str) -> Iterator[str]:
    for name in rule.required:
        if node.get(name) in (None, ""):
            yield f"missing required field: {name} [json-pointer:{at}]"
    for name, (longest, kinds) in rule.texts.items():
        if node.get(name) not in (None, ""):
            yield from _text(node[name], f"{at}/{name}", longest, kinds)
    for name, longest in rule.limits.items():
        if len(str(node.get(name) or "")) > longest:
            yield f"must be less than {longest + 1} characters [json-pointer:{at}/{name}]"
    for name, (fewest, most) in rule.counts.items():
        items = node.get(name)
        if items is None:
            continue
        if not isinstance(items, list):
            yield f"must be an array [json-pointer:{at}/{name}]"
        elif len(items) > most:
            yield f"no more than {most} items allowed [json-pointer:{at}/{name}]"
        elif len(items) < fewest:
            yield f"no less than {fewest} items required [json-pointer:{at}/{name}]"


def _text(node: Any, at: str, longest: int, kinds: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(node, Mapping):
        yield f"must be an object [json-pointer:{at}]"
        return
    if node.get("type") not in kinds:
        word = f"unsupported type: {node['type']}" if node.get("type") else "missing required field: type"
        yield f"{word} [json-pointer:{at}{'/type' if node.get('type') else ''}]"
        return
    text = node.get("text")
    if not isinstance(text, str):
        yield f"missing required field: text [json-pointer:{at}]"
    elif not text:
        yield f"must be more than 0 characters [json-pointer:{at}/text]"
    elif len(text) > longest:
        yield f"must be less than {longest + 1} characters [json-pointer:{at}/text]"


VIEW_TYPES = ("modal", "home", "workflow_step")


def check_view(view: Any) -> list[str]:
    """What is wrong with a view; empty when nothing is."""
    if not isinstance(view, Mapping):
        return ["must be an object [json-pointer:/view]"]
    found: list[str] = []
    kind = view.get("type")
    if kind not in VIEW_TYPES:
        word = f"unsupported type: {kind}" if kind else "missing required field: type"
        found.append(f"{word} [json-pointer:/view{'/type' if kind else ''}]")
    if "blocks" not in view:
        found.append("missing required field: blocks [json-pointer:/view]")
    else:
        found += check_blocks(view["blocks"], 100, "/view/blocks")
    if kind == "modal":
        if not view.get("title"):
            found.append("missing required field: title [json-pointer:/view]")
        for name in ("title", "submit", "close"):
            if view.get(name):
                found += list(_text(view[name], f"/view/{name}", 24, PLAIN))
        has_input = any(isinstance(b, Mapping) and b.get("type") == "input" for b in view.get("blocks") or ())
        if has_input and not view.get("submit"):
            found.append("missing required field: submit [json-pointer:/view]")
    if len(str(view.get("private_metadata") or "")) > 3000:
        found.append("must be less than 3001 characters [json-pointer:/view/private_metadata]")
    if len(str(view.get("callback_id") or "")) > 255:
        found.append("must be less than 256 characters [json-pointer:/view/callback_id]")
    return found


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
