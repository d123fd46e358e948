"""Text as the service keeps it, and the `rich_text` block it makes of a text that comes without blocks. Pure.

Sources: https://docs.slack.dev/messaging/formatting-message-text (escapes, links, mentions, `parse`, `link_names`) and
https://docs.slack.dev/reference/block-kit/blocks/rich-text-block (elements and their properties).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from twins.slack import emoji

CONTROL = re.compile(r"<([@#!][^<>\n]+|(?:https?|mailto|tel|slack|ftp)(?:://|:)[^<>\n]+)>")
BARE = re.compile(r"(?<![\w<|/])https?://[^\s<>|]+[^\s<>|.,;:!?'\")\]}]")
WWW = re.compile(r"(?<![\w<|/.@-])www\.[^\s<>|]+\.[^\s<>|]*[^\s<>|.,;:!?'\")\]}]")
"""An address without its scheme: https://docs.slack.dev/messaging/formatting-message-text#linking-urls."""
AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
HANDLE = re.compile(r"(?<![\w<@])@([a-z0-9._-]+)")
CHANNEL = re.compile(r"(?<![\w<#&])#([\w-]+)")
SPECIAL = re.compile(r"[<>&*_~`:\n]")
"""What a text must hold to be more than its words; an address has a colon."""
RANGES = ("here", "channel", "everyone")


@dataclass(frozen=True, slots=True)
class Names:
    """What can be linked by name: handles of groups and names of channels, with their ids."""

    groups: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)


def escaped(text: str) -> str:
    """The three characters that mean something, as entities; those that already are stay."""
    return AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str) -> str:
    """The characters that the entities stand for."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def stored(text: str, *, parse: str = "", link_names: bool = False, names: Names | None = None) -> str:
    """A text as it comes back: escaped, addresses linked unless `parse` is none, emoji and linked names spelled out."""
    text = emoji.spelled(text)
    if names is None and not SPECIAL.search(text) and "www." not in text:
        return text
    found = []
    place = 0
    for match in CONTROL.finditer(text):
        found += [_loose(text[place : match.start()], parse, link_names, names), match[0]]
        place = match.end()
    found.append(_loose(text[place:], parse, link_names, names))
    return "".join(found)


def _loose(text: str, parse: str, link_names: bool, names: Names | None) -> str:
    done = escaped(text)
    if parse != "none" and "http" in done:
        done = BARE.sub(lambda match: f"<{match[0]}>", done)
    if parse != "none" and "www." in done:
        done = WWW.sub(lambda match: f"<http://{match[0]}|{match[0]}>", done)
    if names is not None and (link_names or parse == "full"):
        done = HANDLE.sub(lambda match: _handle(match, names), done)
        done = CHANNEL.sub(lambda match: _channel(match, names), done)
    return done


def _handle(match: re.Match[str], names: Names) -> str:
    if match[1] in RANGES:
        return f"<!{match[1]}>"
    group = names.groups.get(match[1])
    return f"<!subteam^{group}>" if group else match[0]


def _channel(match: re.Match[str], names: Names) -> str:
    id = names.channels.get(match[1])
    return f"<#{id}|{match[1]}>" if id else match[0]


# the block -----------------------------------------------------------------------------------------------------------

FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
QUOTE = re.compile(r"(?:&gt;|>) ?(.*)")
STYLES = {"*": "bold", "_": "italic", "~": "strike", "`": "code"}
STYLED = re.compile(
    r"(?<![\w*_~`])(?:"
    + "|".join(rf"{re.escape(mark)}(?P<{name}>[^\s{re.escape(mark)}](?:[^\n{re.escape(mark)}]*[^\s{re.escape(mark)}])?)"
               rf"{re.escape(mark)}" for mark, name in STYLES.items())
    + r")(?![\w*_~`])"
)  # fmt: skip
EMOJI = re.compile(r":([a-z0-9_+'-]*[a-z][a-z0-9_+'-]*|\+1|-1|100|1234)(?:::skin-tone-([2-6]))?:")
DATE = re.compile(r"!date\^(\d+)\^([^|^]+)(?:\^([^|]+))?(?:\|(.*))?")


def block(text: str, new_id: Callable[[], str], *, mrkdwn: bool = True) -> dict[str, Any]:
    """The `rich_text` block of a stored text."""
    if not SPECIAL.search(text):
        mrkdwn = False
    elements = (
        list(_groups(text)) if mrkdwn else [_section("rich_text_section", [{"type": "text", "text": plain(text)}])]
    )
    return {"type": "rich_text", "block_id": new_id(), "elements": elements}


def _section(kind: str, elements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": kind, "elements": elements}


def _groups(text: str) -> Iterator[dict[str, Any]]:
    """Code between fences, quoted lines, and all the rest."""
    place = 0
    for match in FENCE.finditer(text):
        yield from _lines(text[place : match.start()])
        yield {**_section("rich_text_preformatted", [{"type": "text", "text": plain(match[1])}]), "border": 0}
        place = match.end()
        if text[place : place + 1] == "\n":
            place += 1
    yield from _lines(text[place:])


def _lines(text: str) -> Iterator[dict[str, Any]]:
    kept: list[str] = []
    quoting = False
    lines = text.split("\n")
    for place, line in enumerate(lines):
        match = QUOTE.fullmatch(line)
        if bool(match) != quoting and kept:
            yield _run(kept, quoting, more=True)
            kept = []
        quoting = bool(match)
        if match or line or place < len(lines) - 1:
            kept.append(match[1] if match else line)
        elif kept and not quoting:
            kept.append("")
    if kept and any(kept):
        yield _run(kept, quoting, more=False)


def _run(lines: list[str], quoting: bool, *, more: bool) -> dict[str, Any]:
    text = "\n".join(lines) + ("\n" if more and not quoting else "")
    return _section("rich_text_quote" if quoting else "rich_text_section", list(merged(inline(text, {}))))


def inline(text: str, style: Mapping[str, bool]) -> Iterator[dict[str, Any]]:
    """The elements of a run of text: mentions, links, dates, emoji and styled words."""
    place = 0
    for match in re.finditer(r"<([^<>\n]+)>", text):
        yield from _styled(text[place : match.start()], style)
        yield _dressed(_control(match[1]), style)
        place = match.end()
    yield from _styled(text[place:], style)


def _styled(text: str, style: Mapping[str, bool]) -> Iterator[dict[str, Any]]:
    place = 0
    for match in STYLED.finditer(text):
        yield from _emoji(text[place : match.start()], style)
        name = str(match.lastgroup)
        inner = {**style, name: True}
        if name == "code":
            yield _dressed({"type": "text", "text": plain(match[name])}, inner)
        else:
            yield from _styled(match[name], inner)
        place = match.end()
    yield from _emoji(text[place:], style)


def _emoji(text: str, style: Mapping[str, bool]) -> Iterator[dict[str, Any]]:
    place = 0
    for match in EMOJI.finditer(text):
        if match.start() > place:
            yield _dressed({"type": "text", "text": plain(text[place : match.start()])}, style)
        found: dict[str, Any] = {"type": "emoji", "name": match[1]}
        if match[2]:
            found["skin_tone"] = int(match[2])
        codes = emoji.code_points(match[1])
        if codes:
            found["unicode"] = codes
        yield _dressed(found, style)
        place = match.end()
    if text[place:]:
        yield _dressed({"type": "text", "text": plain(text[place:])}, style)


def _dressed(element: dict[str, Any], style: Mapping[str, bool]) -> dict[str, Any]:
    return {**element, "style": dict(style)} if style else element


def _control(inner: str) -> dict[str, Any]:
    """The element of what stood between angle brackets."""
    target, bar, label = inner.partition("|")
    kind, rest = target[:1], target[1:]
    if kind == "@":
        return {"type": "user", "user_id": rest}
    if kind == "#":
        return {"type": "channel", "channel_id": rest}
    if kind != "!":
        return {"type": "link", "url": plain(target), **({"text": plain(label)} if bar and label else {})}
    if rest.startswith("subteam^"):
        return {"type": "usergroup", "usergroup_id": rest.removeprefix("subteam^")}
    if rest in RANGES:
        return {"type": "broadcast", "range": rest}
    date = DATE.fullmatch(inner)
    if date:
        more = {"url": date[3], "fallback": date[4]}
        found = {"type": "date", "timestamp": int(date[1]), "format": date[2]}
        return {**found, **{name: value for name, value in more.items() if value}}
    return {"type": "text", "text": plain(label or f"<{inner}>")}


def merged(elements: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Neighbouring texts of one style as one."""
    last: dict[str, Any] | None = None
    for element in elements:
        same = (
            last is not None and element["type"] == last["type"] == "text" and element.get("style") == last.get("style")
        )
        if same and last is not None:
            last = {**last, "text": last["text"] + element["text"]}
            continue
        if last is not None:
            yield last
        last = element
    if last is not None:
        yield last
