"""The SMTP side: aiosmtpd speaks, the kit decides faults and keeps. Imports: inbox, the twin; aiosmtpd when it serves.

Sources: RFC 5321 (SMTP), RFC 4954 (AUTH), RFC 1870 (SIZE), RFC 6531 (SMTPUTF8), RFC 3463 (enhanced codes),
RFC 6647 (greylisting: refused at RCPT with a 4yz reply).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from twinkit import Broken, Ctx, Line, Said, ServiceError, UsageError
from twins.mail import inbox, twin

AT_RCPT = ("4.7.1", "5.1.1", "4.2.2")
"""Enhanced codes of refusals that a server gives before it has seen the message."""
HANG = 300.0
"""Seconds that a `hang` holds the connection: longer than the five minutes a client waits (RFC 5321 §4.5.3.2)."""


@twin.listener("smtp")
def smtp(line: Line) -> Callable[[], asyncio.Protocol]:
    """Connections of one instance."""
    try:
        from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
    except ImportError:
        raise UsageError("the mail twin needs its extra: pip install 'twinkit[mail]'") from None

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        user = data.login.decode("utf-8", "replace") if isinstance(data, LoginPassword) else ""
        password = data.password.decode("utf-8", "replace") if isinstance(data, LoginPassword) else ""
        chosen = line.of(user) or line
        known = chosen.credentials()
        if chosen.strict and (user, password) != (known["smtp_user"], known["smtp_password"]):
            return AuthResult(success=False, handled=False)
        session.line = chosen
        return AuthResult(success=True)

    most = int(twin.compiled.options["max_message"])

    def connection() -> asyncio.Protocol:
        return SMTP(
            Handler(line), hostname="mail.twin", ident="mail twin", enable_SMTPUTF8=True, data_size_limit=most,
            authenticator=check, auth_require_tls=False, loop=asyncio.get_running_loop(),
        )  # fmt: skip

    return connection


class Handler:
    """What aiosmtpd asks; one for each connection."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._call: Any = None
        self._refusal: ServiceError | None = None

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """A transaction begins; its fault is decided with the first recipient. 530: RFC 4954 §6."""
        if self._line.strict and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from, envelope.mail_options = address, [*envelope.mail_options, *options]
        self._call = self._refusal = None
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """Take a recipient, or refuse as the fault says."""
        line: Line = getattr(session, "line", self._line)
        if self._call is None:
            fields = {"from": envelope.mail_from, "to": address}
            self._call = line.begin("sendMessage", "SMTP", fields)
            try:
                self._refusal = await line.refusal(self._call)
            except Broken as broken:
                return await self._break(server, broken.kind)
        said = _reply(self._refusal) if self._refusal else None
        if said and any(code in said.text for code in AT_RCPT):
            if not envelope.rcpt_tos:
                line.close(self._call, said)
                self._call = None
            return said.text
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep the message, or refuse as the fault says; a connection breaks before or after it was kept."""
        line: Line = getattr(session, "line", self._line)
        call, self._call = self._call, None
        raw = bytes(envelope.original_content or b"")
        call.request.raw = raw
        if self._refusal is not None:
            said = _reply(self._refusal)
            line.close(call, said)
            return said.text

        def work(ctx: Ctx) -> Said:
            record = inbox.keep(ctx, raw, envelope.mail_from or "", list(envelope.rcpt_tos))
            return Said(250, f"250 2.0.0 OK {record['id']}")

        try:
            done = line.perform(call, work)
        except Broken as broken:
            return await self._break(server, broken.kind)
        return (_reply(done) if isinstance(done, ServiceError) else done).text

    async def _break(self, server: Any, kind: str) -> str:
        if kind in ("hang", "slow"):
            await asyncio.sleep(HANG)
        server.transport.abort()
        return "421 4.4.2 Connection dropped"


def _reply(error: ServiceError) -> Said:
    """An error of the twin in SMTP: its own reply, else one that says for now (5xx, 429) or for good (4xx)."""
    body = error.body if isinstance(error.body, dict) else {}
    text = str(body.get("smtp") or ("451 4.3.0 Try again later" if _for_now(error.status) else "554 5.0.0 Refused"))
    return Said(int(text[:3]), text)


def _for_now(status: int) -> bool:
    return status >= 500 or status in (408, 429)
