"""Errors that the published document names, each provoked by a call: method, who calls, arguments, error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.twins.slack_bench import slack_server
from tests.twins.slack_provoked import ANA, BASELINE, BOT, DIALOG, ERRORS, GENERAL, NOT_HERE, RULED_OUT, prepare
from twinkit.testing import TwinServer
from twinkit.testing.twin import Twin
from twins import slack
from twins.slack import scopes, world
from twins.slack import twin as definition

__all__ = ["slack_server"]


@pytest.fixture(scope="module")
def fixed(slack_server: TwinServer) -> Iterator[Twin]:
    made = slack_server.instance("slack", baseline=BASELINE)
    yield made
    slack_server.remove(made)


@pytest.fixture(scope="module")
def web(fixed: Twin) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{fixed.url}/api/", timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def names(fixed: Twin, web: httpx.Client) -> dict[str, str]:
    return prepare(fixed, web)


@pytest.mark.parametrize(("method", "token", "arguments", "expected"), ERRORS)
def test_a_documented_error(
    web: httpx.Client, names: dict[str, str], method: str, token: str, arguments: dict[str, Any], expected: str
) -> None:
    def known(value: Any) -> Any:
        return names.get(value[1:-1], value) if isinstance(value, str) and value[:1] == "{" else value

    token, arguments = known(token), {name: known(value) for name, value in arguments.items()}
    head = {"authorization": f"Bearer {token}"} if token else {}
    reply = web.post(method, data=arguments, headers=head)
    assert reply.status_code == 200
    assert (reply.json()["ok"], reply.json()["error"]) == (False, expected)


FORM = "application/x-www-form-urlencoded"
WIRE = [
    (b"{", "application/json; charset=utf-8", "invalid_json"),
    (b"[]", "application/json; charset=utf-8", "json_not_object"),
    (b"channel=C1", "", "missing_post_type"),
    (b"<x/>", "text/xml", "invalid_post_type"),
    (b"text=x", f"{FORM}; charset=utf-7", "invalid_charset"),
    (b"nothing", "multipart/form-data; boundary=x", "invalid_form_data"),
    (b"foo[7]=x", FORM, "invalid_array_arg"),
    (b"no%20way!=x", FORM, "invalid_arg_name"),
]


@pytest.mark.parametrize(("body", "kind", "expected"), WIRE)
def test_requests_that_cannot_be_read(fixed: Twin, body: bytes, kind: str, expected: str) -> None:
    head = {"authorization": f"Bearer {BOT}", **({"content-type": kind} if kind else {})}
    assert httpx.post(f"{fixed.url}/api/users.info", content=body, headers=head).json()["error"] == expected


def test_warnings_about_charsets(web: httpx.Client) -> None:
    head = {"authorization": f"Bearer {BOT}"}
    superfluous = {**head, "content-type": f"{FORM}; charset=utf-8"}
    told = web.post("auth.test", content=b"a=b", headers=superfluous).json()
    assert (told["warning"], told["response_metadata"]["warnings"]) == ("superfluous_charset", ["superfluous_charset"])
    assert "warning" not in web.post("auth.test", data={"a": "b"}, headers=head).json()


def test_retired_methods(web: httpx.Client) -> None:
    told = web.post("channels.list", headers={"authorization": f"Bearer {BOT}"}).json()
    assert (told["ok"], told["error"]) == (False, "method_deprecated")
    assert "Please use conversations.list or users.conversations instead." in told["response_metadata"]["messages"][0]
    assert web.post("im.open").json()["error"] == "method_deprecated"
    assert web.post("channels.fly").json() == {"ok": False, "error": "unknown_method", "req_method": "channels.fly"}


# every method --------------------------------------------------------------------------------------------------------


def documented() -> dict[str, list[str]]:
    """Method → the errors that the published document names for it."""
    index = definition.index
    found: dict[str, list[str]] = {}
    for name in index.operations():
        operation = index.operation(name)
        for response in operation.responses:
            for schema in response.content.values():
                words = index.resolve(schema).get("properties", {}).get("error", {}).get("enum", ())
                found.setdefault(operation.path.strip("/"), []).extend(words)
    return {method: list(dict.fromkeys(words)) for method, words in found.items() if words}


JSON = "application/json; charset=utf-8"
EVERYWHERE = [
    ("", JSON, b"{}", "not_authed"),
    ("xoxb-nobody", JSON, b"{}", "invalid_auth"),
    ("xoxp-revoked", JSON, b"{}", "token_revoked"),
    ("xoxp-eve", JSON, b"{}", "account_inactive"),
    *((None, kind, body, error) for body, kind, error in WIRE),
]
"""Token (None: one that may call the method), kind of body, body, error."""


@pytest.mark.parametrize(("token", "kind", "body", "expected"), EVERYWHERE)
def test_errors_of_every_method(
    web: httpx.Client, names: dict[str, str], token: str | None, kind: str, body: bytes, expected: str
) -> None:
    for method, words in documented().items():
        if expected not in words or (method in scopes.TOKENLESS and token is not None):
            continue
        chosen = token if token is not None else suited(method)
        head = {"authorization": f"Bearer {chosen}"} if chosen else {}
        reply = web.post(method, content=body, headers={**head, **({"content-type": kind} if kind else {})})
        assert reply.json()["error"] == expected, method


def test_scopes_of_every_method(web: httpx.Client, names: dict[str, str]) -> None:
    arguments = {
        "channel": GENERAL,
        "channel_id": GENERAL,
        "users": world.ANA,
        "user": world.ANA,
        "name": "x",
        "ts": "1.1",
    }
    for method, words in documented().items():
        if "missing_scope" in words and (method, "missing_scope") not in RULED_OUT:
            token = "xoxp-none" if suited(method) == ANA else "xoxb-none"
            told = web.post(method, data=arguments, headers={"authorization": f"Bearer {token}"}).json()
            assert (told.get("error"), told.get("provided")) == ("missing_scope", "identify"), (method, told)
            assert told["needed"], method


def suited(method: str) -> str:
    """A token that may call a method."""
    if scopes.matches(method, scopes.APP_ONLY):
        return world.APP_TOKEN
    return ANA if scopes.matches(method, (*scopes.USER_ONLY, "users.profile.set")) else BOT


@pytest.mark.parametrize("warning", ["missing_charset", "superfluous_charset"])
def test_warnings_that_methods_document(web: httpx.Client, names: dict[str, str], warning: str) -> None:
    kind = "application/json" if warning == "missing_charset" else f"{FORM}; charset=utf-8"
    made = web.post("usergroups.create", json={"name": warning}, headers={"authorization": f"Bearer {ANA}"}).json()
    room = web.post("conversations.create", json={"name": warning}, headers={"authorization": f"Bearer {ANA}"}).json()
    group, channel = made["usergroup"]["id"], room["channel"]["id"]
    given = {
        "conversations.join": {"channel": channel}, "conversations.invite": {"channel": channel, "users": world.BEN},
        "conversations.archive": {"channel": channel}, "conversations.unarchive": {"channel": channel},
        "conversations.leave": {"channel": channel}, "usergroups.list": {},
        "usergroups.update": {"usergroup": group, "description": "d"}, "usergroups.users.list": {"usergroup": group},
        "usergroups.users.update": {"usergroup": group, "users": world.ANA}, "usergroups.disable": {"usergroup": group},
        "usergroups.enable": {"usergroup": group},
    }  # fmt: skip
    assert {method for method, words in documented().items() if warning in words} <= set(given)
    for method, arguments in given.items():
        body = json.dumps(arguments) if warning == "missing_charset" else urlencode(arguments)
        head = {"authorization": f"Bearer {ANA}", "content-type": kind}
        told = web.post(method, content=body, headers=head).json()
        assert told["ok"] and warning in told["response_metadata"]["warnings"], (method, told)


def test_errors_that_take_steps(fixed: Twin, web: httpx.Client, names: dict[str, str]) -> None:
    head = {"authorization": f"Bearer {BOT}"}
    for number in range(1, 13):
        for name in (f"clock{number}", f"clock{number}30"):
            web.post("reactions.add", json={"channel": GENERAL, "timestamp": names["ts"], "name": name}, headers=head)
    late = {"channel": GENERAL, "timestamp": names["ts"], "name": "tada"}
    assert web.post("reactions.add", json=late, headers=head).json()["error"] == "too_many_emoji"
    trigger = fixed.do("shortcut", user="ana", callback_id="n")["trigger_id"]
    fixed.clock.advance(seconds=4)
    told = web.post("dialog.open", json={"trigger_id": trigger, "dialog": DIALOG}, headers=head).json()
    assert told["error"] == "trigger_expired"


STEPS = {("reactions.add", "too_many_emoji"), ("dialog.open", "trigger_expired")}
CHARSETS = {"missing_charset", "superfluous_charset"}


def test_every_documented_error_is_accounted_for() -> None:
    pairs = {(method, word) for method, words in documented().items() for word in words}
    everywhere = {error for *_, error in EVERYWHERE} | CHARSETS | {"missing_scope"}
    table = {(method, error) for method, _, _, error in ERRORS}
    provoked = {pair for pair in pairs if pair[1] in everywhere or pair in table | STEPS} - set(RULED_OUT)
    reasons = {pair for pair in pairs - provoked if pair[1] in NOT_HERE or pair in RULED_OUT}
    assert sorted(pairs - provoked - reasons) == []
    said = (Path(slack.__file__).parent / "FIDELITY.md").read_text()
    assert f"{len(provoked):,} of the {len(pairs):,}" in said, (len(provoked), len(pairs))
