"""The seven search operations: the query language over the records.

Source: https://docs.stripe.com/search. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, search, twin

OPERATIONS = {
    "GetChargesSearch": "charge",
    "GetCustomersSearch": "customer",
    "GetInvoicesSearch": "invoice",
    "GetPaymentIntentsSearch": "payment_intent",
    "GetPricesSearch": "price",
    "GetProductsSearch": "product",
    "GetSubscriptionsSearch": "subscription",
}
LOWER = frozenset({"currency", "status", "type"})
"""Token fields whose values are always lower case."""
IDS = frozenset({"customer", "product", "subscription"})
"""Token fields that hold ids."""
OPERATORS = {":": "=", ">": ">", "<": "<", ">=": ">=", "<=": "<="}
PAGE = "page-"


def narrowed(query: search.Query) -> list[Filter]:
    """Filters for the store that every match passes; the rest is checked record by record."""
    if query.any:
        return []
    where = []
    for clause in query.clauses:
        if clause.negated or clause.value is None:
            continue
        name = ".".join(clause.field)
        if clause.kind == "number":
            where.append(Filter(name, OPERATORS[clause.operator], clause.value))  # type: ignore[arg-type]
        elif clause.operator == ":" and name in LOWER:
            where.append(Filter(name, "=", str(clause.value).lower()))
        elif clause.operator == ":" and name in IDS:
            where.append(Filter(name, "=", clause.value))
        else:
            where.append(Filter(clause.field, "holds" if clause.operator == "~" else "words", clause.value))
    return where


def found(ctx: Ctx, resource: str, query: search.Query) -> Iterator[dict[str, Any]]:
    """Every match, newest first."""
    return (record for record in ctx.store.select(resource, narrowed(query)) if query.matches(record))


@twin.handler(*OPERATIONS)
def answer(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One page of a search. Raises 400 for a query that cannot be read."""
    assert request.operation is not None
    resource = OPERATIONS[request.operation.id]
    try:
        query = search.parse(request.query["query"], resource)
    except search.QueryError as error:
        raise errors.invalid(str(error), "query") from None
    limit = request.query.get("limit", 10)
    start = _offset(request.query.get("page"))
    counted = "total_count" in (request.query.get("expand") or ())
    matches = found(ctx, resource, query)
    if ctx.options.get("materialise"):
        rows, more, total = [next(matches, None) or ctx.materialise(resource)], False, 1
        counted = True
    else:
        rows = list(islice(matches, start, start + limit))
        more = next(matches, None) is not None
        total = start + len(rows) + more + sum(1 for _ in matches) if counted else 0
    reply: dict[str, Any] = {
        "object": "search_result",
        "data": rows,
        "has_more": more,
        "next_page": f"{PAGE}{start + limit}" if more else None,
        "url": request.url_path,
    }
    if counted:
        reply["total_count"] = total
    return reply


def _offset(page: Any) -> int:
    if not page:
        return 0
    number = str(page).removeprefix(PAGE)
    if not number.isdigit() or not str(page).startswith(PAGE):
        raise errors.invalid("Invalid page token.", "page")
    return int(number)
