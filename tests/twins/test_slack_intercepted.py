"""Official Slack SDKs with hard-coded hosts, unmodified, through `twin run --intercept`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests import node
from tests.twins.test_stripe_intercepted import intercepted

PYTHON = """
import asyncio
import os
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient

token = os.environ["SLACK_BOT_TOKEN"]
client = WebClient(token=token)
assert client.base_url == "https://slack.com/api/"
said = client.chat_postMessage(channel="#general", text="hello")
history = asyncio.run(AsyncWebClient(token=token).conversations_history(channel=said["channel"]))
print("done", history["messages"][0]["text"])
"""
NODE = """
import { WebClient } from '@slack/web-api';
const client = new WebClient(process.env.SLACK_BOT_TOKEN);
const said = await client.chat.postMessage({channel: '#general', text: 'hello'});
const history = await client.conversations.history({channel: said.channel});
console.log('done', history.messages[0].text);
"""


def test_slack_sdk(tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text(PYTHON)
    assert intercepted("slack", sys.executable, str(script)) == "done hello\n"


def test_slack_web_api() -> None:
    packages = node.packages("@slack/web-api@7.12.0")
    script = packages / "hard_coded.mjs"
    script.write_text(NODE)
    assert intercepted("slack", node.program("node"), str(script)) == "done hello\n"
