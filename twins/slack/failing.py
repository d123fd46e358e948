"""The service's own way to fail: status 200, `ok: false` and a documented `error`. Imports: the kit's public names.

Source: https://docs.slack.dev/apis/web-api#responses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twinkit import ServiceError


def fail(error: str, **more: Any) -> ServiceError:
    """`{"ok": false, "error": error, …}`; raise it to lose the writes of the request."""
    return ServiceError(200, {"ok": False, "error": error, **more}, name=error)


def fail_with(error: str, messages: Sequence[str], **more: Any) -> ServiceError:
    """An error that says in `response_metadata.messages` what was wrong."""
    return fail(error, **more, response_metadata={"messages": [f"[ERROR] {message}" for message in messages]})


def missing_argument(name: str) -> ServiceError:
    """A required argument is not there."""
    return fail_with("invalid_arguments", [f"missing required field: {name}"])
