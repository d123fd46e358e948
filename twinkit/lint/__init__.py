"""Lint of a twin: findings with stable codes whose message states the fix. Imports everything up to instance.

`lint(name)` runs every rule over an installed twin; `check(twin)` over a loaded one.
"""

from twinkit.lint.run import check, lint

__all__ = ["check", "lint"]
