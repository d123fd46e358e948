"""The smallest thing that keeps the contract of `twin serve`: a ready line and the control plane's state and log."""

import argparse
import http.server
import json
import os
import sys
import threading

parser = argparse.ArgumentParser()
parser.add_argument("names", nargs="*")
for name in ("--port", "--seed", "--clock", "--control-token"):
    parser.add_argument(name)
parser.add_argument("--json", action="store_true")
parser.add_argument("--quiet", action="store_true")
args = parser.parse_args()
if "broken" in args.names:
    sys.exit("this twin cannot start")


class Twin(http.server.BaseHTTPRequestHandler):
    store, log, changes, faults, clock, strangers = {"thing": []}, [], [], [], [0], []

    def reply(self, status, data):
        raw = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        if path.startswith("/_twin/"):
            if self.headers.get("Twin-Control-Token") != args.control_token:
                self.strangers.append(f"{self.command} {path}")
                return self.reply(401, {"error": "token"})
            return self.control(path[6:], query, json.loads(body or b"{}"))
        if path == "/crash":
            os._exit(9)
        status = 500 if self.faults and self.faults.pop() else 200
        if status == 200 and self.command == "POST":
            record = {**json.loads(body or b"{}"), "id": f"thing_{len(self.store['thing']) + 1}_{args.seed}"}
            self.store["thing"].insert(0, record)
            self.changes.append(
                {"resource": "thing", "id": record["id"], "action": "create", "before": None, "after": record}
            )
        row = {
            "seq": len(self.log) + 1,
            "operation": "op",
            "method": self.command,
            "path": path,
            "status": status,
            "fault": None,
        }
        self.log.append(row)
        self.reply(status, {"ok": status == 200})

    def control(self, path, query, body):
        options = dict(pair.split("=") for pair in query.split("&") if pair)
        if path == "/info":
            return self.reply(200, {"strangers": self.strangers})
        if path == "/state":
            return self.reply(200, {"resources": {name: len(rows) for name, rows in self.store.items()}})
        if path.startswith("/state/"):
            rows = self.store.get(path[7:])
            return (
                self.reply(200, {"records": rows})
                if rows is not None
                else self.reply(400, {"error": "no such resource"})
            )
        if path == "/changes":
            since = int(options.get("since", 0))
            return self.reply(200, {"changes": self.changes[since:], "mark": len(self.changes)})
        if path == "/exchanges":
            after = int(options.get("after", 0))
            return self.reply(200, {"exchanges": [row for row in self.log if row["seq"] > after]})
        if path == "/baseline":
            for name, rows in body.items():
                self.store.setdefault(name, []).extend(rows)
            return self.reply(200, {})
        if path == "/faults" and self.command == "POST":
            self.faults.extend(
                [1] * len(body.get("rules", [{"when": {"calls": [1]}}])[0].get("when", {}).get("calls", [1]))
            )
            return self.reply(200, {"rules": [], "fired": {}})
        if path == "/faults":
            return self.reply(200, {"rules": [], "fired": {}})
        if path == "/clock/advance":
            self.clock[0] += body.get("seconds", 0)
        return self.reply(200, {"now": self.clock[0], "receivers": [], "idle": True})

    do_GET = do_POST = do_DELETE = handle_any

    def log_message(self, *values):
        pass


ready = {}
for name in args.names:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Twin)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    ready[name] = {"url": url, "env": {f"{name.upper()}_URL": url}, "credentials": {"api_key": f"{name}_key"}}
    threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdout.write(json.dumps({"ready": True, "pid": os.getpid(), "twins": ready}) + "\n")
sys.stdout.flush()
threading.Event().wait()
