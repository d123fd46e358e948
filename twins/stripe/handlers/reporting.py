"""Reports: the types there are, runs that end with a file of comma-separated values.

Source: https://docs.stripe.com/reports/report-types, https://docs.stripe.com/api/reporting/report_run. Imports: the
kit's public names, the twin.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import accounts, errors, listing, lookup, twin
from twins.stripe.handlers import files
from twins.stripe.payments import money

RUN, TYPE = "reporting.report_run", "reporting.report_type"
READY_AFTER = 5
FIRST_DAY = 1_500_000_000
_NAMES = """
    activity.itemized.1 activity.itemized.2 activity.itemized.3 activity.itemized.4 activity.itemized.5
    activity.summary.1 balance.summary.1 balance_change_from_activity.itemized.1 balance_change_from_activity.itemized.2
    balance_change_from_activity.itemized.3 balance_change_from_activity.itemized.4
    balance_change_from_activity.itemized.5 balance_change_from_activity.itemized.6
    balance_change_from_activity.summary.1 card_payments_fees.transaction_level.1 connected_account_balance.summary.1
    connected_account_balance_change_from_activity.itemized.1 connected_account_balance_change_from_activity.summary.1
    connected_account_payout_reconciliation.itemized.1 connected_account_payouts.itemized.1
    connected_account_payouts.summary.1 ending_balance_reconciliation.itemized.1
    ending_balance_reconciliation.itemized.2 ending_balance_reconciliation.summary.1
    payout_reconciliation.by_id.itemized.1 payout_reconciliation.by_id.summary.1 payout_reconciliation.itemized.1
    payout_reconciliation.itemized.2 payout_reconciliation.itemized.3 payout_reconciliation.summary.1
    payouts.itemized.1 payouts.itemized.2 payouts.itemized.3 payouts.summary.1
"""
NAMES = tuple(_NAMES.split())
COLUMNS = (
    "balance_transaction_id", "created", "available_on", "currency", "gross", "fee", "net", "reporting_category",
    "source_id", "description",
)  # fmt: skip
SUMMED = ("category", "description", "net_amount", "currency")


def _columns(name: str) -> tuple[str, ...]:
    return SUMMED if ".summary." in name else COLUMNS


def _type(ctx: Ctx, name: str) -> dict[str, Any]:
    """A report type as replies show it: its data goes up to the last midnight."""
    head, _, version = name.rpartition(".")
    midnight = ctx.now // 86_400 * 86_400
    return {
        "id": name,
        "object": TYPE,
        "data_available_end": midnight,
        "data_available_start": FIRST_DAY,
        "default_columns": list(_columns(name)),
        "livemode": False,
        "name": head.replace(".", " ").replace("_", " ").title(),
        "updated": midnight,
        "version": int(version),
    }


@twin.handler("GetReportingReportTypes")
@lookup.modelled
def types(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Every report type."""
    rows = [_type(ctx, name) for name in NAMES]
    return {"object": "list", "data": rows, "has_more": False, "url": request.url_path}


@twin.handler("GetReportingReportTypesReportType")
@lookup.modelled
def type_of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One report type."""
    name = request.path["report_type"]
    if name not in NAMES:
        raise errors.no_such("report_type", name, "report_type")
    return _type(ctx, name)


@twin.handler("PostReportingReportRuns")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Run a report. Raises 400 for a type there is not, or without the interval that it needs."""
    params = request.body or {}
    name = str(params["report_type"])
    if name not in NAMES:
        raise errors.no_such("report_type", name, "report_type", path=False)
    given: Mapping[str, Any] = params.get("parameters") or {}
    if ".by_id." not in name:
        for bound in ("interval_start", "interval_end"):
            if given.get(bound) is None and not (bound == "interval_start" and name == "balance.summary.1"):
                raise errors.missing(f"parameters[{bound}]")
    record = {
        "id": ctx.new_id(RUN),
        "object": RUN,
        "created": ctx.now,
        "error": None,
        "livemode": False,
        "parameters": dict(given),
        "report_type": name,
        "result": None,
        "status": "pending",
        "succeeded_at": None,
    }
    ctx.store.insert(RUN, record, created=ctx.micros)
    ctx.schedule("report_ready", {"run": record["id"]}, after=READY_AFTER)
    return record


def _rows(ctx: Ctx, run: Mapping[str, Any]) -> list[list[Any]]:
    """What a report says, from the ledger of its interval."""
    given = run["parameters"]
    start, end = given.get("interval_start") or 0, given.get("interval_end") or ctx.now
    ledger = [
        row
        for row in ctx.store.select("balance_transaction", order="oldest")
        if start <= row["created"] < end and given.get("currency") in (None, row["currency"])
    ]

    def amount(value: int, currency: str) -> str:
        places = money.decimals(currency)
        return f"{value / 10**places:.{places}f}"

    if ".summary." in run["report_type"]:
        sums: dict[tuple[str, str], int] = {}
        for row in ledger:
            key = (row["reporting_category"], row["currency"])
            sums[key] = sums.get(key, 0) + row["net"]
        return [
            [category, category.replace("_", " ").title(), amount(net, currency), currency]
            for (category, currency), net in sums.items()
        ]

    def moment(seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")

    return [
        [row["id"], moment(row["created"]), moment(row["available_on"]), row["currency"]]
        + [amount(row[name], row["currency"]) for name in ("amount", "fee", "net")]
        + [row["reporting_category"], row["source"], row["description"] or ""]
        for row in ledger
    ]


@accounts.timer("report_ready")
def ready(ctx: Ctx, data: dict[str, Any]) -> None:
    """A run is done: its file is there."""
    import csv  # only here: it would cost every start half a millisecond

    run = ctx.store.get(RUN, data["run"])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(run["parameters"].get("columns") or _columns(run["report_type"]))
    writer.writerows(_rows(ctx, run))
    file = files.keep(ctx, text.getvalue().encode(), f"{run['id']}.csv", "csv", "finance_report_run")
    ctx.emit("file.created", file)
    changes = {"status": "succeeded", "succeeded_at": ctx.now, "result": file}
    ctx.update(RUN, run["id"], changes, event=f"{RUN}.succeeded")


@twin.handler("GetReportingReportRuns")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The runs there were."""
    return listing.page(ctx, request, RUN, listing.ranges(request.query, "created"))
