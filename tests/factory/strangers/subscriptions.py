"""A paid plan on Stripe: WSGI from the standard library, the service called by hand, webhooks with their signature."""

import hashlib
import hmac
import json
import os
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from wsgiref.simple_server import WSGIRequestHandler, make_server

accounts = {}
seen = set()
lock = threading.Lock()


def stripe(path, **fields):
    request = urllib.request.Request(
        os.environ["STRIPE_API_BASE"] + path, urllib.parse.urlencode(fields).encode(),
        {"Authorization": "Bearer " + os.environ["STRIPE_API_KEY"]},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        return json.load(error)


def subscribe(body):
    email = body["email"]
    customer = stripe("/v1/customers", email=email)
    paid = stripe(
        "/v1/payment_intents", amount=1900, currency="eur", customer=customer["id"], confirm="true",
        payment_method=body["card"], **{"payment_method_types[]": "card", "metadata[email]": email},
    )  # fmt: skip
    accounts.setdefault(email, {"plan": "free", "receipts": 0})
    if "error" in paid:
        return 402, {"error": paid["error"]["message"]}
    return 202, {"status": "pending"}


def signed(raw, header):
    parts = dict(part.split("=", 1) for part in header.split(","))
    if abs(time.time() - int(parts["t"])) > 300:
        return False
    mark = hmac.new(os.environ["STRIPE_WEBHOOK_SECRET"].encode(), f"{parts['t']}.".encode() + raw, hashlib.sha256)
    return hmac.compare_digest(mark.hexdigest(), parts["v1"])


def webhook(raw, header):
    if not signed(raw, header):
        return 400, {"error": "bad signature"}
    event = json.loads(raw)
    with lock:
        if event["id"] not in seen:
            seen.add(event["id"])
            account = accounts[event["data"]["object"]["metadata"]["email"]]
            account["plan"] = "pro"
            account["receipts"] += 1
    return 200, {}


def app(environ, start):
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    path = environ["PATH_INFO"]
    if path == "/hooks":
        status, answer = webhook(raw, environ.get("HTTP_STRIPE_SIGNATURE", ""))
    elif path == "/subscribe":
        status, answer = subscribe(json.loads(raw))
    elif path.startswith("/accounts/") and path[10:] in accounts:
        status, answer = 200, accounts[path[10:]]
    else:
        status, answer = (200, {}) if path == "/health" else (404, {"error": "not found"})
    content = json.dumps(answer).encode()
    start(f"{status} X", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]


class Quiet(WSGIRequestHandler):
    def log_message(self, form, *values):
        pass


make_server("127.0.0.1", int(os.environ["PORT"]), app, handler_class=Quiet).serve_forever()
