"""Expenses in Slack, by hand: a command opens a form, the form asks Chloe, her button answers who asked."""

import hashlib
import hmac
import json
import os
import threading
import time
import urllib.parse
import urllib.request
from wsgiref.simple_server import WSGIRequestHandler, make_server

BOSS = "U0CHLOE0001"
decided = set()


def slack(method, **fields):
    request = urllib.request.Request(
        os.environ["SLACK_API_URL"] + method, json.dumps(fields).encode(),
        {"Authorization": "Bearer " + os.environ["SLACK_BOT_TOKEN"], "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=5) as reply:
        return json.load(reply)


def signed(raw, environ):
    at = environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", "0")
    if abs(time.time() - int(at)) > 300:
        return False
    key = os.environ["SLACK_SIGNING_SECRET"].encode()
    mark = hmac.new(key, b"v0:" + at.encode() + b":" + raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest("v0=" + mark, environ.get("HTTP_X_SLACK_SIGNATURE", ""))


def form(trigger):
    field = {"type": "plain_text_input", "action_id": "amount"}
    block = {
        "type": "input", "block_id": "amount", "label": {"type": "plain_text", "text": "Amount"}, "element": field,
    }  # fmt: skip
    title, submit = ({"type": "plain_text", "text": text} for text in ("Expense", "Send"))
    slack("views.open", trigger_id=trigger, view={
        "type": "modal", "callback_id": "expense", "title": title, "submit": submit, "blocks": [block],
    })  # fmt: skip


def ask(who, amount):
    text = f"<@{who}> asks for {float(amount):.2f} EUR"
    button = {
        "type": "button", "action_id": "approve", "text": {"type": "plain_text", "text": "Approve"},
        "value": f"{who} {float(amount):.2f}",
    }  # fmt: skip
    slack("chat.postMessage", channel=BOSS, text=text, blocks=[
        {"type": "section", "text": {"type": "mrkdwn", "text": text}}, {"type": "actions", "elements": [button]},
    ])  # fmt: skip


def approve(payload):
    who, amount = payload["actions"][0]["value"].split()
    ts = payload["message"]["ts"]
    if ts in decided or payload["user"]["id"] != BOSS:
        return
    decided.add(ts)
    slack("chat.update", channel=payload["channel"]["id"], ts=ts, text=f"{amount} EUR: approved", blocks=[])
    slack("chat.postMessage", channel=who, text=f"Your {amount} EUR were approved")


def answer(raw):
    data = dict(urllib.parse.parse_qsl(raw.decode()))
    payload = json.loads(data.get("payload", "{}"))
    if "command" in data:
        form(data["trigger_id"])
    elif payload.get("type") == "view_submission":
        amount = payload["view"]["state"]["values"]["amount"]["amount"]["value"]
        if not amount.replace(".", "", 1).isdigit():
            return {"response_action": "errors", "errors": {"amount": "Write a number"}}
        threading.Thread(target=ask, args=(payload["user"]["id"], amount)).start()
    elif payload.get("type") == "block_actions":
        approve(payload)
    return {}


def app(environ, start):
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    status, told = "200 OK", {}
    if environ["PATH_INFO"] == "/slack":
        status, told = ("200 OK", answer(raw)) if signed(raw, environ) else ("401 Unauthorized", {})
    content = json.dumps(told).encode() if told else b""
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]


class Quiet(WSGIRequestHandler):
    def log_message(self, form, *values):
        pass


make_server("127.0.0.1", int(os.environ["PORT"]), app, handler_class=Quiet).serve_forever()
