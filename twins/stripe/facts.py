"""What the twin remembers about a payment method, token or source besides what it shows: which test number it is.

Kept in the store beside the records, under the resource name FACTS. Imports: the kit's public names, payments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twinkit import Ctx
from twins.stripe.payments import banks, cards
from twins.stripe.payments.banks import TestBank
from twins.stripe.payments.cards import TestCard

FACTS = "test_instrument"


@dataclass(slots=True)
class Facts:
    """One instrument. Either `card` or `bank` is set; neither for other payment method types."""

    card: TestCard | None = None
    bank: TestBank | None = None
    cvc: bool = False
    """A security code was given."""
    set_up: bool = False
    """It was set up for off-session use."""
    verified: bool = False
    """A bank account has been verified."""
    used: bool = False
    """It was used without being attached, so it cannot be used again."""
    present: bool = False
    """It was presented to a reader."""
    mandate: str = ""
    """The mandate under which an account is debited."""

    def plain(self) -> dict[str, Any]:
        """JSON that `load` takes back."""
        flags: dict[str, Any] = {"cvc": self.cvc, "set_up": self.set_up, "verified": self.verified, "used": self.used}
        if self.present:
            flags["present"] = True
        if self.mandate:
            flags["mandate"] = self.mandate
        if self.card:
            return {"card": self.card.name or self.card.number, **flags}
        if self.bank:
            return {"bank": [self.bank.type, self.bank.number], **flags}
        return flags


def _card(key: str) -> TestCard | None:
    return cards.card_of(key) if key.isdigit() else cards.by_name().get(key)


def load(ctx: Ctx, id: str) -> Facts:
    """Facts of an instrument; for one nobody wrote down (materialised) those of a plain Visa card."""
    kept = ctx.store.find(FACTS, id)
    if kept is None:
        return Facts(card=cards.by_name()["visa"])
    bank = kept.get("bank")
    return Facts(
        card=_card(kept["card"]) if "card" in kept else None,
        bank=banks.bank_of(bank[0], bank[1]) if bank else None,
        cvc=kept["cvc"],
        set_up=kept["set_up"],
        verified=kept["verified"],
        used=kept["used"],
        present=kept.get("present", False),
        mandate=kept.get("mandate", ""),
    )


def save(ctx: Ctx, id: str, facts: Facts) -> None:
    """Write facts down, or over what was known."""
    if ctx.store.find(FACTS, id) is None:
        ctx.store.insert(FACTS, facts.plain(), id=id, created=ctx.micros)
    else:
        ctx.store.replace(FACTS, id, facts.plain())
