"""Which events reach a Slack app (its scopes, links and metadata), and Bolt's assistants and steps of workflows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import Assistant, BoltContext, Complete, Fail, Say, SetStatus, SetSuggestedPrompts, SetTitle
from slack_sdk import WebClient

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
