"""Records of connected accounts: with `Stripe-Account` a request sees that account's records and no others.

An account's records are kept under resource names of their own, `acct_…/customer`; what the service publishes to
everyone, and the accounts themselves, are shared. Source: https://docs.stripe.com/connect/authentication. Imports: the
kit's public names, the store's error types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from twinkit import Ctx, DuplicateRecord, Filter, InvalidCursor, RecordNotFound
from twinkit.store import Page, Store
from twins.stripe import twin

ACCOUNT = "acct_1TwinkitStripeAc"
"""The platform: the account that keys belong to."""
SHARED = frozenset({"account", "tax_code", "country_spec", "exchange_rate", "reporting.report_type"})
"""Resources that every account sees."""
Timer = Callable[[Ctx, dict[str, Any]], None]


class AccountStore:
    """The store as one connected account sees it: the same methods, its own records."""

    def __init__(self, store: Store, account: str) -> None:
        self.whole = store
        self.account = account

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def _own(self, resource: str) -> str:
        return resource if resource in SHARED else f"{self.account}/{resource}"

    @contextmanager
    def _named(self, resource: str) -> Iterator[None]:
        """Errors name the resource as the caller does."""
        try:
            yield
        except RecordNotFound as error:
            raise RecordNotFound(resource, error.id) from None
        except DuplicateRecord as error:
            raise DuplicateRecord(resource, error.id) from None
        except InvalidCursor as error:
            raise InvalidCursor(resource, error.cursor) from None

    def insert(self, resource: str, data: dict[str, Any], **more: Any) -> None:
        """See `Store.insert`."""
        with self._named(resource):
            self.whole.insert(self._own(resource), data, **more)

    def get(self, resource: str, id: str) -> dict[str, Any]:
        """See `Store.get`."""
        with self._named(resource):
            return self.whole.get(self._own(resource), id)

    def find(self, resource: str, id: str) -> dict[str, Any] | None:
        """See `Store.find`."""
        return self.whole.find(self._own(resource), id)

    def raw(self, resource: str, id: str) -> bytes | None:
        """See `Store.raw`."""
        return self.whole.raw(self._own(resource), id)

    def update(self, resource: str, id: str, **changes: Any) -> dict[str, Any]:
        """See `Store.update`."""
        with self._named(resource):
            return self.whole.update(self._own(resource), id, **changes)

    def replace(self, resource: str, id: str, data: dict[str, Any]) -> None:
        """See `Store.replace`."""
        with self._named(resource):
            self.whole.replace(self._own(resource), id, data)

    def delete(self, resource: str, id: str) -> None:
        """See `Store.delete`."""
        with self._named(resource):
            self.whole.delete(self._own(resource), id)

    def was_deleted(self, resource: str, id: str) -> bool:
        """See `Store.was_deleted`."""
        return self.whole.was_deleted(self._own(resource), id)

    def list(self, resource: str, where: Sequence[Filter] = (), **more: Any) -> Page:
        """See `Store.list`."""
        with self._named(resource):
            return self.whole.list(self._own(resource), where, **more)

    def select(self, resource: str, where: Sequence[Filter] = (), **more: Any) -> Iterator[dict[str, Any]]:
        """See `Store.select`."""
        return self.whole.select(self._own(resource), where, **more)

    def count(self, resource: str, where: Sequence[Filter] = (), **more: Any) -> int:
        """See `Store.count`."""
        return self.whole.count(self._own(resource), where, **more)

    def add_event(self, type: str, data: dict[str, Any], *, id: str, created: int, resource: str = "") -> int:
        """See `Store.add_event`."""
        own = self._own(resource) if resource else ""
        return self.whole.add_event(type, data, id=id, created=created, resource=own)

    def schedule(self, due: int, kind: str, data: dict[str, Any]) -> int:
        """See `Store.schedule`; the timer runs for this account."""
        return self.whole.schedule(due, kind, {**data, "account": self.account})


def enter(ctx: Ctx, account: str | None) -> None:
    """Let a context work on the records of a connected account; None or the platform leaves it as it is."""
    if account and account != ACCOUNT:
        ctx.store = cast(Store, AccountStore(whole(ctx), account))


@contextmanager
def acting(ctx: Ctx, account: str | None) -> Iterator[None]:
    """For a while, work on the records of another account; None is the platform."""
    before = ctx.store
    ctx.store = whole(ctx)
    enter(ctx, account)
    try:
        yield
    finally:
        ctx.store = before


def current(ctx: Ctx) -> str | None:
    """The connected account a context works for, None for the platform."""
    store: Any = ctx.store
    return store.account if isinstance(store, AccountStore) else None


def whole(ctx: Ctx) -> Store:
    """The platform's store, also in the context of a connected account."""
    store: Any = ctx.store
    return store.whole if isinstance(store, AccountStore) else ctx.store


def timer(kind: str) -> Callable[[Timer], Timer]:
    """Like the kit's `timer`, run for the account that scheduled it."""

    def register(function: Timer) -> Timer:
        @twin.timer(kind)
        def run(ctx: Ctx, data: dict[str, Any]) -> None:
            enter(ctx, data.get("account"))
            function(ctx, data)

        return function

    return register
