"""What a message looks like: its text as it is kept, the rich text made of it, blocks spelled out, threads as seen."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.twins.slack_bench import ana, ben, bot, slack_server, twin
from twinkit.testing.twin import Twin
from twins.slack import blocks, filekit, richtext, world

__all__ = ["ana", "ben", "bot", "slack_server", "twin"]
GENERAL = world.GENERAL
NAMES = richtext.Names({"devs": "S1"}, {"general": "C1"})

STORED = [
    ("a & b < c > d", {}, "a &amp; b &lt; c &gt; d"),
    ("&amp; stays", {}, "&amp; stays"),
    ("<@U1> and <#C1|x> and <!here> and <https://a.b|c>", {}, "<@U1> and <#C1|x> and <!here> and <https://a.b|c>"),
    ("see https://x.y/z?a=1&b=2.", {}, "see <https://x.y/z?a=1&amp;b=2>."),
    ("see https://x.y", {"parse": "none"}, "see https://x.y"),
    ("hi @devs @nobody #general", {"link_names": True}, "hi <!subteam^S1> @nobody <#C1|general>"),
    ("hi @devs #general #nowhere @here", {"parse": "full"}, "hi <!subteam^S1> <#C1|general> #nowhere <!here>"),
]


@pytest.mark.parametrize(("text", "options", "expected"), STORED)
def test_text_as_it_is_kept(text: str, options: dict[str, Any], expected: str) -> None:
    assert richtext.stored(text, names=NAMES, **options) == expected


def section(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def text(words: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": words, **({"style": style} if style else {})}


BLOCKS = [
    ("hello", [section(text("hello"))]),
    ("*b* _i_ ~s~ `c*d`", [section(
        text("b", bold=True), text(" "), text("i", italic=True), text(" "), text("s", strike=True), text(" "),
        text("c*d", code=True),
    )]),
    ("*_both_*", [section(text("both", bold=True, italic=True))]),
    ("snake_case_name 2*3*4 10:30:45", [section(text("snake_case_name 2*3*4 10:30:45"))]),
    ("<@U1> &amp; <#C1|x>", [section(
        {"type": "user", "user_id": "U1"}, text(" & "), {"type": "channel", "channel_id": "C1"}
    )]),
    ("<!here> <!subteam^S1|@x>", [section(
        {"type": "broadcast", "range": "here"}, text(" "), {"type": "usergroup", "usergroup_id": "S1"}
    )]),
    ("<https://a.b> <https://a.b|c>", [section(
        {"type": "link", "url": "https://a.b"}, text(" "), {"type": "link", "url": "https://a.b", "text": "c"}
    )]),
    ("<!date^1392734382^{date}|then>", [section(
        {"type": "date", "timestamp": 1392734382, "format": "{date}", "fallback": "then"}
    )]),
    (":tada: :wave::skin-tone-3: :own:", [section(
        {"type": "emoji", "name": "tada", "unicode": "1f389"}, text(" "),
        {"type": "emoji", "name": "wave", "skin_tone": 3, "unicode": "1f44b"}, text(" "),
        {"type": "emoji", "name": "own"},
    )]),
    ("&gt; said\n&gt; more\nand", [
        {"type": "rich_text_quote", "elements": [text("said\nmore")]}, section(text("and")),
    ]),
    ("code:\n```\nx &lt; 1\n```\nend", [
        section(text("code:\n")), {"type": "rich_text_preformatted", "elements": [text("x < 1")], "border": 0},
        section(text("end")),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), BLOCKS)
def test_rich_text_of_a_text(given: str, expected: list[dict[str, Any]]) -> None:
    made = richtext.block(given, lambda: "b1")
    assert made == {"type": "rich_text", "block_id": "b1", "elements": expected}


def test_blocks_are_spelled_out() -> None:
    field = {"type": "plain_text_input", "action_id": "a"}
    given = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "input", "label": {"type": "plain_text", "text": "l", "emoji": False}, "element": field},
    ]
    section_block, input_block = blocks.with_ids(given, lambda: "b")
    assert section_block["text"] == {"type": "mrkdwn", "text": "x", "verbatim": False}
    assert (input_block["optional"], input_block["dispatch_action"], input_block["label"]["emoji"]) == (False,) * 3
    assert "emoji" not in given[1]["label"] or given[1]["label"]["emoji"] is False


def test_a_message_with_text_alone(bot: WebClient, ana: WebClient) -> None:
    said = bot.chat_postMessage(channel=GENERAL, text="see https://x.y & *this*")["message"]
    assert said["text"] == "see <https://x.y> &amp; *this*"
    names = ["id", "deleted", "name", "updated", "app_id", "user_id", "icons", "team_id"]
    assert list(said["bot_profile"]) == names
    kinds = [element["type"] for element in said["blocks"][0]["elements"][0]["elements"]]
    assert kinds == ["link" if place == 1 else "text" for place in range(4)]
    again = bot.conversations_history(channel=GENERAL)["messages"][0]
    assert again == said
    changed = bot.chat_update(channel=GENERAL, ts=said["ts"], text="other")
    assert changed["message"]["blocks"][0]["elements"][0]["elements"] == [{"type": "text", "text": "other"}]
    assert "ts" not in changed["message"] and changed["message"]["edited"]["user"] == world.BOT_USER
    assert "blocks" in ana.chat_postMessage(channel=GENERAL, text="mine")["message"]


def test_text_that_is_not_formatted(bot: WebClient) -> None:
    said = bot.chat_postMessage(channel=GENERAL, text="*x*", mrkdwn=False)["message"]
    assert said["blocks"][0]["elements"][0]["elements"] == [{"type": "text", "text": "*x*"}]


def test_attachments_are_completed(bot: WebClient) -> None:
    given = [{"text": "t", "color": "good"}, {"color": "#36a64f", "actions": [{"type": "button", "name": "n"}]}]
    first, second = bot.chat_postMessage(channel=GENERAL, text="x", attachments=given)["message"]["attachments"]
    assert (first["id"], first["fallback"], first["color"]) == (1, "t", "2eb886")
    assert (second["fallback"], second["color"]) == ("[no preview available]", "36a64f")
    assert second["actions"][0]["id"] == "1"


def test_a_later_message_is_delayed(bot: WebClient, twin: Twin) -> None:
    told = bot.chat_scheduleMessage(channel=GENERAL, text="later", post_at=1_767_614_400 + 60)
    assert told["message"]["type"] == "delayed_message"
    twin.clock.advance(seconds=61)
    assert bot.conversations_history(channel=GENERAL)["messages"][0]["type"] == "message"


def test_counters_of_a_thread(bot: WebClient, ana: WebClient, ben: WebClient) -> None:
    ts = bot.chat_postMessage(channel=GENERAL, text="start")["ts"]
    said = [who.chat_postMessage(channel=GENERAL, thread_ts=ts, text="r")["ts"] for who in (ana, ben, ana)]

    def parent() -> dict[str, Any]:
        return dict(bot.conversations_history(channel=GENERAL, latest=ts, inclusive=True, limit=1)["messages"][0])

    ana.chat_delete(channel=GENERAL, ts=said[2])
    assert (parent()["reply_count"], parent()["reply_users"], parent()["latest_reply"]) == (
        2, [world.ANA, world.BEN], said[1],
    )  # fmt: skip
    ana.chat_delete(channel=GENERAL, ts=said[0])
    assert (parent()["reply_count"], parent()["reply_users"]) == (1, [world.BEN])
    ben.chat_delete(channel=GENERAL, ts=said[1])
    assert "reply_count" not in parent() and "thread_ts" not in parent()


def test_what_somebody_reacted_to(bot: WebClient, ana: WebClient) -> None:
    first, second = (bot.chat_postMessage(channel=GENERAL, text=text)["ts"] for text in ("a", "b"))
    for ts, name in ((first, "one"), (second, "one"), (second, "two")):
        ana.reactions_add(channel=GENERAL, timestamp=ts, name=name)
    assert [item["message"]["ts"] for item in ana.reactions_list()["items"]] == [second, first]
    ana.reactions_remove(channel=GENERAL, timestamp=second, name="one")
    assert len(ana.reactions_list()["items"]) == 2
    ana.reactions_remove(channel=GENERAL, timestamp=second, name="two")
    assert [item["message"]["ts"] for item in ana.reactions_list(limit=1)["items"]] == [first]
    assert bot.reactions_list()["items"] == []


def test_threads_as_people_see_them(bot: WebClient, ana: WebClient, ben: WebClient) -> None:
    ts = bot.chat_postMessage(channel=GENERAL, text="start")["ts"]
    for number in range(5):
        ana.chat_postMessage(channel=GENERAL, thread_ts=ts, text=str(number))
    pages = ana.conversations_replies(channel=GENERAL, ts=ts, limit=2)
    texts = [[message["text"] for message in page["messages"]] for page in pages]
    assert texts == [["start", "0", "1"], ["start", "2", "3"], ["start", "4"]]
    parents = [who.conversations_replies(channel=GENERAL, ts=ts)["messages"][0] for who in (bot, ana, ben)]
    assert [parent["subscribed"] for parent in parents] == [False, True, False]
    assert ["last_read" in parent for parent in parents] == [False, True, False]
    wide = ben.chat_postMessage(channel=GENERAL, thread_ts=ts, text="all", reply_broadcast=True)["message"]
    assert wide["subtype"] == "thread_broadcast" and "channel" not in wide["root"]


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big")
GIF = b"GIF89a" + (3).to_bytes(2, "little") + (2).to_bytes(2, "little")
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xc0\x00\x11\x08"
    + (20).to_bytes(2, "big")
    + (30).to_bytes(2, "big")
    + b"\x00" * 9
)


@pytest.mark.parametrize(("data", "size"), [(PNG, (640, 480)), (GIF, (3, 2)), (JPEG, (30, 20)), (b"text", None)])
def test_sizes_of_images(data: bytes, size: tuple[int, int] | None) -> None:
    assert filekit.dimensions(data) == size


def test_an_image_has_its_size_and_smaller_pictures(bot: WebClient) -> None:
    told = bot.files_upload_v2(filename="a.png", content=PNG, channel=GENERAL)["file"]
    file = bot.files_info(file=told["id"])["file"]
    assert (file["original_w"], file["original_h"], file["mimetype"]) == (640, 480, "image/png")
    assert (file["thumb_480_w"], file["thumb_480_h"], "thumb_720" in file) == (480, 360, False)
    text = bot.files_upload_v2(filename="a.txt", content="x", channel=GENERAL)["file"]
    assert "thumb_64" not in bot.files_info(file=text["id"])["file"]
