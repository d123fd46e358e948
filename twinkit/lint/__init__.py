"""Lint of a twin: findings with stable codes whose message states the fix. Imports everything up to instance.

`lint(name, load)` loads a twin and runs every rule over it; `check(twin, folder)` takes a loaded one;
`lint_document(source)` tells how a document was read.
"""

from twinkit.lint.document import lint_document
from twinkit.lint.run import check, lint

__all__ = ["check", "lint", "lint_document"]
