"""What an app answers to an interaction, a command or a verification. Imports: messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from twinkit import Ctx


def parse(body: bytes) -> Any:
    """The JSON of an answer; its text where it is none, None where there is nothing."""
    if not body.strip():
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def take(ctx: Ctx, event: Mapping[str, Any], ok: bool, answer: Any) -> None:
    """Note the answer."""
