"""Apps on the Slack twin: events, interactivity, commands, response URLs, views, OAuth — with Bolt, unmodified."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook import WebhookClient

from tests.twins.slack_bench import ana, ben, bot, client, error, slack_server, twin
from twinkit.testing.twin import Twin
from twins.slack import world
from twins.slack.acting import Slack

__all__ = ["ana", "ben", "bot", "slack_server", "twin"]
GENERAL = world.GENERAL


class Served:
    """A Bolt app behind a small HTTP server."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.requests: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                headers = dict(self.headers.items())
                outer.requests.append({**{name.lower(): value for name, value in headers.items()}, "body": body})
                reply = outer.app.dispatch(BoltRequest(body=body, query="", headers=headers))
                data = (reply.body or "").encode()
                self.send_response(reply.status)
                for name, values in reply.headers.items():
                    for value in values:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/slack/events"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def bolt(twin: Twin, **settings: Any) -> App:
    """A Bolt app that talks to the instance; its listeners run before the answer."""
    web = WebClient(world.BOT_TOKEN, base_url=f"{twin.url}/api/")
    return App(client=web, signing_secret=world.SIGNING_SECRET, process_before_response=True, **settings)


@pytest.fixture
def served(twin: Twin) -> Iterator[Served]:
    app = Served(bolt(twin))
    twin.do("app", request_url=app.url)
    twin.idle()
    yield app
    app.close()


def texts(web: WebClient, channel: str = GENERAL) -> list[str]:
    return [message["text"] for message in web.conversations_history(channel=channel)["messages"]]


def until(found: Any, tries: int = 2000) -> Any:
    """What a look finds at last."""
    return next(result for result in (found() for _ in range(tries)) if result)


def test_the_address_is_verified(twin: Twin, served: Served) -> None:
    note = twin.records("interaction")[0]
    assert note["type"] == "url_verification" and note["verified"] is True


def test_events_are_signed_and_wrapped(twin: Twin, served: Served) -> None:
    twin.do("posts", user="ana", text="hello")
    twin.idle()
    sent = served.requests[-1]
    verifier = SignatureVerifier(world.SIGNING_SECRET)
    assert verifier.is_valid_request(sent["body"], sent)
    event = twin.events[-1]
    assert event.type == "message.channels"
    body = json.loads(sent["body"])
    assert (body["type"], body["team_id"], body["api_app_id"]) == ("event_callback", world.TEAM, world.APP)
    assert body["authorizations"][0]["user_id"] == world.BOT_USER
    assert body["event"]["channel_type"] == "channel"


def test_an_app_that_listens(twin: Twin, served: Served, bot: WebClient) -> None:
    app = served.app

    @app.message("ping")
    def ping(say: Any) -> None:
        say("pong")

    @app.event("app_mention")
    def mention(event: dict[str, Any], say: Any) -> None:
        say(text=f"yes, <@{event['user']}>?", thread_ts=event["ts"])

    @app.event("reaction_added")
    def reaction(event: dict[str, Any], client: WebClient) -> None:
        client.chat_postMessage(channel=event["item"]["channel"], text=f"{event['reaction']}!")

    @app.event("message")
    def other() -> None:
        pass

    ts = twin.do("posts", user="ana", text="ping")["ts"]
    twin.do("reacts", user="ben", ts=ts, name="tada")
    twin.do("posts", user="ana", text=f"<@{world.BOT_USER}> are you there")
    twin.idle()
    said = texts(bot)
    assert "pong" in said and "tada!" in said
    asked = bot.conversations_history(channel=GENERAL)["messages"]
    mention_ts = next(message for message in asked if "are you there" in message["text"])["ts"]
    assert bot.conversations_replies(channel=GENERAL, ts=mention_ts)["messages"][1]["text"] == "yes, <@U0ANA000001>?"


def test_events_are_sent_again(twin: Twin, served: Served) -> None:
    tries: list[int] = []

    @served.app.event("message")
    def broken() -> None:
        tries.append(1)
        raise RuntimeError("no")

    served.app.error(lambda error: BoltResponse(status=500, body=""))
    twin.do("posts", user="ana", text="x")
    twin.idle()
    assert len(tries) == 1
    twin.clock.advance(minutes=7)
    assert len(tries) == 4
    last = served.requests[-1]
    assert (last["x-slack-retry-num"], last["x-slack-retry-reason"]) == ("3", "http_error")


def test_commands_and_response_urls(twin: Twin, served: Served, bot: WebClient) -> None:
    seen: dict[str, Any] = {}

    @served.app.command("/deploy")
    def deploy(ack: Any, command: dict[str, Any], respond: Any) -> None:
        ack(f"deploying {command['text']}")
        seen.update(command)
        respond(text="deployed", response_type="in_channel")

    twin.do("runs", user="ana", command="/deploy prod")
    twin.idle()
    assert texts(bot)[0] == "deployed"
    whispered = twin.records("ephemeral")[0]
    assert (whispered["text"], whispered["to"]) == ("deploying prod", world.ANA)
    hook = WebhookClient(seen["response_url"])
    assert [hook.send(text=str(number)).status_code for number in range(5)] == [200, 200, 200, 200, 404]
    twin.do("runs", user="ana", command="/deploy test")
    twin.idle()
    twin.clock.advance(minutes=31)
    assert WebhookClient(seen["response_url"]).send(text="late").body == '{"ok":false,"error":"expired_url"}'


def test_buttons_and_replacing(twin: Twin, served: Served, bot: WebClient) -> None:
    @served.app.action("approve")
    def approve(ack: Any, body: dict[str, Any], respond: Any) -> None:
        ack()
        respond(text=f"approved by {body['user']['username']}", replace_original=True)

    button = {"type": "button", "action_id": "approve", "text": {"type": "plain_text", "text": "Approve"}, "value": "7"}
    ts = bot.chat_postMessage(channel=GENERAL, text="?", blocks=[{"type": "actions", "elements": [button]}])["ts"]
    twin.do("clicks", user="ana", channel="#general", ts=ts, action="Approve")
    twin.idle()
    shown = bot.conversations_history(channel=GENERAL)["messages"][0]
    assert shown["text"] == "approved by ana" and [block["type"] for block in shown["blocks"]] == ["rich_text"]


def modal(**more: Any) -> dict[str, Any]:
    label = {"type": "plain_text", "text": "Name"}
    element = {"type": "plain_text_input", "action_id": "name"}
    block = {"type": "input", "block_id": "who", "label": label, "element": element}
    view = {"type": "modal", "callback_id": "ask", "title": label, "submit": {"type": "plain_text", "text": "Go"}}
    return {**view, "blocks": [block], **more}


def test_modals(twin: Twin, served: Served, bot: WebClient) -> None:
    entered: list[str] = []

    @served.app.shortcut("ask")
    def ask(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal())

    @served.app.view("ask")
    def submitted(ack: Any, view: dict[str, Any]) -> None:
        name = view["state"]["values"]["who"]["name"]["value"]
        entered.append(name)
        if name == "nobody":
            ack(response_action="errors", errors={"who": "who?"})
        elif name == "more":
            ack(response_action="push", view=modal(callback_id="second"))
        else:
            ack()

    @served.app.view("second")
    def second(ack: Any) -> None:
        ack(response_action="clear")

    twin.do("shortcut", user="ana", callback_id="ask")
    twin.idle()
    note = twin.do("submits", user="ana", values={"name": "nobody"})
    twin.idle()
    assert twin.record("interaction", note["id"])["errors"] == {"who": "who?"}
    twin.do("submits", user="ana", values={"name": "more"})
    twin.idle()
    assert {view["callback_id"] for view in twin.records("view", open=True)} == {"second", "ask"}
    twin.do("submits", user="ana", values={"who": "x"})
    twin.idle()
    assert twin.records("view", open=True) == []
    assert entered == ["nobody", "more"]


def test_views_refuse(twin: Twin, served: Served, bot: WebClient) -> None:
    def trigger() -> str:
        return str(twin.do("shortcut", user="ana", callback_id="nothing")["trigger_id"])

    first = trigger()
    opened = bot.views_open(trigger_id=first, view=modal(external_id="e1"))["view"]
    assert error(bot.views_open, trigger_id=first, view=modal()) == "exchanged_trigger_id"
    assert error(bot.views_open, trigger_id="1.2.3", view=modal()) == "invalid_trigger_id"
    assert error(bot.views_open, trigger_id=trigger(), view=modal(external_id="e1")) == "duplicate_external_id"
    assert error(bot.views_open, trigger_id=trigger(), view={"type": "modal", "blocks": []}) == "invalid_arguments"
    late = trigger()
    twin.clock.advance(seconds=4)
    assert error(bot.views_open, trigger_id=late, view=modal()) == "expired_trigger_id"
    assert error(bot.views_update, view_id=opened["id"], hash="1.x", view=modal()) == "hash_conflict"
    assert bot.views_update(view_id=opened["id"], hash=opened["hash"], view=modal())["view"]["hash"] != opened["hash"]
    bot.views_push(trigger_id=trigger(), view=modal())
    bot.views_push(trigger_id=trigger(), view=modal())
    assert error(bot.views_push, trigger_id=trigger(), view=modal()) == "push_limit_reached"
    assert error(bot.views_update, view_id="V404", view=modal()) == "not_found"


def test_the_home_tab(twin: Twin, served: Served, bot: WebClient) -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "hi"}}

    @served.app.event("app_home_opened")
    def opened(event: dict[str, Any], client: WebClient) -> None:
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section]})

    twin.do("opens_home", user="ben")
    twin.idle()
    home = twin.records("view", type="home")[0]
    assert home["user"] == world.BEN
    again = {"user_id": world.BEN, "view": {"type": "home", "blocks": [section]}}
    assert error(bot.views_publish, hash="1.x", **again) == "hash_conflict"


def test_incoming_webhooks(twin: Twin, bot: WebClient) -> None:
    hook = WebhookClient(f"{twin.url}{world.WEBHOOK_PATH}")
    assert (hook.send(text="from outside").status_code, hook.send(text="again").body) == (200, "ok")
    assert texts(bot)[:2] == ["again", "from outside"]
    assert hook.send(text="").body == "no_text"
    assert httpx.post(hook.url, content=b"x").text == "invalid_payload"
    assert WebhookClient(f"{twin.url}/services/T/B/x").send(text="x").status_code == 404


def consent(twin: Twin, **more: str) -> dict[str, list[str]]:
    query = {
        "client_id": world.CLIENT_ID, "scope": "chat:write,commands,incoming-webhook", "user_scope": "search:read",
        "redirect_uri": "http://127.0.0.1:1/back", "state": "s1", **more,
    }  # fmt: skip
    page = httpx.get(f"{twin.url}/oauth/v2/authorize", params=query)
    assert page.status_code == 200 and "wants to access" in page.text
    answer = httpx.post(f"{twin.url}/oauth/v2/authorize", data={**query, "twin_user": "ben", "twin_answer": "allow"})
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer.headers["location"]).query)


def test_installing(twin: Twin) -> None:
    web = WebClient(base_url=f"{twin.url}/api/")
    back = consent(twin)
    assert back["state"] == ["s1"]
    given = {"client_id": world.CLIENT_ID, "client_secret": world.CLIENT_SECRET, "code": back["code"][0]}
    uri = "http://127.0.0.1:1/back"
    assert error(web.oauth_v2_access, **{**given, "client_id": "1.1"}) == "invalid_client_id"
    assert error(web.oauth_v2_access, **{**given, "client_secret": "x"}) == "bad_client_secret"
    assert error(web.oauth_v2_access, **given, redirect_uri="http://else") == "bad_redirect_uri"
    told = web.oauth_v2_access(**given, redirect_uri=uri)
    assert told["authed_user"]["id"] == world.BEN and told["bot_user_id"] == world.BOT_USER
    assert error(web.oauth_v2_access, **given, redirect_uri=uri) == "invalid_code"
    assert client(twin, told["access_token"]).auth_test()["user_id"] == world.BOT_USER
    assert client(twin, told["authed_user"]["access_token"]).auth_test()["user"] == "ben"
    assert WebhookClient(told["incoming_webhook"]["url"]).send(text="x").body == "ok"


def test_installing_without_a_secret(twin: Twin) -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
    proof = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
    web, head = WebClient(base_url=f"{twin.url}/api/"), {"client_id": world.CLIENT_ID, "client_secret": ""}
    program = {"scope": "", "redirect_uri": "myapp://auth"}
    code = consent(twin, **proof)["code"][0]
    secret = {**head, "client_secret": world.CLIENT_SECRET, "redirect_uri": "http://127.0.0.1:1/back"}
    assert error(web.oauth_v2_access, **secret, code=code, code_verifier=verifier) == "pkce_not_allowed"
    twin.do("app", pkce=True, redirect_uris=["myapp://auth", "http://127.0.0.1:1/back", "http://localhost:8080/"])
    authorize = f"{twin.url}/oauth/v2/authorize"
    asked = {"client_id": world.CLIENT_ID, "user_scope": "search:read", **program}
    assert httpx.get(authorize, params=asked).status_code == 400
    assert httpx.get(authorize, params={**asked, **proof, "scope": "chat:write"}).status_code == 400
    local = {**asked, **proof, "scope": "chat:write", "redirect_uri": "http://localhost:8080/"}
    assert httpx.get(authorize, params=local).status_code == 400
    given = {**head, "code": consent(twin, **program, **proof)["code"][0], "redirect_uri": "myapp://auth"}
    assert error(web.oauth_v2_access, **given) == "bad_client_secret"
    assert error(web.oauth_v2_access, **given, code_verifier="x" * 43) == "invalid_code_verifier"
    told = web.oauth_v2_access(**given, code_verifier=verifier)["authed_user"]
    assert client(twin, told["access_token"]).auth_test()["user"] == "ben" and told["expires_in"] == 43_200
    again = {**head, "grant_type": "refresh_token"}
    fresh = web.oauth_v2_access(**again, refresh_token=told["refresh_token"])
    twin.clock.advance(days=30)
    assert error(web.oauth_v2_access, **again, refresh_token=fresh["refresh_token"]) == "invalid_refresh_token"


def test_a_server_keeps_its_secret_when_it_proves_itself(twin: Twin) -> None:
    twin.do("app", pkce=True)
    web = WebClient(base_url=f"{twin.url}/api/")
    given = {"client_id": world.CLIENT_ID, "redirect_uri": "http://127.0.0.1:1/back"}
    code = consent(twin)["code"][0]
    assert error(web.oauth_v2_access, **given, client_secret="", code=code) == "bad_client_secret"
    told = web.oauth_v2_access(**given, client_secret=world.CLIENT_SECRET, code=code)
    assert told["ok"] and "refresh_token" not in told
    bare = consent(twin)["code"][0]
    assert error(web.oauth_v2_access, **given, client_secret="", code=bare, code_verifier="x") == "bad_client_secret"
    plain = consent(twin, code_challenge="p" * 43)["code"][0]
    assert web.oauth_v2_access(**given, client_secret="", code=plain, code_verifier="p" * 43)["ok"]


def test_rotation(twin: Twin) -> None:
    twin.do("app", token_rotation=True)
    web = WebClient(base_url=f"{twin.url}/api/")
    head = {"client_id": world.CLIENT_ID, "client_secret": world.CLIENT_SECRET}
    code = consent(twin, user_scope="")["code"][0]
    told = web.oauth_v2_access(**head, code=code, redirect_uri="http://127.0.0.1:1/back")
    assert told["expires_in"] == 43_200 and told["access_token"].startswith("xoxe.xoxb-1-")
    fresh = web.oauth_v2_access(**head, grant_type="refresh_token", refresh_token=told["refresh_token"])
    again = {**head, "grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    assert error(web.oauth_v2_access, **again) == "invalid_refresh_token"
    twin.clock.advance(hours=13)
    assert error(client(twin, fresh["access_token"]).auth_test) == "token_expired"


def test_socket_mode(twin: Twin, bot: WebClient) -> None:
    app = App(client=WebClient(world.BOT_TOKEN, base_url=f"{twin.url}/api/"), signing_secret="")
    done = threading.Event()

    @app.message("ping")
    def ping(say: Any) -> None:
        say("pong")
        done.set()

    @app.command("/hello")
    def hello(ack: Any) -> None:
        ack("hi there")

    @app.shortcut("ask")
    def ask(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal())
        done.set()

    handler = SocketModeHandler(app, world.APP_TOKEN, web_client=WebClient(base_url=f"{twin.url}/api/"))
    handler.connect()
    try:
        assert error(bot.api_call, api_method="apps.connections.open") == "not_allowed_token_type"
        twin.do("posts", user="ana", text="ping")
        assert done.wait(5)
        assert texts(bot)[0] == "pong"
        done.clear()
        twin.do("runs", user="ana", command="/hello")
        twin.do("shortcut", user="ana", callback_id="ask")
        assert done.wait(5)
        assert len(twin.records("view")) == 1
        assert until(lambda: twin.records("ephemeral"))[0]["text"] == "hi there"
    finally:
        handler.close()


def test_the_asynchronous_socket_client(twin: Twin) -> None:
    async def work() -> list[str]:
        web = AsyncWebClient(base_url=f"{twin.url}/api/")
        sockets = SocketModeClient(app_token=world.APP_TOKEN, web_client=web)
        seen: list[str] = []
        done = asyncio.Event()

        async def listen(client: Any, request: Any) -> None:
            seen.append(request.payload["event"]["text"])
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
            done.set()

        sockets.socket_mode_request_listeners.append(listen)
        await sockets.connect()
        await asyncio.to_thread(Slack(twin).user("ana").posts, "#general", "hi")
        await asyncio.wait_for(done.wait(), 5)
        await sockets.disconnect()
        await sockets.close()
        return seen

    assert asyncio.run(work()) == ["hi"]


def test_people_in_words(twin: Twin, served: Served, bot: WebClient) -> None:
    ana = Slack(twin).user("ana")
    ts = ana.posts("#random", "lunch?")["ts"]
    ana.edits("#random", ts, "lunch at noon?")
    Slack(twin).user("ben").reacts("#random", ts, "yum")
    said = bot.conversations_history(channel=world.RANDOM)["messages"][0]
    assert (said["text"], said["reactions"][0]["users"]) == ("lunch at noon?", [world.BEN])
    ana.deletes("#random", ts)
    ana.leaves("#random")
    ana.joins("#random")
    subtypes = [message["subtype"] for message in bot.conversations_history(channel=world.RANDOM)["messages"]]
    assert subtypes == ["channel_join", "channel_leave"]


def test_selects_and_closing(twin: Twin, served: Served, bot: WebClient) -> None:
    closed: list[str] = []
    chosen: list[Any] = []

    @served.app.options("city")
    def options(ack: Any, payload: dict[str, Any]) -> None:
        ack(options=[{"text": {"type": "plain_text", "text": payload["value"] + "bon"}, "value": "lis"}])

    @served.app.view_closed("ask")
    def ended(ack: Any, view: dict[str, Any]) -> None:
        ack()
        closed.append(view["id"])

    @served.app.action("size")
    def size(ack: Any, payload: dict[str, Any]) -> None:
        ack()
        chosen.append(payload["selected_option"]["value"])

    def option(value: str) -> dict[str, Any]:
        return {"text": {"type": "plain_text", "text": value.upper()}, "value": value}

    select = {"type": "static_select", "action_id": "size", "options": [option("s"), option("m")]}
    blocks = [
        {"type": "actions", "elements": [select, {"type": "external_select", "action_id": "city"}]},
    ]
    trigger = twin.do("shortcut", user="ana", callback_id="none")["trigger_id"]
    view = bot.views_open(trigger_id=trigger, view={**modal(), "blocks": blocks, "notify_on_close": True})["view"]
    twin.do("clicks", user="ana", action="size", value="M")
    note = twin.do("types", user="ana", action="city", value="Lis")
    twin.do("closes", user="ana")
    twin.idle()
    assert (chosen, closed) == (["m"], [view["id"]])
    assert twin.record("interaction", note["id"])["options"][0]["text"]["text"] == "Lisbon"


def test_a_receiver_registered_with_the_kit(twin: Twin, bot: WebClient) -> None:
    app = Served(bolt(twin))

    @app.app.command("/hello")
    def hello(ack: Any) -> None:
        ack("hi there")

    @app.app.message("ping")
    def ping(say: Any) -> None:
        say("pong")

    twin.plane.post("receivers", {"url": app.url})
    Slack(twin).user("ana").posts("#general", "ping")
    Slack(twin).user("ana").runs("/hello")
    twin.idle()
    assert texts(bot)[0] == "pong"
    assert twin.records("ephemeral")[0]["text"] == "hi there"
    app.close()
