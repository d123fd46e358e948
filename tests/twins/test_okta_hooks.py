"""What the Okta twin sends: event hooks, and its token hook."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.twins.okta_org import Org, org, server

__all__ = ["org", "server"]


class Listener:
    """A receiver on a thread of its own; `answer` is what its POSTs are told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], Any]] = []
        self.arrived = threading.Event()
        self.answer: Any = {}
        self.page: Any = None
        self.status = 200
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply(listener.page or {"verification": self.headers.get("x-okta-verification-challenge")})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
                headers = {name.lower(): value for name, value in self.headers.items()}
                listener.got.append((self.path, headers, body))
                listener.arrived.set()
                self.reply(listener.answer)

            def reply(self, body: Any) -> None:
                data = json.dumps(body).encode()
                self.send_response(listener.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                return None

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Stop listening."""
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A receiver for one test."""
    made = Listener()
    yield made
    made.close()


def test_an_event_hook_is_verified_and_gets_events(org: Org, listener: Listener) -> None:
    config = {"uri": f"{listener.url}/hook", "authScheme": {"type": "HEADER", "key": "authorization", "value": "s3"}}
    body = {"name": "Hook", "events": {"type": "EVENT_TYPE", "items": ["user.lifecycle.create"]},
            "channel": {"type": "HTTP", "version": "1.0.0", "config": config}}  # fmt: skip
    hook = org.ask("POST", "/api/v1/eventHooks", body)
    assert hook["verificationStatus"] == "UNVERIFIED"
    path = f"/api/v1/eventHooks/{hook['id']}/lifecycle/verify"
    assert org.ask("POST", path)["verificationStatus"] == "VERIFIED"
    user = org.user("hooked@example.com")["id"]
    assert listener.arrived.wait(10)
    _, headers, event = listener.got[0]
    assert headers["authorization"] == "s3"
    assert event["eventType"] == "com.okta.event_hook"
    assert event["data"]["events"][0]["target"][0]["id"] == user


def test_a_token_hook_changes_claims(org: Org, listener: Listener) -> None:
    from twins.okta.oauth import jwt

    listener.answer = {"commands": [{"type": "com.okta.access.patch",
                                     "value": [{"op": "add", "path": "/claims/extra", "value": "yes"}]}]}  # fmt: skip
    channel = {"type": "HTTP", "version": "1.0.0", "config": {"uri": listener.url, "method": "POST"}}
    body = {"name": "Tokens", "version": "1.0.0", "type": "com.okta.oauth2.tokens.transform", "channel": channel}
    hook = org.ask("POST", "/api/v1/inlineHooks", body)["id"]
    base = "/api/v1/authorizationServers/default/policies"
    policy = org.ask("GET", base)[0]["id"]
    rule = org.ask("GET", f"{base}/{policy}/rules")[0]
    rule["actions"]["token"]["inlineHook"] = {"id": hook}
    org.ask("PUT", f"{base}/{policy}/rules/{rule['id']}", rule)
    auth = ("0oaTwinkitService004", "twinkit-service-client-secret-00000000004")
    fields = {"grant_type": "client_credentials", "scope": "api:read"}
    made = org.plain.post("/oauth2/default/v1/token", data=fields, auth=auth).json()
    assert jwt.read(made["access_token"])[1]["extra"] == "yes"
