"""Socket Mode: connections of apps that take their events over a WebSocket. Imports: the kit's public names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx


def offer(ctx: Ctx, app: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an open socket of the app takes the event."""
    return False
