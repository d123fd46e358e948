"""An Okta twin for tests: served on a port, with an httpx client and a Python SDK client."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from twinkit.testing import Twin, TwinServer

TOKEN = "00TwinkitOktaApiTokenForTests0000000000000"


class Org:
    """One private org."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.url = str(twin.url)
        headers = {"authorization": f"SSWS {TOKEN}", "accept": "application/json"}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=30)
        self.plain = httpx.Client(base_url=self.url, timeout=30)

    def ask(self, method: str, path: str, data: Any = None, *, status: int = 200) -> Any:
        """The JSON of a reply; fails when its status is another."""
        reply = self.http.request(method, path, json=data)
        assert reply.status_code == status, (reply.status_code, reply.text)
        return reply.json() if reply.content else None

    def refused(self, method: str, path: str, data: Any = None) -> tuple[int, str, str, list[str]]:
        """(status, code, summary, causes) of an error; its id and link are checked."""
        reply = self.http.request(method, path, json=data)
        body = reply.json()
        assert body["errorId"].startswith("oae")
        assert body["errorLink"] == body["errorCode"]
        causes = [each["errorSummary"] for each in body["errorCauses"]]
        return reply.status_code, body["errorCode"], body["errorSummary"], causes

    def user(self, login: str, *, password: str | None = "Correct-h0rse", activate: bool = True, **profile: Any) -> Any:
        """A new user."""
        body: dict[str, Any] = {"profile": {"firstName": "Test", "lastName": "User", "email": login, "login": login,
                                            **profile}}  # fmt: skip
        if password:
            body["credentials"] = {"password": {"value": password}}
        return self.ask("POST", f"/api/v1/users?activate={str(activate).lower()}", body)

    def control(self, name: str, **payload: Any) -> Any:
        """What the twin's control call of this name answers: the human's part."""
        reply = self.plain.post(f"/_twin/do/{name}", json=payload)
        assert reply.status_code == 200, reply.text
        found = reply.json()
        return found.get("result", found) if isinstance(found, dict) and set(found) == {"result"} else found

    def sdk(self, work: Any) -> Any:
        """Run `work(client)` with the vendor's Python SDK."""
        from okta.client import Client

        os.environ["OKTA_TESTING_TESTINGDISABLEHTTPSCHECK"] = "true"

        async def run() -> Any:
            settings = {"orgUrl": self.url, "token": TOKEN}
            async with Client(settings) as client:
                return await work(client)

        return asyncio.run(run())

    def close(self) -> None:
        """Let go of the connections."""
        self.http.close()
        self.plain.close()


@pytest.fixture(scope="module")
def server() -> Iterator[TwinServer]:
    """One server for a module's tests."""
    with TwinServer("okta") as made:
        yield made


@pytest.fixture
def org(server: TwinServer) -> Iterator[Org]:
    """A private org for one test."""
    made = Org(server.instance())
    yield made
    made.close()
