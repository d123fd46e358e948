"""From the bytes of an email to the record of a message, and back to parts of it. Pure. Imports the standard library.

Sources: RFC 5322 (the message), RFC 2045 to 2049 (its parts), RFC 2047 and 6532 (words that are not ASCII).
"""

from __future__ import annotations

import base64
import email
import email.policy
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

LINK = re.compile(r"https?://[^\s\"'<>)\]]+")
HREF = re.compile(r"href\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)


def read(raw: bytes) -> EmailMessage:
    """A message; whatever the bytes are, there is one."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def fields(raw: bytes, sender: str, recipients: Sequence[str]) -> dict[str, Any]:
    """What a record of it shows. `sender` and `recipients` are the envelope's: whom it really went to."""
    message = read(raw)
    text, page = body(message, "plain"), body(message, "html")
    return {
        "from": sender,
        "to": list(recipients),
        "cc": addresses(message, "cc"),
        "subject": header(message, "subject"),
        "text": text,
        "html": page,
        "headers": headers(message),
        "links": links(text, page),
        "attachments": [
            {"index": at, "filename": name, "content_type": kind, "size": len(content)}
            for at, (name, kind, content) in enumerate(attachments(message))
        ],
        "size": len(raw),
    }


def header(message: EmailMessage, name: str) -> str:
    """A header's text on one line, decoded; empty when there is none or it cannot be read."""
    try:
        return re.sub(r"[\r\n]+", " ", str(message.get(name, "")))
    except (ValueError, IndexError, LookupError, AttributeError):
        return ""


def headers(message: EmailMessage) -> dict[str, str]:
    """Every header by its name as written; of several with one name the last."""
    return {name: header(message, name) for name in dict.fromkeys(message.keys())}


def addresses(message: EmailMessage, name: str) -> list[str]:
    """The bare addresses of a header."""
    return [address for _, address in getaddresses([header(message, name)]) if address]


def body(message: EmailMessage, kind: str) -> str:
    """The text of the `plain` or `html` part; empty when there is none."""
    try:
        part = message.get_body(preferencelist=(kind,))
        return "" if part is None else str(part.get_content())
    except (LookupError, ValueError, AttributeError, TypeError):
        return ""


def attachments(message: EmailMessage) -> list[tuple[str, str, bytes]]:
    """(file name, content type, content) of every attachment, in order."""
    found: list[tuple[str, str, bytes]] = []
    try:
        parts = list(message.iter_attachments())
    except (LookupError, ValueError, AttributeError, TypeError):
        return found
    for part in parts:
        content = part.get_payload(decode=True)
        name = part.get_filename() or ""
        found.append((name, part.get_content_type(), content if isinstance(content, bytes) else part.as_bytes()))
    return found


def links(text: str, page: str) -> list[str]:
    """The links of a message in the order of reading, without repeats: those of the text, then those of the page."""
    hrefs = (html.unescape(next(filter(None, groups), "")) for groups in HREF.findall(page))
    shown = (html.unescape(each).rstrip(".,;:!?") for each in LINK.findall(re.sub(HREF, " ", page)))
    found = [link.rstrip(".,;:!?") for link in LINK.findall(text)]
    return list(
        dict.fromkeys([*found, *(link for link in (*hrefs, *shown) if link.startswith(("http://", "https://")))])
    )


def compose(given: Mapping[str, Any]) -> tuple[bytes, str, list[str]]:
    """(bytes, sender, recipients) of a message given as fields: from, to, cc, subject, text, html, headers."""
    message = EmailMessage(policy=email.policy.SMTPUTF8)
    message["From"] = _address(given["from"])
    to, cc = _listed(given.get("to")), _listed(given.get("cc"))
    message["To"] = ", ".join(map(_address, to))
    if cc:
        message["Cc"] = ", ".join(map(_address, cc))
    message["Subject"] = _plain(given.get("subject") or "")
    for name, value in dict(given.get("headers") or {}).items():
        if name.lower() not in ("from", "to", "cc", "subject"):
            message[_plain(name)] = _plain(value)
    message.set_content(str(given.get("text") or ""))
    if given.get("html"):
        message.add_alternative(str(given["html"]), subtype="html")
    return message.as_bytes(), str(given["from"]), [*to, *cc]


def _plain(text: Any) -> str:
    return " ".join(str(text).splitlines())


def _address(text: Any) -> str:
    """An address for a header; a quotation mark without its pair, which the standard library stumbles over, goes."""
    plain = _plain(text)
    return plain.replace('"', "") if plain.count('"') % 2 else plain


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(each) for each in value] if isinstance(value, Iterable) else []


def packed(raw: bytes) -> str:
    """Bytes as they are kept in a record."""
    return base64.b64encode(raw).decode("ascii")


def unpacked(text: str) -> bytes:
    """The bytes of `packed`."""
    return base64.b64decode(text)
