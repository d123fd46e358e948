"""Membership: joining makes an Okta user and a Stripe customer and tells the team in Slack.

Standard library only. Environment: PORT, STRIPE_*, SLACK_*, OKTA_*.
"""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TRIES = 3
members = {}


class Refused(Exception):
    """A service did not do what was asked, and trying again did not help."""


def call(url, token, *, form=None, body=None, key=None):
    """POST, up to three times when the service is busy or broken. Raises Refused."""
    headers = {"Authorization": token}
    data = json.dumps(body).encode() if body is not None else urllib.parse.urlencode(form or {}).encode()
    headers["Content-Type"] = "application/json" if body is not None else "application/x-www-form-urlencoded"
    if key:
        headers["Idempotency-Key"] = key
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=2) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise Refused(f"{error.code}") from None
        except OSError:
            pass
        time.sleep(0.02 * (attempt + 1))
    raise Refused("no answer")


def okta(path, body):
    return call(os.environ["OKTA_CLIENT_ORGURL"] + path, f"SSWS {os.environ['OKTA_CLIENT_TOKEN']}", body=body)


def stripe(path, form, key):
    return call(os.environ["STRIPE_API_BASE"] + path, f"Bearer {os.environ['STRIPE_API_KEY']}", form=form, key=key)


def slack(method, body):
    url = os.environ["SLACK_API_URL"] + method
    return call(url, f"Bearer {os.environ['SLACK_BOT_TOKEN']}", body=body)


def join(body):
    email, name = body["email"], body["name"]
    if email in members:
        return 409, {"error": "Already a member"}
    first, _, last = name.partition(" ")
    profile = {"firstName": first, "lastName": last or first, "email": email, "login": email}
    try:
        user = okta("/api/v1/users?activate=true", {"profile": profile})
        customer = stripe("/v1/customers", {"email": email, "name": name}, f"join-{email}")
    except Refused:
        return 503, {"error": "Joining is not possible right now"}
    members[email] = {"email": email, "user": user["id"], "customer": customer["id"]}
    try:
        slack("chat.postMessage", {"channel": "#general", "text": f"{name} has joined"})
    except Refused:
        members[email]["told"] = False  # the news can wait, the member cannot
    return 201, members[email]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"status": "ok"})
        member = members.get(urllib.parse.unquote(self.path.removeprefix("/members/")))
        return self.answer(200, member) if member else self.answer(404, {"error": "No such member"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        return self.answer(*join(body)) if self.path == "/members" else self.answer(404, {"error": "Not found"})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, form, *values):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
