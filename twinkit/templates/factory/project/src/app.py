"""A notes service that does what specs/notes.md asks. Environment: PORT."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

notes = {}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"status": "ok"})
        note = notes.get(self.path.removeprefix("/notes/"))
        return self.answer(200, note) if note else self.answer(404, {"error": "There is no such note"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path != "/notes":
            return self.answer(404, {"error": "Not found"})
        if not str(body.get("text", "")).strip():
            return self.answer(422, {"error": "A note needs text"})
        note = {"id": str(len(notes) + 1), "text": body["text"]}
        notes[note["id"]] = note
        return self.answer(201, note)

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
