"""Every exception of the kit, split by who must act.

    TwinkitError
    ├── UsageError      the person at the command line or in a test: bad flag, file, document
    ├── AuthorError     the author of a twin: overlay, handler or contract is wrong
    ├── StoreError      a record operation that cannot be done
    │   ├── RecordNotFound
    │   ├── DuplicateRecord
    │   └── InvalidCursor
    └── ServiceError    the twin's own answer: the documented error of the service it stands for

Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class TwinkitError(Exception):
    """Base of every exception the kit raises on purpose."""


class UsageError(TwinkitError):
    """The user asked for something that cannot be done; the message says what to do. Exit code 2."""


class AuthorError(TwinkitError):
    """A twin is put together wrongly; the message names the place and the nearest valid name."""


class StoreError(TwinkitError):
    """A record operation that cannot be done."""


class RecordNotFound(StoreError):
    """No live record of `resource` has this `id`."""

    def __init__(self, resource: str, id: str) -> None:
        super().__init__(f"no {resource} {id!r}")
        self.resource = resource
        self.id = id


class DuplicateRecord(StoreError):
    """A record of `resource` with this `id` exists already."""

    def __init__(self, resource: str, id: str) -> None:
        super().__init__(f"{resource} {id!r} exists already")
        self.resource = resource
        self.id = id


class InvalidCursor(StoreError):
    """A paging cursor that names no place in the list."""

    def __init__(self, resource: str, cursor: str) -> None:
        super().__init__(f"no place {cursor!r} in the list of {resource}")
        self.resource = resource
        self.cursor = cursor


class ServiceError(TwinkitError):
    """The service's own error answer. Raising it loses the writes of the request; a reply returned keeps them."""

    def __init__(
        self, status: int, body: Any, headers: Mapping[str, str] | None = None, *, name: str = "error"
    ) -> None:
        super().__init__(f"{name} ({status})")
        self.status = status
        self.body = body
        self.headers: Mapping[str, str] = headers or {}
        self.name = name


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint such as `; did you mean 'create'?`, or the empty string when nothing is close."""
    import difflib

    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def need(module: str, extra: str) -> None:
    """Raise UsageError that names the extra to install, unless `module` is installed."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise UsageError(f"{module} is not installed: pip install 'twinkit[{extra}]'")
