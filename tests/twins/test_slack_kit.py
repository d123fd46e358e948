"""What the Slack twin says of blocks, views and long texts, in the service's words; emoji by name and character."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.twins.slack_bench import ana, ben, bot, client, error, slack_server, twin
from twinkit.testing.twin import Twin
from twins.slack import blocks, emoji, queries, richtext, world

__all__ = ["ana", "ben", "bot", "slack_server", "twin"]
GENERAL = world.GENERAL
Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain("Go"), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


OPTION = {"text": plain("One"), "value": "1"}
DIVIDER = {"type": "divider"}
LONG = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (LONG, ["failed to match all allowed schemas [/0/text]", "must be less than 3001 characters [/0/text/text]"]),
        ({"type": "section"}, ["must define either `text` or `fields` [/0/type]"]),
        ({"type": "section", "text": plain("a"), "accessory": None}, ["must provide an object [/0/accessory]"]),
        ({"type": "section", "text": plain("a"), "fields": []}, ["must provide at least 1 items [/0/fields]"]),
        ({"type": "divider", "block_id": None}, ["must provide a string [/0/block_id]"]),
        ({"type": "divider", "color": "red"}, ["invalid additional property: color [/0]"]),
        ({"type": "header", "text": plain("")}, ["must be more than 0 characters [/0/text/text]"]),
        ({"type": "header"}, ["missing required field: text [/0]"]),
        ({"type": "marquee"}, ["unsupported type: marquee [/0/type]"]),
        ({"text": "x"}, ["missing required field: type [/0]"]),
        ("x", ["must provide an object [/0]"]),
        (actions(button(style=None)), ["must provide a string [/0/elements/0/style]"]),
        (actions(button(style="loud")), ["must be a valid enum value [/0/elements/0/style]"]),
        (
            actions(button(action_id="a"), button(action_id="a")),
            ['`action_id` "a" already exists [/0/elements/1/action_id]'],
        ),
        (
            actions({"type": "overflow", "options": [OPTION] * 6}),
            ["no more than 5 items allowed [/0/elements/0/options]"],
        ),
        (
            actions({"type": "static_select", "options": [{**OPTION, "type": "option"}]}),
            ["invalid additional property: type [/0/elements/0/options/0]"],
        ),
        (actions({"type": "plain_text_input"}), ["unsupported type: plain_text_input [/0/elements/0/type]"]),
        ({"type": "input", "label": plain("l"), "element": button()}, ["unsupported type: button [/0/element/type]"]),
        (
            actions(button(confirm={"title": plain("t"), "text": plain("x" * 301)})),
            [
                "failed to match all allowed schemas [/0/elements/0/confirm/text]",
                "must be less than 301 characters [/0/elements/0/confirm/text/text]",
            ],
        ),
    ],
)
def test_what_is_wrong_with_blocks(block: Any, expected: list[str]) -> None:
    assert [str(wrong).replace("json-pointer:", "") for wrong in blocks.check_blocks([block], 50, "")] == expected


def text(words: str = "hi", **more: Any) -> Json:
    return {"type": "text", "text": words, **more}


def section(*leaves: Any) -> Json:
    return {"type": "rich_text_section", "elements": list(leaves)}


def rich(*elements: Any) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def listed(**more: Any) -> Json:
    return {"type": "rich_text_list", "style": "bullet", "elements": [section(text())], **more}


def table(*rows: Any, **more: Any) -> Json:
    return {"type": "table", "rows": list(rows), **more}


def chart(**more: Any) -> Json:
    return {"type": "data_visualization", "title": "t", "chart": more}


RAW: Json = {"type": "raw_text", "text": "a"}
NUMBER: Json = {"type": "raw_number", "value": 4}
CARD = {"type": "card", "title": {"type": "mrkdwn", "text": "*t*"}}
TASK = {"task_id": "1", "title": "t", "status": "pending"}
AXIS = {"series": [{"name": "s", "data": [{"label": "a", "value": -1}]}], "axis_config": {"categories": ["a"]}}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (rich(section(text(), {"type": "emoji", "name": "wave"}), listed(indent=8, offset=2, border=1)), []),
        (rich(), []),
        (rich(text()), ["unsupported type: text [/0/elements/0/type]"]),
        ({"type": "rich_text", "elements": {}}, ["must provide an array [/0/elements]"]),
        (rich(section(text(""))), ["must be more than 0 characters [/0/elements/0/elements/0/text]"]),
        (rich(section({"type": "text"})), ["missing required field: text [/0/elements/0/elements/0]"]),
        (rich(section({"type": "bold"})), ["unsupported type: bold [/0/elements/0/elements/0/type]"]),
        (rich(section(text(style={"bold": "yes"}))), ["must provide a boolean [/0/elements/0/elements/0/style/bold]"]),
        (
            rich(section(text(style={"big": True}))),
            ["invalid additional property: big [/0/elements/0/elements/0/style]"],
        ),
        (
            rich(section({"type": "broadcast", "range": "all"})),
            ["must be a valid enum value [/0/elements/0/elements/0/range]"],
        ),
        (rich(section({"type": "link"})), ["missing required field: url [/0/elements/0/elements/0]"]),
        (rich(listed(style="dash")), ["must be a valid enum value [/0/elements/0/style]"]),
        (rich(listed(indent=9)), ["must be less than 8 [/0/elements/0/indent]"]),
        (rich(listed(offset=-1)), ["must be greater than 0 [/0/elements/0/offset]"]),
        (rich(listed(elements=[])), ["must provide at least 1 items [/0/elements/0/elements]"]),
        (rich(listed(elements=[text()])), ["unsupported type: text [/0/elements/0/elements/0/type]"]),
        (table([RAW, rich(section(text()))], column_settings=[{"align": "right", "is_wrapped": True}]), []),
        (table(*[[RAW]] * 101), ["no more than 100 items allowed [/0/rows]"]),
        (table(), ["must provide at least 1 items [/0/rows]"]),
        (table(RAW), ["must provide an array [/0/rows/0]"]),
        (table([RAW] * 21), ["no more than 20 items allowed [/0/rows/0]"]),
        (table([{**RAW, "text": ""}]), ["must be more than 0 characters [/0/rows/0/0/text]"]),
        (table([NUMBER]), ["unsupported type: raw_number [/0/rows/0/0/type]"]),
        (table([RAW], column_settings=[{"align": "top"}]), ["must be a valid enum value [/0/column_settings/0/align]"]),
        (table([RAW], column_settings=[{}] * 21), ["no more than 20 items allowed [/0/column_settings]"]),
        ({"type": "data_table", "caption": "c", "rows": [[RAW], [NUMBER]]}, []),
        ({"type": "data_table", "caption": "c", "rows": [[RAW]]}, ["must provide at least 2 items [/0/rows]"]),
        (
            {"type": "data_table", "caption": "c", "rows": [[RAW], [NUMBER, RAW]], "page_size": 101},
            ["must be less than 100 [/0/page_size]", "must provide 1 items [/0/rows/1]"],
        ),
        ({**CARD, "actions": [button()] * 4}, ["no more than 3 items allowed [/0/actions]"]),
        ({**CARD, "actions": [{"type": "overflow"}]}, ["unsupported type: overflow [/0/actions/0/type]"]),
        ({**CARD, "icon": {"type": "image", "alt_text": "a"}}, ["missing required field: image_url [/0/icon]"]),
        ({"type": "carousel", "elements": [CARD, DIVIDER]}, ["unsupported type: divider [/0/elements/1/type]"]),
        ({"type": "carousel", "elements": [CARD] * 11}, ["no more than 10 items allowed [/0/elements]"]),
        ({"type": "container", "title": plain("t"), "child_blocks": [DIVIDER]}, []),
        (
            {"type": "container", "title": plain("t"), "child_blocks": [CARD, LONG], "width": "huge"},
            [
                "must be a valid enum value [/0/width]",
                "unsupported type: card [/0/child_blocks/0/type]",
                "failed to match all allowed schemas [/0/child_blocks/1/text]",
                "must be less than 3001 characters [/0/child_blocks/1/text/text]",
            ],
        ),
        ({"type": "plan", "title": "p", "tasks": [TASK]}, []),
        ({"type": "plan", "title": "p", "tasks": [TASK, TASK]}, ['`task_id` "1" already exists [/0/tasks/1/task_id]']),
        ({"type": "task_card", **TASK, "status": "done"}, ["must be a valid enum value [/0/status]"]),
        (
            {"type": "task_card", **TASK, "sources": [{"type": "url", "url": "https://x"}]},
            ["missing required field: text [/0/sources/0]"],
        ),
        (chart(type="pie", segments=[{"label": "a", "value": 1}]), []),
        (chart(type="bar", **AXIS), []),
        (chart(type="donut"), ["unsupported type: donut [/0/chart/type]"]),
        (chart(type="line"), [f"missing required field: {name} [/0/chart]" for name in ("series", "axis_config")]),
        (
            chart(type="pie", segments=[{"label": "a" * 21, "value": "1"}]),
            [
                "must be less than 21 characters [/0/chart/segments/0/label]",
                "must provide a number [/0/chart/segments/0/value]",
            ],
        ),
        (
            {"type": "context_actions", "elements": [{"type": "feedback_buttons", "positive_button": {}}]},
            [
                "missing required field: negative_button [/0/elements/0]",
                "missing required field: text [/0/elements/0/positive_button]",
                "missing required field: value [/0/elements/0/positive_button]",
            ],
        ),
        ({"type": "alert", "text": plain("x" * 201)}, [
            "failed to match all allowed schemas [/0/text]", "must be less than 201 characters [/0/text/text]",
        ]),
        (
            actions({"type": "conversations_select", "filter": {"include": ["dm"]}}),
            ["must be a valid enum value [/0/elements/0/filter/include/0]"],
        ),
        (
            actions({"type": "multi_users_select", "max_selected_items": 0, "initial_users": "U1"}),
            [
                "must be greater than 1 [/0/elements/0/max_selected_items]",
                "must provide an array [/0/elements/0/initial_users]",
            ],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_inside_blocks(block: Any, expected: list[str]) -> None:
    """The limits of https://docs.slack.dev/reference/block-kit/blocks, in the validator's words."""
    assert [str(wrong).replace("json-pointer:", "") for wrong in blocks.check_blocks([block], 50, "")] == expected


def test_what_blocks_may_not_have_together(bot: WebClient) -> None:
    told = refusal(bot.chat_postMessage, channel=GENERAL, text="x", blocks=[table([RAW]), table([RAW])])
    assert (told["error"], told["response_metadata"]["messages"]) == (
        "invalid_attachments", ["[ERROR] only_one_table_allowed"],
    )  # fmt: skip
    beside = [{"blocks": [table([RAW])]}]
    told = refusal(bot.chat_postMessage, channel=GENERAL, text="x", blocks=[table([RAW])], attachments=beside)
    assert told["error"] == "invalid_attachments"
    long = [{"type": "markdown", "text": "x" * 6001}] * 2
    assert error(bot.chat_postMessage, channel=GENERAL, text="x", blocks=long) == "msg_blocks_too_long"
    assert bot.chat_postMessage(channel=GENERAL, text="x", blocks=[*long[:1], table([RAW])])["ok"]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ({"id": "V1"}, ["invalid additional property: id [/view]"]),
        ({"clear_on_close": "yes"}, ["must provide a boolean [/view/clear_on_close]"]),
        ({"callback_id": "x" * 256}, ["must be less than 256 characters [/view/callback_id]"]),
        ({"external_id": 7}, ["must provide a string [/view/external_id]"]),
        ({"blocks": [{"type": "markdown", "text": "x"}]}, ["unsupported type: markdown [/view/blocks/0/type]"]),
        ({"close": None, "notify_on_close": True, "private_metadata": "x" * 3000}, []),
    ],
)
def test_what_is_wrong_with_views(view: Json, expected: list[str]) -> None:
    """https://docs.slack.dev/reference/views."""
    whole = {"type": "modal", "title": plain("t"), "blocks": [DIVIDER], **view}
    assert [str(wrong).replace("json-pointer:", "") for wrong in blocks.check_view(whole)] == expected


@pytest.mark.parametrize("kind", ["alert", "card", "carousel", "container", "data_table", "plan", "task_card"])
def test_blocks_of_today_are_known(kind: str) -> None:
    assert not any("unsupported" in str(wrong) for wrong in blocks.check_blocks([{"type": kind}]))


def refusal(call: Any, **arguments: Any) -> Json:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    told: Json = caught.value.response.data
    return told


def test_refused_blocks_and_views(bot: WebClient) -> None:
    told = refusal(bot.chat_postMessage, channel=GENERAL, text="x", blocks=[{"type": "divider"}] * 51)
    wrong = "no more than 50 items allowed [json-pointer:/blocks]"
    assert told["errors"] == [wrong] and told["response_metadata"] == {"messages": [f"[ERROR] {wrong}"]}
    told = refusal(bot.views_open, trigger_id="1.2.3", view={})
    assert told["response_metadata"]["messages"] == [
        f"[ERROR] missing required field: {name} [json-pointer:/view]" for name in ("title", "blocks", "type")
    ]
    asks = {"type": "input", "label": plain("l"), "element": {"type": "plain_text_input"}}
    told = refusal(bot.views_open, trigger_id="1.2.3", view={"type": "modal", "title": plain("t"), "blocks": [asks]})
    assert told["response_metadata"]["messages"] == [
        "[ERROR] must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/0/input]"
    ]
    told = refusal(bot.api_call, api_method="blocks.validate", params={"blocks": '[{"type": "section", "text": {}}]'})
    assert told["errors"][-1] == {
        "code": "failed_constraint", "message": "missing required field: type", "pointer": "/0/text",
    }  # fmt: skip


def test_long_texts_are_cut_with_a_warning(bot: WebClient) -> None:
    told = bot.chat_postMessage(channel=GENERAL, text="x" * 40_001).data
    assert isinstance(told, dict)
    assert len(told["message"]["text"]) == 40_000
    assert (told["warning"], told["response_metadata"]["warnings"]) == ("message_truncated", ["message_truncated"])
    assert error(bot.chat_update, channel=GENERAL, ts=told["ts"], text="x" * 40_001) == "msg_too_long"
    assert error(bot.chat_postMessage, channel=GENERAL, markdown_text="x" * 12_001) == "msg_too_long"


def test_what_json_may_hold(twin: Twin) -> None:
    url = f"{twin.url}/api/"
    assert httpx.post(f"{url}auth.test", json={"token": world.BOT_TOKEN}).json()["error"] == "not_authed"
    head = {"authorization": f"Bearer {world.BOT_TOKEN}"}
    told = httpx.post(f"{url}chat.postMessage", json={"channel": None, "text": "x"}, headers=head).json()
    assert told == {
        "ok": False, "error": "invalid_arguments", "warning": "missing_charset",
        "response_metadata": {
            "messages": ["[ERROR] must provide a string [json-pointer:/channel]"], "warnings": ["missing_charset"],
        },
    }  # fmt: skip


# emoji ---------------------------------------------------------------------------------------------------------------


def test_emoji_by_name_and_character(bot: WebClient, ana: WebClient) -> None:
    assert (emoji.code_points("tada"), emoji.code_points("no_such")) == ("1f389", None)
    assert emoji.spelled("ship 🚀👍🏽 ❤️ ©") == "ship :rocket::+1::skin-tone-4: :heart: ©"
    said = bot.chat_postMessage(channel=GENERAL, text="done 🎉")
    assert said["message"]["text"] == "done :tada:"
    assert said["message"]["blocks"][0]["elements"][0]["elements"][1] == {
        "type": "emoji", "name": "tada", "unicode": "1f389",
    }  # fmt: skip
    assert error(bot.reactions_add, channel=GENERAL, timestamp=said["ts"], name="no_such") == "invalid_name"
    ana.admin_emoji_add(name="no_such", url="https://x.test/a.png")
    bot.reactions_add(channel=GENERAL, timestamp=said["ts"], name="no_such")
    status = {"status_text": "x", "status_emoji": ":not_there:"}
    assert error(ana.users_profile_set, profile=status) == "profile_status_set_failed_not_valid_emoji"
    assert richtext.stored("plain") == "plain"


# files and searches --------------------------------------------------------------------------------------------------


def test_texts_are_previewed_and_deleted_files_leave_a_stone(bot: WebClient) -> None:
    text = "\n".join(f"line {number}" for number in range(8))
    id = bot.files_upload_v2(channel=GENERAL, content=text, filename="a.txt")["files"][0]["id"]
    file = bot.files_info(file=id)["file"]
    assert (file["lines"], file["lines_more"], file["preview_is_truncated"]) == (8, 3, True)
    assert (
        file["preview"] == "line 0\nline 1\nline 2\nline 3\nline 4" and "<pre>line 0</pre>" in file["preview_highlight"]
    )
    bot.files_delete(file=id)
    shown = bot.conversations_history(channel=GENERAL, limit=1)["messages"][0]
    assert shown["files"] == [{"id": id, "mode": "tombstone"}]


def test_searches_within_a_span_and_with_marks(ana: WebClient) -> None:
    ana.chat_postMessage(channel=GENERAL, text="apple pie")
    for when, total in (("january", 1), ("2026", 1), ("2026-02", 0), ("today", 1), ("yesterday", 0)):
        assert ana.search_messages(query=f"apple during:{when}")["messages"]["total"] == total, when
    found = ana.search_messages(query="pie", highlight=True)["messages"]["matches"]
    assert found[0]["text"] == "apple \ue000pie\ue001"
    assert queries.parse("before:2026-03", 0).last == 1772323199


def test_channels_as_they_are_today(bot: WebClient, ana: WebClient) -> None:
    private = bot.conversations_create(name="secret", is_private=True)["channel"]
    assert (private["is_channel"], private["is_group"], private["is_private"]) == (True, False, True)
    bot.conversations_invite(channel=private["id"], users=world.ANA)
    told = refusal(bot.conversations_invite, channel=private["id"], users=world.ANA)
    assert told["errors"] == [{"user": world.ANA, "ok": False, "error": "already_in_channel"}]
    direct = bot.conversations_open(users=world.ANA, return_im=True)["channel"]
    assert (direct["latest"], direct["unread_count"], direct["last_read"]) == (None, 0, "0000000000.000000")
    now = 1_767_614_400
    for number in range(30):
        bot.chat_scheduleMessage(channel=GENERAL, text="x", post_at=now + 600 + number)
    assert error(bot.chat_scheduleMessage, channel=GENERAL, text="x", post_at=now + 700) == "restricted_too_many"
    assert bot.chat_scheduleMessage(channel=GENERAL, text="x", post_at=now + 1000)["ok"]


def test_a_part_of_a_scope_is_for_a_part_of_the_methods(twin: Twin) -> None:
    twin.create("token", token="xoxb-topics", user="twinbot", scopes=["channels:write.topic"])
    topics = client(twin, "xoxb-topics")
    topics.conversations_setTopic(channel=GENERAL, topic="t")
    topics.conversations_setPurpose(channel=GENERAL, purpose="p")
    told = refusal(topics.conversations_archive, channel=world.RANDOM)
    assert told["error"] == "missing_scope"
    assert told["needed"] == "channels:manage,groups:write,mpim:write,im:write"
    assert error(topics.conversations_join, channel=world.RANDOM) == "missing_scope"
    assert refusal(topics.conversations_list)["needed"] == "channels:read,groups:read,mpim:read,im:read"
