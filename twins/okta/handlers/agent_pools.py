"""Pools of directory agents: an org of this twin has none, so that nothing of one is found.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/AgentPools/; what is told of a pool
that is not there, and of an update that lacks something, is as recorded.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Request
from twins.okta import errors, twin

WANTED = {"name": "name", "agentType": "agentType", "agents": "agentList"}
"""Property of an update → what the service calls it."""


@twin.handler("listAgentPools", "listAgentPoolsUpdates")
def none(_ctx: Ctx, _request: Request) -> list[Any]:
    """No pools, and no updates of any."""
    return []


@twin.handler("createAgentPoolsUpdate")
def create(_ctx: Ctx, request: Request) -> None:
    """Raises E0000001 for what an update lacks, else E0000007."""
    missing = [word for name, word in WANTED.items() if not (request.body or {}).get(name)]
    if missing:
        raise errors.validation(missing[0], *(f"errors in the field: {word}" for word in missing))
    raise errors.error("E0000007", f"Resource not found: {request.path['poolId']} (AppInstance)")


@twin.handler("getAgentPoolsUpdateSettings", "updateAgentPoolsUpdateSettings")
def settings(_ctx: Ctx, request: Request) -> None:
    """Raises E0000007."""
    raise errors.error("E0000007", f"Resource not found: {request.path['poolId']} (AppInstance)")


@twin.handler(
    "getAgentPoolsUpdateInstance",
    "updateAgentPoolsUpdate",
    "deleteAgentPoolsUpdate",
    "activateAgentPoolsUpdate",
    "deactivateAgentPoolsUpdate",
    "pauseAgentPoolsUpdate",
    "resumeAgentPoolsUpdate",
    "retryAgentPoolsUpdate",
    "stopAgentPoolsUpdate",
)
def update(_ctx: Ctx, request: Request) -> None:
    """Raises E0000007."""
    raise errors.error("E0000007", f"Resource not found: {request.path['updateId']} (AgentPoolUpdate)")
