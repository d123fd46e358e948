"""What a person reads in what an app wrote: JSON escapes, HTML entities and tags undone. Imports nothing of the kit."""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_SIMPLE = {'\\"': '"', "\\/": "/", "\\n": "\n", "\\t": "\t", "\\\\": "\\"}
_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")


def readings(text: str) -> list[str]:
    """The text itself, without JSON's escapes, and as the page that a browser shows of it."""
    found = [text]
    if "\\" in text:
        plain = _ESCAPE.sub(lambda escape: chr(int(escape.group(1), 16)), text)
        plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        found.append(re.sub(r'\\["/nt\\]', lambda escape: _SIMPLE[escape.group(0)], plain))
    if "&" in text or "<" in text:
        seen = html.unescape(_TAG.sub("", _UNSEEN.sub("", text)))
        found += [seen, " ".join(seen.split()), " ".join(html.unescape(_TAG.sub(" ", _UNSEEN.sub("", text))).split())]
    return found


def says(text: str, wanted: str) -> bool:
    """Whether the text, in one of its readings, has this in it."""
    return any(wanted in each for each in readings(text))


def hides(text: str, secret: str) -> bool:
    """Whether nothing of the kind is in the text, also not encoded as an address encodes it."""
    return not says(text, secret) and ("%" not in text or not says(unquote(text), secret))
