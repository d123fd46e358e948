"""Dunning: failed invoices come as webhooks; a worker that cron starts reminds, and cancels in the end."""

import hashlib
import hmac
import http.server
import json
import os
import smtplib
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from email.message import EmailMessage

DAY = 86400
STEPS = (1 * DAY, 3 * DAY, 7 * DAY)
db = sqlite3.connect(os.environ["DATABASE_PATH"], isolation_level=None, check_same_thread=False, timeout=10)
db.execute("create table if not exists seen (id text primary key)")
db.execute(
    "create table if not exists debt (invoice text primary key, email text, cents int, currency text, since real, "
    "sent int, state text, subscription text)"
)
OWING = (
    "select invoice, email, cents, currency, since, sent, subscription from debt where state = 'open' order by since"
)
ZERO = {"jpy", "krw"}


def money(cents, currency):
    return f"{cents} {currency.upper()}" if currency in ZERO else f"{cents // 100}.{cents % 100:02d} {currency.upper()}"


def call(url, headers, data=None, method=None):
    request = urllib.request.Request(url, data, headers, method=method)
    for attempt in range(4):
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            if error.code in (429, 500, 502, 503) and attempt < 3:
                time.sleep(0.02)
                continue
            raise


def cancel(subscription):
    key = {"Authorization": "Bearer " + os.environ["STRIPE_API_KEY"]}
    try:
        call(f"{os.environ['STRIPE_API_BASE']}/v1/subscriptions/{subscription}", key, method="DELETE")
    except urllib.error.HTTPError as error:
        if error.code != 404:  # gone already
            raise


def post(text):
    data = urllib.parse.urlencode({"channel": os.environ["BILLING_CHANNEL"], "text": text}).encode()
    token = {"Authorization": "Bearer " + os.environ["SLACK_BOT_TOKEN"]}
    reply = call(os.environ["SLACK_API_URL"] + "chat.postMessage", token, data)
    if not reply["ok"]:
        raise RuntimeError(reply["error"])


def send(to, subject, text):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "billing@saas.test", to, subject
    message.set_content(text)
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]), timeout=5) as smtp:
        smtp.send_message(message)


def signed(raw, header):
    try:
        parts = [part.split("=", 1) for part in header.split(",")]
        at = int(dict(parts)["t"])
    except (ValueError, KeyError):
        return False
    if abs(time.time() - at) > 300:
        return False
    mark = hmac.new(os.environ["STRIPE_WEBHOOK_SECRET"].encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(mark, value) for name, value in parts if name == "v1")


def take(event):
    if not db.execute("insert or ignore into seen values (?)", [event["id"]]).rowcount:
        return
    invoice = event["data"]["object"]
    if event["type"] == "invoice.payment_failed":
        subscription = invoice["parent"]["subscription_details"]["subscription"]
        what = [invoice[name] for name in ("id", "customer_email", "amount_due", "currency")]
        db.execute(
            "insert or ignore into debt values (?, ?, ?, ?, ?, 0, 'open', ?)", [*what, time.time(), subscription]
        )
    elif event["type"] == "invoice.paid":
        db.execute("update debt set state = 'paid' where invoice = ? and state = 'open'", [invoice["id"]])


def tick():
    problems = 0
    for invoice, email, cents, currency, since, sent, subscription in db.execute(OWING).fetchall():
        try:
            due = sum(time.time() - since >= step for step in STEPS)
            if due == len(STEPS):
                cancel(subscription)
                db.execute("update debt set state = 'cancelled' where invoice = ?", [invoice])
                send(email, "Your subscription has ended", f"We could not collect {money(cents, currency)}.")
                post(f"{email} was cancelled, {money(cents, currency)} lost")
            elif due > sent:
                send(email, f"Payment reminder {due}", f"Please pay {money(cents, currency)}.")
                db.execute("update debt set sent = ? where invoice = ?", [due, invoice])
        except (OSError, RuntimeError, smtplib.SMTPException) as error:
            problems += 1
            sys.stderr.write(f"{invoice}: {type(error).__name__}\n")
    sys.stdout.write("done\n" if not problems else f"{problems} problems\n")
    return 1 if problems else 0


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, data):
        raw = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self):
        if self.path == "/debts":
            rows = db.execute("select email, cents, currency, state from debt order by since").fetchall()
            total = {}
            for _, cents, currency, state in rows:
                if state == "open":
                    total[currency] = total.get(currency, 0) + cents
            debts = [{"email": e, "amount": money(c, k), "state": s} for e, c, k, s in rows]
            return self.answer(200, {"debts": debts, "open": {k: money(v, k) for k, v in total.items()}})
        return self.answer(200 if self.path == "/health" else 404, {})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/stripe":
            return self.answer(404, {})
        if not signed(raw, self.headers.get("Stripe-Signature", "")):
            return self.answer(400, {"error": "signature"})
        take(json.loads(raw))
        return self.answer(200, {})

    def log_message(self, form, *values):
        pass


if sys.argv[1] == "tick":
    sys.exit(tick())
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
