"""The mail twin of a trial: SMTP in (aiosmtpd, on its own thread), messages out as records.

Imports: errors, twin_client.

Records of `message`: id, from, to, subject, text, html, headers, links. Deterministic ids, in order of arrival.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
import threading
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from twinkit.factory.errors import HarnessError

LINK = re.compile(r"https?://[^\s\"'<>)\]]+")


class _Handler:
    def __init__(self, inbox: Mail) -> None:
        self.inbox = inbox

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        refusal = self.inbox.take_fault()
        if refusal:
            return refusal
        self.inbox.receive(envelope.mail_from, list(envelope.rcpt_tos), bytes(envelope.content))
        return "250 OK"


class Mail:
    """An SMTP server on a free loopback port, and what it received."""

    name = "mail"

    def __init__(self, start: float = 0.0) -> None:
        self._messages: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._mark = 0
        self._refuse = 0
        self._offset = start
        self.credentials: Mapping[str, Any] = {}
        self._loop = asyncio.new_event_loop()
        started: threading.Event = threading.Event()
        self._problem = ""
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True, name="mail")
        self._thread.start()
        if not started.wait(5) or self._problem:
            raise HarnessError("twin_boot", f"the mail twin did not start: {self._problem or 'no answer in 5 s'}")
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.env: Mapping[str, str] = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(self.port), "SMTP_URL": self.url}

    def _serve(self, started: threading.Event) -> None:
        from aiosmtpd.smtp import SMTP

        asyncio.set_event_loop(self._loop)
        try:
            make = lambda: SMTP(_Handler(self), enable_SMTPUTF8=True, loop=self._loop)  # noqa: E731
            server = self._loop.run_until_complete(self._loop.create_server(make, "127.0.0.1", 0))
        except OSError as error:
            self._problem = str(error)
            started.set()
            return
        self.port = int(server.sockets[0].getsockname()[1])
        started.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def receive(self, sender: str, recipients: list[str], content: bytes) -> None:
        """Keep one message."""
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        text, html = _body(message, "plain"), _body(message, "html")
        with self._lock:
            self._messages.append(
                {
                    "id": f"msg_{len(self._messages) + 1}",
                    "from": sender,
                    "to": recipients,
                    "subject": str(message.get("subject", "")),
                    "text": text,
                    "html": html,
                    "headers": {key: str(value) for key, value in message.items()},
                    "links": list(dict.fromkeys(link.rstrip(".,;") for link in LINK.findall(f"{text}\n{html}"))),
                }
            )

    def take_fault(self) -> str:
        """The SMTP refusal that is due, or nothing."""
        if self._refuse:
            self._refuse -= 1
            return "451 4.3.0 try again later"
        return ""

    def records(self, resource: str) -> list[dict[str, Any]]:
        """Messages, newest first."""
        if resource not in ("message", "messages", "email"):
            raise HarnessError("harness", f"the mail twin has no resource {resource!r}; it has `message`")
        with self._lock:
            return [dict(message) for message in reversed(self._messages)]

    def to(self, address: str) -> list[dict[str, Any]]:
        """Messages since the mark to one address, oldest first; upper and lower case are the same."""
        found = [message for message in self.created("message") if address.lower() in map(str.lower, message["to"])]
        return found

    def created(self, resource: str) -> list[dict[str, Any]]:
        """Messages since the mark, oldest first."""
        return list(reversed(self.records(resource)))[self._mark :]

    def exchanges(self) -> list[dict[str, Any]]:
        """One per message: the mail twin has a single operation."""
        return [
            {"seq": index + 1, "operation": "sendMail", "method": "SMTP", "path": "/", "status": 250, "request": row}
            for index, row in enumerate(self.created("message"))
        ]

    def advance(self, seconds: float) -> None:
        """Nothing in a mailbox is timed."""
        self._offset += seconds

    def now(self) -> float:
        """Seconds the clock was moved by."""
        return self._offset

    def add_faults(self, profile: str | Mapping[str, Any]) -> None:
        """`unavailable` refuses the next message for now (SMTP 451), `{"refuse": 2}` the next two."""
        if isinstance(profile, str):
            profile = {"refuse": {"unavailable": 1, "down": 10**9}.get(profile, -1)}
        count = profile.get("refuse", -1)
        if not isinstance(count, int) or count < 0:
            raise HarnessError("harness", "the mail twin's faults are `unavailable`, `down` and `{refuse: 2}`")
        self._refuse = count

    def clear_faults(self) -> None:
        """Accept mail again."""
        self._refuse = 0

    def fired(self) -> dict[str, int]:
        """Not counted."""
        return {}

    def load(self, baseline: Mapping[str, Any]) -> None:
        """Messages that are there from the beginning."""
        for row in baseline.get("message", []):
            content = f"Subject: {row.get('subject', '')}\n\n{row.get('text', '')}".encode()
            self.receive(str(row.get("from", "")), list(row.get("to", [])), content)

    def create(self, resource: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """One message."""
        self.load({"message": [dict(values)]})
        return self.records(resource)[0]

    def do(self, name: str, payload: Mapping[str, Any]) -> Any:
        """The mail twin has no controls."""
        raise HarnessError("harness", f"the mail twin has no control {name!r}")

    def mark(self) -> None:
        """What is there now is the beginning."""
        self._mark = len(self._messages)

    def state(self) -> dict[str, int]:
        """How many messages there are."""
        return {"message": len(self._messages)}

    def close(self) -> None:
        """Stop the server."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(2)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, ValueError, KeyError):
        return ""
