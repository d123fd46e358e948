"""Accounts, as yet without the reset that specs/password-reset.md asks for.

Standard library only. Environment: PORT.
"""

import hashlib
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

users = {}


def digest(password):
    return hashlib.sha256(password.encode()).hexdigest()


def register(body):
    users[body["email"]] = digest(body["password"])
    return 201, {"email": body["email"]}


def login(body):
    known = users.get(body["email"])
    if known is None or known != digest(body["password"]):
        return 401, {"error": "Wrong email or password"}
    return 200, {"email": body["email"]}


POST = {"/users": register, "/login": login}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        parts = urlsplit(self.path)
        if parts.path == "/health":
            self.answer(200, {"status": "ok"})
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
