"""Markdown to the Atlassian Document Format and back, as far as tickets need it. Pure.

Source: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
A specification has to come back as it was written, so what Markdown says with marks is kept as text; headings, lists,
code and paragraphs become nodes that people can read and edit.
"""

from __future__ import annotations

import re
from typing import Any

HEADING = re.compile(r"^(#{1,6})\s+(.*)$")
BULLET = re.compile(r"^[-*+]\s+(.*)$")


def document(markdown: str) -> dict[str, Any]:
    """A whole ADF document."""
    content: list[dict[str, Any]] = []
    lines = markdown.replace("\r\n", "\n").split("\n")
    if lines and lines[0].strip() == "---" and "---" in [line.strip() for line in lines[1:]]:
        end = [line.strip() for line in lines].index("---", 1)
        content.append(_code("\n".join(lines[: end + 1])))
        lines = lines[end + 1 :]
    while lines:
        line = lines.pop(0)
        heading, bullet = HEADING.match(line), BULLET.match(line)
        if line.startswith("```"):
            inner: list[str] = []
            while lines and not lines[0].startswith("```"):
                inner.append(lines.pop(0))
            lines = lines[1:]
            content.append(_code("\n".join(inner)))
        elif heading:
            content.append({"type": "heading", "attrs": {"level": len(heading[1])}, "content": _text(heading[2])})
        elif bullet:
            item = {"type": "listItem", "content": [{"type": "paragraph", "content": _text(bullet[1])}]}
            if content and content[-1]["type"] == "bulletList":
                content[-1]["content"].append(item)
            else:
                content.append({"type": "bulletList", "content": [item]})
        elif line.startswith((" ", "\t")) and line.strip() and content and content[-1]["type"] == "bulletList":
            words = content[-1]["content"][-1]["content"][0]["content"]
            words.append({"type": "text", "text": f" {line.strip()}"})
        elif line.strip():
            content.append({"type": "paragraph", "content": _text(line)})
    return {"type": "doc", "version": 1, "content": content or [{"type": "paragraph", "content": []}]}


def _text(words: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": words}] if words else []


def _code(words: str) -> dict[str, Any]:
    return {"type": "codeBlock", "content": _text(words)}


def markdown(node: Any) -> str:
    """The text of a document; nodes that are not known give what text is in them. A plain text stays as it is."""
    if isinstance(node, str):
        return node
    if not isinstance(node, dict):
        return ""
    blocks = [_block(each, 0) for each in node.get("content") or ()]
    return "\n\n".join(block for block in blocks if block) + ("\n" if blocks else "")


def _block(node: dict[str, Any], depth: int) -> str:
    kind, inner = node.get("type"), node.get("content") or []
    if depth > 20:
        return ""
    if kind == "heading":
        return f"{'#' * int((node.get('attrs') or {}).get('level', 1))} {_inline(node)}"
    if kind == "codeBlock":
        text = _inline(node)
        return text if text.startswith("---\n") and text.rstrip().endswith("\n---") else f"```\n{text}\n```"
    if kind in ("bulletList", "orderedList"):
        items = ["\n".join(_block(part, depth + 1) for part in item.get("content") or ()) for item in inner]
        return "\n".join("- " + item.replace("\n", "\n  ") for item in items)
    if kind == "rule":
        return "---"
    if inner and all(each.get("type") in ("paragraph", "heading", "bulletList", "codeBlock") for each in inner):
        return "\n\n".join(_block(each, depth + 1) for each in inner)
    return _inline(node)


def _inline(node: dict[str, Any]) -> str:
    parts: list[str] = []
    for each in node.get("content") or ():
        if each.get("type") == "text":
            code = any(mark.get("type") == "code" for mark in each.get("marks") or ())
            parts.append(f"`{each.get('text', '')}`" if code else str(each.get("text", "")))
        elif each.get("type") == "hardBreak":
            parts.append("\n")
        elif each.get("type") == "inlineCard":
            parts.append(str((each.get("attrs") or {}).get("url", "")))
        else:
            parts.append(str((each.get("attrs") or {}).get("text", "")) or _inline(each))
    return "".join(parts)
