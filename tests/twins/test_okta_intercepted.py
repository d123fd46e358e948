"""Official Okta SDKs with hard-coded hosts, unmodified, through `twin run --intercept`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import node
from tests.twins.test_stripe_intercepted import intercepted

PYTHON = """
import asyncio
import os
from okta.client import Client

async def work():
    client = Client({"orgUrl": "https://acme.okta.com", "token": os.environ["OKTA_CLIENT_TOKEN"]})
    users, reply, error = await client.list_users()
    assert error is None, error
    print("done", sorted(user.profile.email for user in users)[0])

asyncio.run(work())
"""
NODE = """
import okta from '@okta/okta-sdk-nodejs';
const client = new okta.Client({orgUrl: 'https://acme.okta.com', token: process.env.OKTA_CLIENT_TOKEN});
const found = [];
await (await client.userApi.listUsers()).each((user) => { found.push(user.profile.email); });
console.log('done', found.sort()[0]);
"""


def test_okta_python(tmp_path: Path) -> None:
    pytest.importorskip("okta", reason="needs the okta package")
    script = tmp_path / "app.py"
    script.write_text(PYTHON)
    assert intercepted("okta", sys.executable, str(script)) == "done admin@example.com\n"


def test_okta_node() -> None:
    packages = node.packages("@okta/okta-sdk-nodejs@8.0.0")
    script = packages / "hard_coded.mjs"
    script.write_text(NODE)
    assert intercepted("okta", node.program("node"), str(script)) == "done admin@example.com\n"
