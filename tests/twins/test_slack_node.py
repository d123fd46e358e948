"""The Slack twin through Bolt for JavaScript and @slack/web-api, unmodified: over HTTP and in Socket Mode."""

from __future__ import annotations

import json

from tests import node
from tests.serving import serving
from twins.slack import world

PACKAGES = ("@slack/bolt@5.1.0",)
COMMON = """
import bolt from "@slack/bolt";
const { App, Assistant, LogLevel } = bolt;
const base = process.env.SLACK_BASE;
const ask = async (path, data) => {
  const reply = await fetch(`${base}/_twin/${path}`, {
    method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(data ?? {})});
  const told = await reply.json();
  if (!reply.ok) throw new Error(`${path}: ${JSON.stringify(told)}`);
  return told;
};
const act = (name, data) => ask(`do/${name}`, data);
const records = async (name) => (await (await fetch(`${base}/_twin/state/${name}`)).json()).records;
const until = async (look) => {
  for (let n = 0; n < 2000; n++) { const found = await look(); if (found) return found; }
  throw new Error("never");
};
const clientOptions = {slackApiUrl: `${base}/api/`};
const modal = (callback_id) => ({
  type: "modal", callback_id, notify_on_close: true,
  title: {type: "plain_text", text: "Name"}, submit: {type: "plain_text", text: "Go"},
  blocks: [{type: "input", block_id: "who", label: {type: "plain_text", text: "Who"},
            element: {type: "plain_text_input", action_id: "name"}}],
});
const out = {};
const listen = (app) => {
  app.message("ping", async ({say}) => { await say("pong"); });
  app.command("/deploy", async ({ack, respond, command}) => {
    await ack(`deploying ${command.text}`);
    await respond({text: "deployed", response_type: "in_channel"});
  });
  app.action("go", async ({ack, respond}) => { await ack(); await respond({text: "gone", replace_original: true}); });
  app.shortcut("ask", async ({ack, shortcut, client}) => {
    await ack();
    await client.views.open({trigger_id: shortcut.trigger_id, view: modal("ask")});
  });
  app.view("ask", async ({ack, view}) => {
    const name = view.state.values.who.name.value;
    out.names = [...(out.names ?? []), name];
    await (name === "nobody" ? ack({response_action: "errors", errors: {who: "who?"}}) : ack());
  });
  app.options("pick", async ({ack, options}) => {
    await ack({options: [{text: {type: "plain_text", text: options.value}, value: "one"}]});
  });
  app.shortcut({callback_id: "note", type: "message_action"}, async ({ack, shortcut}) => {
    await ack();
    out.noted = shortcut.message.text;
  });
  app.view({callback_id: "ask", type: "view_closed"}, async ({ack, body}) => {
    await ack();
    out.closed = body.is_cleared;
  });
  app.function("double", async ({inputs, complete}) => { await complete({outputs: {result: inputs.number * 2}}); });
  app.assistant(new Assistant({
    threadStarted: async ({say, setSuggestedPrompts}) => {
      await say("How can I help?");
      await setSuggestedPrompts({prompts: [{title: "Sum", message: "Sum it up"}]});
    },
    userMessage: async ({message, say, setTitle}) => { await setTitle(message.text); await say("42"); },
  }));
  app.event("app_home_opened", async ({event, client}) => {
    await client.views.publish({user_id: event.user, view: {type: "home", blocks: [{type: "divider"}]}});
  });
};
const work = async (app) => {
  const texts = async () =>
    (await app.client.conversations.history({channel: "C0GENERAL01"})).messages.map((message) => message.text);
  await act("posts", {user: "ana", text: "ping"});
  await until(async () => (await texts()).includes("pong"));
  await act("runs", {user: "ana", command: "/deploy prod"});
  await until(async () => (await texts()).includes("deployed"));
  out.whisper = (await until(async () => (await records("ephemeral"))[0])).text;
  const button = {type: "button", action_id: "go", text: {type: "plain_text", text: "Go"}};
  const blocks = [{type: "actions", elements: [button, {type: "external_select", action_id: "pick"}]}];
  const said = await app.client.chat.postMessage({channel: "#general", text: "?", blocks});
  const typed = await act("types", {user: "ben", channel: "#general", ts: said.ts, action: "pick", value: "some"});
  const offer = await until(async () => (await records("interaction")).find((each) => each.id === typed.id));
  out.offered = offer.options[0].text.text;
  await act("shortcut", {user: "ben", callback_id: "note", channel: "#general", ts: said.ts});
  await until(async () => (await records("interaction")) && out.noted);
  await act("clicks", {user: "ben", channel: "#general", ts: said.ts, action: "go"});
  await until(async () => (await texts()).includes("gone"));
  await act("shortcut", {user: "ana", callback_id: "ask"});
  await until(async () => (await records("view")).some((view) => view.open && view.type === "modal"));
  const refused = await act("submits", {user: "ana", values: {name: "nobody"}});
  const note = await until(async () => (await records("interaction")).find((each) => each.id === refused.id));
  out.errors = note.errors;
  await act("submits", {user: "ana", values: {name: "zoe"}});
  await until(async () => (await records("view")).every((view) => !view.open || view.type === "home"));
  await act("shortcut", {user: "ana", callback_id: "ask"});
  await until(async () => (await records("view")).some((view) => view.open && view.type === "modal"));
  await act("closes", {user: "ana"});
  await until(async () => (await records("interaction")) && out.closed === false);
  const step = await act("runs_step", {user: "ana", callback_id: "double", inputs: {number: 4}});
  const ended = async () =>
    (await records("execution")).find((each) => each.id === step.id && each.state !== "running");
  out.result = (await until(ended)).outputs.result;
  const thread = await act("opens_assistant", {user: "ana"});
  const said2 = async () => (await app.client.conversations.replies({channel: thread.channel, ts: thread.thread_ts}))
    .messages.map((message) => message.text);
  await until(async () => (await said2()).length === 2);
  await act("posts", {user: "ana", channel: "twinbot", thread_ts: thread.thread_ts, text: "why?"});
  await until(async () => (await said2()).length === 4);
  out.thread = await said2();
  await act("opens_home", {user: "ben"});
  await until(async () => (await records("view")).some((view) => view.type === "home"));
};
"""
OVER_HTTP = (
    COMMON
    + """
const app = new App({
  token: process.env.TOKEN, signingSecret: process.env.SECRET, clientOptions, logLevel: LogLevel.ERROR});
listen(app);
await app.start(0);
const port = app.receiver.server.address().port;
await act("app", {request_url: `http://127.0.0.1:${port}/slack/events`});
await until(async () => (await records("interaction")).some((each) => each.verified));
await work(app);
const pages = [];
for await (const page of app.client.paginate("users.list", {limit: 3})) pages.push(page.members.length);
out.pages = pages;
try {
  await app.client.chat.postMessage({channel: "C404", text: "x"});
} catch (error) { out.error = [error.code, error.data.error]; }
const given = {channel_id: "C0GENERAL01", filename: "a.txt", content: "hello"};
const file = await app.client.filesUploadV2(given);
out.file = file.files[0].files[0].name;
await app.stop();
console.log(JSON.stringify(out));
process.exit(0);
"""
)
OVER_SOCKET = (
    COMMON
    + """
const app = new App({
  token: process.env.TOKEN, appToken: process.env.APP_TOKEN, socketMode: true, clientOptions,
  logLevel: LogLevel.ERROR});
listen(app);
await app.start();
await work(app);
await app.stop();
console.log(JSON.stringify(out));
process.exit(0);
"""
)
EXPECTED = {
    "whisper": "deploying prod", "errors": {"who": "who?"}, "names": ["nobody", "zoe"], "offered": "some", "noted": "?",
    "closed": False, "result": 8, "thread": ["why?", "How can I help?", "why?", "42"],
}  # fmt: skip


def run(script: str) -> dict[str, object]:
    folder = node.packages(*PACKAGES)
    with serving("slack", "--seed", "7", "--clock", "fixed:2026-01-05T12:00:00Z") as served:
        env = {
            "SLACK_BASE": served["slack"].url,
            "TOKEN": world.BOT_TOKEN,
            "SECRET": world.SIGNING_SECRET,
            "APP_TOKEN": world.APP_TOKEN,
        }
        found: dict[str, object] = json.loads(node.run(folder, script, env=env).stdout)
    return found


def test_bolt_for_javascript_over_http() -> None:
    more = {"pages": [3, 3, 1], "error": ["slack_webapi_platform_error", "channel_not_found"], "file": "a.txt"}
    assert run(OVER_HTTP) == {**EXPECTED, **more}


def test_bolt_for_javascript_in_socket_mode() -> None:
    assert run(OVER_SOCKET) == EXPECTED
