"""Plain data as XML, for operations that answer nothing else. Imports nothing of the kit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

NAME = re.compile(r"[^A-Za-z0-9_.-]")
UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML cannot hold."""


def to_xml(data: Any, root: str = "response") -> bytes:
    """A document with one element per property; list items repeat the element of their property."""
    data = {"item": data} if isinstance(data, list) else data
    return ('<?xml version="1.0" encoding="UTF-8"?>' + _element(root, data)).encode("utf-8", "replace")


def _element(name: str, data: Any) -> str:
    tag = NAME.sub("_", name)
    if not tag or not (tag[0].isalpha() or tag[0] == "_"):
        tag = f"_{tag}"
    if isinstance(data, Mapping):
        inner = "".join(_element(key, value) for key, value in data.items())
    elif isinstance(data, list):
        return "".join(_element(name, item) for item in data) or f"<{tag}/>"
    elif data is None:
        return f"<{tag}/>"
    elif isinstance(data, bool):
        inner = str(data).lower()
    else:
        inner = escape(UNSAYABLE.sub("", str(data)))
    return f"<{tag}>{inner}</{tag}>"
