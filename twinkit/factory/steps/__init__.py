"""Step definitions: what the lines of a scenario do.

Vault files write `from twinkit.factory.steps import given, when, then`.
"""

from __future__ import annotations

from twinkit.factory.steps.registry import Registry, given, then, when
from twinkit.factory.steps.table import Table
from twinkit.factory.steps.world import World

__all__ = ["Registry", "Table", "World", "given", "then", "when"]
