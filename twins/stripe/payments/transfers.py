"""Shares and refusals of moving money between a platform and its connected accounts. Pure; imports nothing of the kit.

Sources: https://docs.stripe.com/connect/destination-charges, https://docs.stripe.com/api/transfer_reversals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FEE_ALONE = (
    "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using an OAuth "
    "key or Stripe-Account header) or destination payment (using `transfer_data[destination]`)."
)
TOO_POOR = (
    "You have insufficient available funds in your Stripe account. Try adding funds directly to your available balance "
    "by creating Charges using the 4000000000000077 test card. See: "
    "https://stripe.com/docs/testing#available-balance"
)
NOT_READY = (
    "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
    "crypto_transfers, legacy_payments"
)


def dollars(amount: int) -> str:
    """An amount as messages show it: 1050 → `$10.50`."""
    return f"${amount // 100}.{amount % 100:02d}"


def share(whole: int, part: int, total: int) -> int:
    """What of `whole` goes back when `part` of `total` does, in the smallest unit, rounded down."""
    return whole * part // total if total else 0


def can_receive(account: Mapping[str, Any]) -> bool:
    """Whether an account may be sent money."""
    capabilities = account.get("capabilities") or {}
    return any(capabilities.get(name) == "active" for name in ("transfers", "crypto_transfers", "legacy_payments"))


def excess(kind: str, amount: int, left: int) -> str | None:
    """Why `amount` cannot be taken back from a transfer or a fee of which `left` is there, None if it can."""
    word = "reversed" if kind == "transfer" else "refunded"
    if left <= 0:
        return f"{'Transfer' if kind == 'transfer' else 'Application fee'} has already been fully {word}."
    if amount <= left:
        return None
    if kind == "transfer":
        return (
            f"Transfer reversal amount ({dollars(amount)}) is greater than unreversed amount on transfer "
            f"({dollars(left)})"
        )
    return f"Refund amount ({dollars(amount)}) is greater than unrefunded amount on fee ({dollars(left)})"
