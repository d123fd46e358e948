"""Bolt for Python behind web frameworks, unmodified: an app installed by OAuth in a browser-like client, then used."""

from __future__ import annotations

import html
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
import pytest
from slack_bolt import App
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import FileInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore

from tests.twins.slack_bench import bot, slack_server, twin
from twinkit.testing.twin import Twin
from twins.slack import world
from twins.slack.acting import Slack

__all__ = ["bot", "slack_server", "twin"]
GENERAL = world.GENERAL


class Quiet(WSGIRequestHandler):
    """Says nothing on standard error."""

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def wsgi(application: Any) -> Iterator[str]:
    """A WSGI application on a loopback port; gives its address."""
    server = make_server("127.0.0.1", 0, application, WSGIServer, Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def asgi(application: Any) -> Iterator[str]:
    """An ASGI application on a loopback port; gives its address."""
    import uvicorn

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(application, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def listening(app: App) -> App:
    """A Bolt app that greets and deploys."""

    @app.message("ping")
    def ping(say: Any) -> None:
        say("pong")

    @app.command("/deploy")
    def deploy(ack: Any, command: dict[str, Any]) -> None:
        ack(f"deploying {command['text']}")

    return app


def plain(twin: Twin) -> App:
    web = WebClient(world.BOT_TOKEN, base_url=f"{twin.url}/api/")
    return listening(App(client=web, signing_secret=world.SIGNING_SECRET, process_before_response=True))


def fastapi_app(bolt: App) -> Any:
    fastapi = pytest.importorskip("fastapi")
    from slack_bolt.adapter.fastapi import SlackRequestHandler

    handler = SlackRequestHandler(bolt)
    api = fastapi.FastAPI()

    async def serve(request: Any) -> Any:
        return await handler.handle(request)

    for path in ("/slack/events", "/slack/install", "/slack/oauth_redirect"):
        api.add_route(path, serve, methods=["GET", "POST"])
    return api


def flask_app(bolt: App) -> Any:
    flask = pytest.importorskip("flask")
    from slack_bolt.adapter.flask import SlackRequestHandler

    handler = SlackRequestHandler(bolt)
    app = flask.Flask("app")
    app.add_url_rule("/slack/events", view_func=lambda: handler.handle(flask.request), methods=["POST"])
    return app


def wsgi_app(bolt: App) -> Any:
    from slack_bolt.adapter.wsgi import SlackRequestHandler

    return SlackRequestHandler(bolt)


def asgi_app(bolt: App) -> Any:
    from slack_bolt.adapter.asgi import SlackRequestHandler

    return SlackRequestHandler(bolt)


FRAMEWORKS = [(fastapi_app, asgi), (asgi_app, asgi), (flask_app, wsgi), (wsgi_app, wsgi)]


@pytest.mark.parametrize(("make", "serve"), FRAMEWORKS)
def test_bolt_behind_a_framework(twin: Twin, bot: WebClient, make: Any, serve: Any) -> None:
    with serve(make(plain(twin))) as url:
        twin.do("app", request_url=f"{url}/slack/events")
        twin.idle()
        ana = Slack(twin).user("ana")
        ana.posts("#general", "ping")
        ana.runs("/deploy prod")
        twin.idle()
    assert twin.records("interaction")[0]["ok"] is True
    assert "pong" in [message["text"] for message in bot.conversations_history(channel=GENERAL)["messages"]]
    assert twin.records("ephemeral")[0]["text"] == "deploying prod"


def test_bolt_behind_aiohttp(twin: Twin, bot: WebClient) -> None:
    import asyncio

    from aiohttp import web
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.web.async_client import AsyncWebClient

    client = AsyncWebClient(world.BOT_TOKEN, base_url=f"{twin.url}/api/")
    app = AsyncApp(client=client, signing_secret=world.SIGNING_SECRET, process_before_response=True)

    @app.message("ping")
    async def ping(say: Any) -> None:
        await say("pong")

    async def run() -> None:
        runner = web.AppRunner(app.web_app())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        await asyncio.to_thread(twin.do, "app", request_url=f"http://127.0.0.1:{port}/slack/events")
        await asyncio.to_thread(twin.do, "posts", user="ana", text="ping")
        await asyncio.to_thread(twin.idle)
        await runner.cleanup()

    asyncio.run(run())
    assert "pong" in [message["text"] for message in bot.conversations_history(channel=GENERAL)["messages"]]


def test_an_app_is_installed_in_a_browser_and_used(twin: Twin, tmp_path: Any) -> None:
    store = FileInstallationStore(base_dir=str(tmp_path / "installations"), client_id=world.CLIENT_ID)
    settings = OAuthSettings(
        client_id=world.CLIENT_ID, client_secret=world.CLIENT_SECRET, scopes=["chat:write", "channels:history"],
        user_scopes=["search:read"], installation_store=store,
        state_store=FileOAuthStateStore(expiration_seconds=600, base_dir=str(tmp_path / "states")),
        authorization_url=f"{twin.url}/oauth/v2/authorize",
    )  # fmt: skip
    web = WebClient(base_url=f"{twin.url}/api/")
    app = App(client=web, signing_secret=world.SIGNING_SECRET, oauth_settings=settings, process_before_response=True)
    assert app.oauth_flow is not None
    app.oauth_flow.client.base_url = web.base_url
    listening(app)
    with asgi(fastapi_app(app)) as url, httpx.Client(follow_redirects=False) as browser:
        back = f"{url}/slack/oauth_redirect"
        twin.do("app", redirect_uris=[back])
        page = browser.get(f"{url}/slack/install")
        link = html.unescape(re.findall(r'href="([^"]+)"', page.text)[-1])
        assert link.startswith(settings.authorization_url)
        cookie = {
            "cookie": page.headers["set-cookie"].partition(";")[0]
        }  # a secure one, which browsers send to loopback
        consent = browser.get(link)
        assert "wants to access the workspace" in consent.text
        asked = dict(httpx.QueryParams(urlsplit(link).query))
        answer = browser.post(urljoin(link, "authorize"), data={**asked, "twin_user": "ben", "twin_answer": "allow"})
        assert answer.status_code == 302 and answer.headers["location"].startswith(back)
        done = browser.get(answer.headers["location"], headers=cookie)
        assert done.status_code == 200 and "Thank you" in done.text
        installed = store.find_bot(enterprise_id=None, team_id=world.TEAM)
        assert installed is not None and installed.bot_token not in (None, world.BOT_TOKEN)
        refused = browser.get(answer.headers["location"], headers=cookie)
        assert refused.status_code != 200, "a state is good once"
        twin.do("app", request_url=f"{url}/slack/events")
        twin.idle()
        Slack(twin).user("ana").posts("#general", "ping")
        twin.idle()
    said = WebClient(world.BOT_TOKEN, base_url=web.base_url).conversations_history(channel=GENERAL)["messages"]
    assert said[0]["text"] == "pong"
