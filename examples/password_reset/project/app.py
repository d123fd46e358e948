"""Accounts with a password reset by email: the smallest app that does what specs/password-reset.md asks.

Standard library only. Environment: PORT, SMTP_HOST, SMTP_PORT, APP_URL.
"""

import hashlib
import json
import os
import secrets
import smtplib
import time
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

LIFETIME = 15 * 60
LIMIT = 5
WINDOW = 60 * 60

users = {}
tokens = {}
requests = {}


def digest(password):
    return hashlib.sha256(password.encode()).hexdigest()


def send(address, token):
    message = EmailMessage()
    message["From"] = "accounts@example.test"
    message["To"] = address
    message["Subject"] = "Reset your password"
    message.set_content(f"Choose a new password: {os.environ['APP_URL']}/reset?token={token}\n")
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]), timeout=5) as server:
        server.send_message(message)


def register(body):
    users[body["email"]] = digest(body["password"])
    return 201, {"email": body["email"]}


def login(body):
    known = users.get(body["email"])
    if known is None or known != digest(body["password"]):
        return 401, {"error": "Wrong email or password"}
    return 200, {"email": body["email"]}


def request_reset(body):
    address, now = body["email"], time.time()
    recent = [at for at in requests.get(address, []) if now - at < WINDOW]
    if len(recent) >= LIMIT:
        return 429, {"error": "Too many requests"}
    requests[address] = [*recent, now]
    if address in users:
        token = secrets.token_urlsafe(24)
        tokens[token] = {"email": address, "at": now, "used": False}
        send(address, token)
    return 202, {"message": "If the address is known, a link is on its way"}


def problem(token):
    known = tokens.get(token)
    if known is None:
        return 404, {"error": "This link is not valid"}
    if known["used"]:
        return 410, {"error": "This link has already been used"}
    if time.time() - known["at"] >= LIFETIME:
        return 410, {"error": "This link has expired"}
    return None


def show_reset(token):
    return problem(token) or (200, {"email": tokens[token]["email"]})


def reset(body):
    found = problem(body["token"])
    if found:
        return found
    known = tokens[body["token"]]
    known["used"] = True
    users[known["email"]] = digest(body["password"])
    return 200, {"email": known["email"]}


POST = {"/users": register, "/login": login, "/password-reset": request_reset, "/reset": reset}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        parts = urlsplit(self.path)
        if parts.path == "/health":
            self.answer(200, {"status": "ok"})
        elif parts.path == "/reset":
            self.answer(*show_reset(parse_qs(parts.query).get("token", [""])[0]))
        else:
            self.answer(404, {"error": "Not found"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        action = POST.get(urlsplit(self.path).path)
        self.answer(*(action(body) if action else (404, {"error": "Not found"})))

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
