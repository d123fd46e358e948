"""Seals what is kept of runs, so that an edited record, result or report is not believed. Imports: errors.

The key is the operator's (`keys/results.key` in the state folder), which the code under test never sees.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinkit.factory.errors import HarnessError, IntegrityError


def key(state: Path) -> bytes:
    """The key of a state folder, made at its first use. Raises HarnessError (disk)."""
    path = state / "keys" / "results.key"
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_name(f".results.{os.getpid()}.{secrets.token_hex(4)}")
            descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as handle:
                handle.write(secrets.token_hex(32))
            with contextlib.suppress(FileExistsError):
                os.link(scratch, path)
            scratch.unlink()
        return bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise HarnessError("disk", f"{path} cannot be used: {error}") from None


def mark(data: Mapping[str, Any], secret: bytes) -> str:
    """The seal of plain data; `seal` itself does not count."""
    text = json.dumps({name: value for name, value in data.items() if name != "seal"}, sort_keys=True)
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def sealed(data: Mapping[str, Any], secret: bytes) -> dict[str, Any]:
    """The data with its seal; without a key, as it is."""
    return {**data, "seal": mark(data, secret)} if secret else dict(data)


def holds(data: Mapping[str, Any], secret: bytes) -> bool:
    """Whether the data is what was sealed; without a key, always."""
    return not secret or hmac.compare_digest(str(data.get("seal", "")), mark(data, secret))


def opened(data: dict[str, Any], secret: bytes, what: str) -> dict[str, Any]:
    """The data without its seal. Raises IntegrityError when it was edited."""
    if not holds(data, secret):
        raise IntegrityError(f"{what} was edited, or written with another key")
    return {name: value for name, value in data.items() if name != "seal"}
