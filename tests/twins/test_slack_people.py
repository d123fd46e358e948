"""The human's side with a Bolt app: dialogs, old buttons, selects of messages, addresses for chosen channels."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from slack_sdk import WebClient

from tests import browser
from tests.twins.slack_bench import bot, slack_server, twin
from tests.twins.test_slack_apps import Served, served
from twinkit.testing.plane import PlaneError
from twinkit.testing.twin import Twin
from twins.slack import world
from twins.slack.acting import Slack

__all__ = ["bot", "served", "slack_server", "twin"]
GENERAL = world.GENERAL


DIALOG = {
    "title": "Request", "callback_id": "ride", "state": "s1", "notify_on_cancel": True,
    "elements": [{"type": "text", "label": "Where", "name": "place"},
                 {"type": "text", "label": "When", "name": "when", "optional": True}],
}  # fmt: skip


def test_dialogs(twin: Twin, served: Served) -> None:
    seen: list[dict[str, Any]] = []

    @served.app.command("/ride")
    def ride(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.dialog_open(trigger_id=body["trigger_id"], dialog=DIALOG)

    @served.app.action({"type": "dialog_submission", "callback_id": "ride"})
    def submitted(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        wrong = body["submission"]["place"] == "nowhere"
        ack(errors=[{"name": "place", "error": "no such place"}]) if wrong else ack()

    @served.app.action({"type": "dialog_cancellation", "callback_id": "ride"})
    def cancelled(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        ack()

    ana = Slack(twin).user("ana")
    ana.runs("/ride", channel="#random")
    twin.idle()
    with pytest.raises(PlaneError, match="has to be filled in"):
        ana.submits()
    note = ana.submits({"place": "nowhere"})
    twin.idle()
    assert twin.record("interaction", note["id"])["errors"] == {"place": "no such place"}
    ana.submits({"place": "home"})
    twin.idle()
    assert seen[-1]["submission"] == {"place": "home", "when": None}
    assert (seen[-1]["state"], seen[-1]["channel"]["name"]) == ("s1", "random")
    with pytest.raises(PlaneError, match="no view open"):
        ana.submits()
    ana.runs("/ride", channel="#random")
    twin.idle()
    ana.closes()
    twin.idle()
    assert seen[-1]["type"] == "dialog_cancellation"


def test_buttons_of_attachments(twin: Twin, served: Served, bot: WebClient) -> None:
    seen: list[dict[str, Any]] = []

    @served.app.action({"type": "interactive_message", "callback_id": "choose"})
    def chosen(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        ack({"text": f"chose {body['actions'][0]['value']}"})

    actions = [{"name": "game", "text": "Chess", "type": "button", "value": "chess"}]
    attachment = {"text": "Choose", "callback_id": "choose", "actions": actions}
    ts = bot.chat_postMessage(channel=GENERAL, text="?", attachments=[attachment])["ts"]
    Slack(twin).user("ana").clicks("Chess", channel="#general", ts=ts)
    twin.idle()
    assert (seen[0]["actions"], seen[0]["attachment_id"]) == (
        [{"name": "game", "type": "button", "value": "chess"}],
        "1",
    )
    assert seen[0]["original_message"]["ts"] == ts
    shown = bot.conversations_history(channel=GENERAL)["messages"][0]
    assert (shown["text"], shown["ts"], "attachments" in shown) == ("chose chess", ts, False)


def option(value: str) -> dict[str, Any]:
    return {"text": {"type": "plain_text", "text": value.upper()}, "value": value}


def test_what_is_chosen_in_a_message_stays(twin: Twin, served: Served, bot: WebClient) -> None:
    states: list[Any] = []

    @served.app.action("size")
    @served.app.action("go")
    def any_action(ack: Any, body: dict[str, Any]) -> None:
        ack()
        states.append(body["state"]["values"]["b1"])

    size = {"type": "static_select", "action_id": "size", "options": [option("s"), option("m")]}
    day = {"type": "datepicker", "action_id": "day", "initial_date": "2026-01-05"}
    go = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [{"type": "actions", "block_id": "b1", "elements": [size, day, go]}]
    ts = bot.chat_postMessage(channel=GENERAL, text="?", blocks=blocks)["ts"]
    ana = Slack(twin).user("ana")
    ana.clicks("size", channel="#general", ts=ts, value="m")
    ana.clicks("go", channel="#general", ts=ts)
    twin.idle()
    for state in states:
        assert state["size"]["selected_option"]["value"] == "m"
        assert state["day"] == {"type": "datepicker", "selected_date": "2026-01-05"}


def test_addresses_for_chosen_channels(twin: Twin, served: Served, bot: WebClient) -> None:
    seen: list[dict[str, Any]] = []

    @served.app.view("pick")
    def picked(ack: Any, body: dict[str, Any]) -> None:
        ack()
        seen.append(body)

    text = {"type": "plain_text", "text": "Where"}
    element = {"type": "conversations_select", "action_id": "where", "response_url_enabled": True}
    view = {
        "type": "modal", "callback_id": "pick", "title": text, "submit": text,
        "blocks": [{"type": "input", "block_id": "b", "label": text, "element": element}],
    }  # fmt: skip
    trigger = twin.do("shortcut", user="ana", callback_id="none")["trigger_id"]
    bot.views_open(trigger_id=trigger, view=view)
    Slack(twin).user("ana").submits({"where": world.RANDOM})
    twin.idle()
    (url,) = seen[0]["response_urls"]
    assert (url["channel_id"], url["block_id"], url["action_id"]) == (world.RANDOM, "b", "where")
    assert url["response_url"].startswith(twin.url)


def test_a_command_that_nobody_takes(twin: Twin, served: Served) -> None:
    note = Slack(twin).user("ana").runs("/nothing here")
    twin.idle()
    (whisper,) = twin.records("ephemeral")
    assert whisper["text"] == '/nothing failed with the error "dispatch_failed"'
    assert (whisper["to"], whisper["user"]) == (world.ANA, "USLACKBOT")
    assert twin.record("interaction", note["id"])["shown"] == whisper["text"]


def ticketing(served: Served) -> None:
    """Have an app that opens tickets in a modal."""
    named = {"type": "plain_text", "text": "Title"}
    field = {"type": "plain_text_input", "action_id": "title"}
    view = {
        "type": "modal", "callback_id": "ticket", "title": {"type": "plain_text", "text": "New ticket"},
        "submit": {"type": "plain_text", "text": "Create"},
        "blocks": [
            {"type": "input", "block_id": "b", "label": named, "element": field},
            {"type": "input", "block_id": "k", "label": named, "element": {
                "type": "external_select", "action_id": "kind", "min_query_length": 1,
            }},
        ],
    }  # fmt: skip

    @served.app.options("kind")
    def kinds(ack: Any, payload: dict[str, Any]) -> None:
        text = {"type": "plain_text", "text": f"{payload['value']} and more"}
        ack(options=[{"text": text, "value": "k1"}])

    @served.app.message("help")
    def asked(say: Any) -> None:
        button = {"type": "button", "action_id": "open", "text": {"type": "plain_text", "text": "Open a ticket"}}
        say(text="how?", blocks=[{"type": "actions", "elements": [button]}])

    @served.app.action("open")
    def clicked(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=view)

    @served.app.view("ticket")
    def submitted(ack: Any, view: dict[str, Any], client: WebClient) -> None:
        title = view["state"]["values"]["b"]["title"]["value"]
        assert view["state"]["values"]["k"]["kind"]["selected_option"]["value"] == "k1"
        if title == "x":
            ack(response_action="errors", errors={"b": "longer, please"})
            return
        ack()
        client.chat_postMessage(channel=GENERAL, text=f"ticket: {title}")


def test_a_person_at_the_page(twin: Twin, served: Served, bot: WebClient) -> None:
    ticketing(served)
    with browser.opened() as chromium:
        page = chromium.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{twin.url}/client?user=ben")
        page.fill("input[aria-label='Message, or /command']", "help")
        page.keyboard.press("Enter")
        page.click("text=Open a ticket")
        page.fill("dialog input[aria-label='search Choose…']", "bug")
        page.press("dialog input[aria-label='search Choose…']", "Tab")
        page.select_option("dialog select[aria-label='Choose…']", label="bug and more")
        page.fill("dialog input[aria-label='title']", "x")
        page.click("dialog >> text=Create")
        page.wait_for_selector("text=longer, please")
        page.fill("dialog input[aria-label='title']", "printer")
        page.click("dialog >> text=Create")
        page.wait_for_selector("article >> text=ticket: printer")
        page.hover("article:has-text('ticket: printer')")
        page.click("article:has-text('ticket: printer') >> [aria-label='react with tada']")
        page.wait_for_selector("article:has-text('ticket: printer') >> .chip.mine")
        assert wrong == []
    newest = bot.conversations_history(channel=GENERAL)["messages"][0]
    assert newest["reactions"] == [{"name": "tada", "users": [world.BEN], "count": 1}]
    assert httpx.get(f"{twin.url}/client/state?user=nobody").json()["me"] == world.ANA
