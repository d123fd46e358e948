"""Which events reach a Slack app (its scopes, links and metadata), and Bolt's assistants and steps of workflows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import Assistant, BoltContext, Complete, Fail, Say, SetStatus, SetSuggestedPrompts, SetTitle
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient

from tests.twins.slack_bench import ana, ben, bot, client, error, slack_server, twin
from tests.twins.test_slack_apps import Served, bolt
from twinkit.testing.receiver import WebhookReceiver
from twinkit.testing.twin import Twin
from twins.slack import eventscopes, webhooks, world
from twins.slack.acting import Slack

__all__ = ["ana", "ben", "bot", "slack_server", "twin"]
GENERAL = world.GENERAL


@pytest.fixture
def app() -> Iterator[WebhookReceiver]:
    with WebhookReceiver(secret=world.SIGNING_SECRET, sign=webhooks.sign) as receiver:
        yield receiver


@pytest.fixture
def served(twin: Twin) -> Iterator[Served]:
    made = Served(bolt(twin))
    twin.do("app", request_url=made.url)
    twin.idle()
    yield made
    made.close()


def types(app: WebhookReceiver) -> list[str]:
    return [sent.json["event"]["type"] for sent in app.of()]


# for whom events are -------------------------------------------------------------------------------------------------


def test_an_app_hears_what_its_scopes_cover(twin: Twin, app: WebhookReceiver, ana: WebClient) -> None:
    few = ["channels:history", "reactions:read"]
    made = twin.create("app", name="Few", bot_scopes=few, request_url=app.url, signing_secret=world.SIGNING_SECRET)
    (own,) = (each["user_id"] for each in twin.records("bot") if each["app_id"] == made["id"])
    ana.conversations_invite(channel=GENERAL, users=own)
    twin.idle()
    before = len(app.of())
    ts = ana.chat_postMessage(channel=GENERAL, text=f"<@{own}> hi")["ts"]
    ana.reactions_add(channel=GENERAL, timestamp=ts, name="tada")
    ana.pins_add(channel=GENERAL, timestamp=ts)
    ana.conversations_create(name="made")
    twin.idle()
    assert sorted(types(app)[before:]) == ["message", "reaction_added"]


def test_every_scope_of_an_event_is_one_that_apps_can_hold() -> None:
    held = {*world.BOT_SCOPES, *world.USER_SCOPES}
    assert {scope for scopes in eventscopes.NEEDED.values() for scope in scopes} <= held


def test_links_are_told_to_apps_that_unfurl_them(twin: Twin, app: WebhookReceiver, ana: WebClient) -> None:
    twin.do("app", request_url=app.url, verify=False, events=["link_shared"], unfurl_domains=["example.com"])
    ana.chat_postMessage(channel=world.LEADS, text="https://docs.example.com/a and https://other.test/b")
    ana.chat_postMessage(channel=GENERAL, text="https://notexample.com/")
    twin.idle()
    (event,) = (sent.json["event"] for sent in app.of())
    assert event["links"] == [{"url": "https://docs.example.com/a", "domain": "docs.example.com"}]
    assert event["is_bot_user_member"] is False


def test_metadata_that_changes_and_goes(twin: Twin, app: WebhookReceiver, bot: WebClient) -> None:
    names = [f"message_metadata_{what}" for what in ("posted", "updated", "deleted")]
    twin.do("app", request_url=app.url, verify=False, events=names)
    made = {"event_type": "task", "event_payload": {"n": 1}}
    ts = bot.chat_postMessage(channel=GENERAL, text="x", metadata=made)["ts"]
    bot.chat_update(channel=GENERAL, ts=ts, text="y", metadata={**made, "event_payload": {"n": 2}})
    bot.chat_delete(channel=GENERAL, ts=ts)
    twin.idle()
    told = [sent.json["event"] for sent in app.of()]
    assert sorted(event["type"] for event in told) == sorted(names)
    (changed,) = (event for event in told if event["type"] == names[1])
    assert (changed["previous_metadata"], changed["metadata"]["event_payload"]) == (made, {"n": 2})


# assistants and steps ------------------------------------------------------------------------------------------------


def test_an_assistant(twin: Twin, served: Served, ana: WebClient) -> None:
    assistant = Assistant()
    seen: list[Any] = []

    @assistant.thread_started
    def started(say: Say, set_suggested_prompts: SetSuggestedPrompts) -> None:
        say("How can I help?")
        set_suggested_prompts(prompts=["Sum it up", "Translate"])

    @assistant.user_message
    def asked(payload: dict[str, Any], set_status: SetStatus, set_title: SetTitle, say: Say) -> None:
        set_status("is thinking")
        set_title(payload["text"])
        say("42")

    @assistant.thread_context_changed
    def changed(payload: dict[str, Any], context: BoltContext) -> None:
        seen.append(payload["assistant_thread"]["context"]["channel_id"])

    served.app.use(assistant)
    human = Slack(twin).user("ana")
    thread = human.opens_assistant(channel="#random")
    twin.idle()
    human.posts("twinbot", "the question", thread_ts=thread["thread_ts"])
    twin.idle()
    human.opens_assistant(channel=GENERAL, thread_ts=thread["thread_ts"])
    twin.idle()
    told = ana.conversations_replies(channel=thread["channel"], ts=thread["thread_ts"])["messages"]
    assert [message["text"] for message in told] == ["the question", "How can I help?", "the question", "42"]
    assert told[0]["assistant_app_thread"]["title"] == "the question"
    assert seen == [GENERAL]
    kept = twin.record("assistant_thread", f"{thread['channel']} {thread['thread_ts']}")
    assert [prompt["title"] for prompt in kept["prompts"]] == ["Sum it up", "Translate"]


def test_a_step_of_a_workflow(twin: Twin, served: Served, bot: WebClient) -> None:
    @served.app.function("double")
    def double(inputs: dict[str, Any], complete: Complete, fail: Fail) -> None:
        if inputs["number"] < 0:
            fail("too small")
        else:
            complete({"result": inputs["number"] * 2})

    human = Slack(twin).user("ana")
    good, bad = human.runs_step("double", {"number": 4}), human.runs_step("double", {"number": -1})
    twin.idle()
    ended = {id: twin.record("execution", id) for id in (good["id"], bad["id"])}
    assert (ended[good["id"]]["state"], ended[good["id"]]["outputs"]) == ("completed", {"result": 8})
    assert (ended[bad["id"]]["state"], ended[bad["id"]]["error"]) == ("failed", "too small")
    again = {"function_execution_id": good["id"], "outputs": {}}
    assert error(bot.functions_completeSuccess, **again) == "execution_not_in_running_state"
    unknown = {**again, "function_execution_id": "Fx0"}
    assert error(bot.functions_completeSuccess, **unknown) == "function_execution_not_found"


def test_what_assistants_look_up(bot: WebClient, ana: WebClient) -> None:
    ana.chat_postMessage(channel=GENERAL, text="the gizmo ships in May")
    bot.chat_postMessage(channel=GENERAL, text="gizmo, says a bot")
    found = bot.assistant_search_context(query="gizmo")["results"]["messages"]
    assert [message["content"] for message in found] == ["the gizmo ships in May"]
    assert found[0]["author_user_id"] == world.ANA and found[0]["permalink"].startswith("https://twinkit.slack.com/")
    assert len(bot.assistant_search_context(query="gizmo", include_bots=True)["results"]["messages"]) == 2
    assert bot.assistant_search_info()["is_ai_search_enabled"] is False


def test_settings_of_apps(twin: Twin, bot: WebClient) -> None:
    config = client(twin, world.CONFIG_TOKEN)
    config.apps_icon_set(app_id=world.APP, url="https://x.test/i.png")
    assert bot.bots_info(bot=world.BOT)["bot"]["icons"]["image_48"] == "https://x.test/i.png"
    config.apps_managed_permissions_set(app_id=world.APP, permissions="app_owner")
    assert error(config.apps_managed_permissions_set, app_id=world.APP, permissions="me") == "invalid_arguments"
    assert json.dumps(twin.record("app", world.APP)["permissions"]) == '"app_owner"'


# every kind of listener, asynchronous and over a socket ---------------------------------------------------------------

MODAL = {
    "type": "modal", "callback_id": "ask", "notify_on_close": True, "title": {"type": "plain_text", "text": "Ask"},
    "submit": {"type": "plain_text", "text": "Go"}, "blocks": [{
        "type": "input", "block_id": "b", "label": {"type": "plain_text", "text": "Who"},
        "element": {"type": "plain_text_input", "action_id": "who"},
    }],
}  # fmt: skip


def listening(app: AsyncApp, seen: asyncio.Queue[Any]) -> None:
    """Listeners of all kinds, which say what they got."""

    @app.message("ping")
    async def message(say: Any) -> None:
        await say("pong")
        await seen.put("message")

    @app.event("reaction_added")
    async def event(event: dict[str, Any]) -> None:
        await seen.put(event["reaction"])

    @app.command("/deploy")
    async def command(ack: Any, command: dict[str, Any], respond: Any) -> None:
        await ack()
        await respond(f"deployed {command['text']}")
        await seen.put(command["text"])

    @app.action("go")
    async def action(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        await respond(text="gone", replace_original=True)
        await seen.put(body["actions"][0]["value"])

    @app.options("pick")
    async def options(ack: Any, payload: dict[str, Any]) -> None:
        await ack(options=[{"text": {"type": "plain_text", "text": payload["value"]}, "value": "1"}])
        await seen.put(payload["value"])

    @app.message_shortcut("note")
    async def message_shortcut(ack: Any, shortcut: dict[str, Any]) -> None:
        await ack()
        await seen.put(shortcut["message"]["text"])

    @app.global_shortcut("ask")
    async def global_shortcut(ack: Any, shortcut: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=shortcut["trigger_id"], view=MODAL)
        await seen.put("opened")

    @app.view("ask")
    async def view(ack: Any, view: dict[str, Any]) -> None:
        await ack()
        await seen.put(view["state"]["values"]["b"]["who"]["value"])

    @app.view_closed("ask")
    async def view_closed(ack: Any) -> None:
        await ack()
        await seen.put("closed")

    @app.function("double")
    async def step(inputs: dict[str, Any], complete: Any) -> None:
        await complete({"result": inputs["n"] * 2})
        await seen.put("doubled")


def test_every_kind_of_listener_over_a_socket(twin: Twin, bot: WebClient) -> None:
    human = Slack(twin).user("ana")
    parts: list[dict[str, Any]] = [
        {"type": "button", "action_id": "go", "value": "v", "text": {"type": "plain_text", "text": "Go"}},
        {"type": "external_select", "action_id": "pick"},
    ]

    async def run() -> list[Any]:
        web = AsyncWebClient(world.BOT_TOKEN, base_url=f"{twin.url}/api/")
        app, seen, got = AsyncApp(client=web, signing_secret=world.SIGNING_SECRET), asyncio.Queue[Any](), list[Any]()
        listening(app, seen)
        handler = AsyncSocketModeHandler(app, world.APP_TOKEN, web_client=web)
        await handler.connect_async()

        async def does(act: Any, *arguments: Any, **named: Any) -> None:
            await asyncio.to_thread(act, *arguments, **named)
            got.append(await asyncio.wait_for(seen.get(), 10))

        try:
            await does(human.posts, "#general", "ping")
            said = await web.chat_postMessage(
                channel=GENERAL, text="?", blocks=[{"type": "actions", "elements": parts}]
            )
            at = {"channel": GENERAL, "ts": said["ts"]}
            await does(human.reacts, **at, name="tada")
            await does(human.runs, "/deploy prod")
            await does(human.shortcut, "note", **at)
            await does(twin.do, "types", user="ana", action="pick", value="city", **at)
            await does(human.clicks, "go", **at)
            await does(human.shortcut, "ask")
            await does(human.submits, {"who": "zoe"})
            await does(human.shortcut, "ask")
            await does(human.closes)
            await does(human.runs_step, "double", {"n": 2})
        finally:
            await handler.close_async()
        return got

    expected = ["message", "tada", "prod", "?", "city", "v", "opened", "zoe", "opened", "closed", "doubled"]
    assert asyncio.run(run()) == expected
    texts = [message["text"] for message in bot.conversations_history(channel=GENERAL)["messages"]]
    assert texts == ["gone", "pong", "ping"]
