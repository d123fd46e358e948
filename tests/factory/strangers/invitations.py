"""Invitations to a team by email, each for one person and one week: asyncio, SQLite, mail in the background."""

import asyncio
import hashlib
import json
import os
import smtplib
import sqlite3
import time
from email.message import EmailMessage

WEEK = 7 * 86400
SEATS = 3
db = sqlite3.connect(os.environ["DATABASE_PATH"], isolation_level=None)
db.execute("create table if not exists invited (email text primary key, token text, at real, by text)")
db.execute("create table if not exists member (email text primary key)")


def send(email, token):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "team@x.test", email, "You are invited"
    link = f"{os.environ['APP_URL']}/join?token={token}"
    message.set_content(f"Join us: {link}\n")
    message.add_alternative(f'<p>Join <a href="{link}&amp;from=mail">here</a></p>', subtype="html")
    for _ in range(3):
        try:
            with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]), timeout=5) as server:
                return server.send_message(message)
        except (smtplib.SMTPException, OSError):
            time.sleep(0.05)


def invite(body, background):
    email = body.get("email", "")
    if "@" not in email:
        return 422, {"error": "An invitation needs an email address"}
    if db.execute("select 1 from member where email = ?", [email]).fetchone():
        return 409, {"error": "Already a member"}
    token = hashlib.sha256(f"{email}{time.time()}{os.urandom(8)}".encode()).hexdigest()[:32]
    db.execute("insert or replace into invited values (?, ?, ?, ?)", [email, token, time.time(), "owner"])
    background.append(lambda: send(email, token))
    return 202, {"invited": email}


def join(token):
    found = db.execute("select email, at from invited where token = ?", [token]).fetchone()
    if found is None:
        return 410, {"error": "This invitation is not valid any more"}
    if time.time() - found[1] > WEEK:
        return 410, {"error": "This invitation has expired"}
    if db.execute("select count(*) from member").fetchone()[0] >= SEATS:
        return 409, {"error": "The team is full"}
    db.execute("delete from invited where token = ?", [token])
    db.execute("insert into member values (?)", [found[0]])
    return 200, {"joined": found[0]}


def route(method, path, body, background):
    path, _, query = path.partition("?")
    if path == "/invitations" and method == "POST":
        return invite(body, background)
    if path == "/join":
        return join(dict(pair.split("=") for pair in query.split("&") if "=" in pair).get("token", ""))
    if path == "/members":
        return 200, {"members": [row[0] for row in db.execute("select email from member order by email")]}
    return (200, {}) if path == "/health" else (404, {"error": "not found"})


async def serve(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    method, path, _ = head.split("\r\n")[0].split(" ")
    length = next(
        (int(line.split(":")[1]) for line in head.lower().split("\r\n") if line.startswith("content-length")), 0
    )
    body = json.loads(await reader.readexactly(length) or b"{}")
    background = []
    status, answer = route(method, path, body, background)
    content = json.dumps(answer).encode()
    writer.write(
        f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode() + content
    )
    await writer.drain()
    writer.close()
    for work in background:
        await asyncio.to_thread(work)


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]))
    await server.serve_forever()


asyncio.run(main())
