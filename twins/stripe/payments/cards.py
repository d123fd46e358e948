"""Stripe's documented test cards, and the `pm_card_*` and `tok_*` names that stand for them.

Plain data: what a number is (brand, country, funding) and what it makes happen. Source of every row:
https://docs.stripe.com/testing (card numbers, payment methods, tokens). Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

Authentication = Literal["none", "always", "unless_set_up", "already_set_up", "required", "frictionless", "unsupported"]


class TestCard(NamedTuple):
    """One test card. Everything that is not said succeeds."""

    number: str
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    name: str = ""
    """Suffix of its `pm_card_…` and `tok_…` names; empty when it has none."""
    decline: str = ""
    """Key into `declines.DECLINES`: what every charge is answered with."""
    decline_at: Literal["attach", "charge"] = "attach"
    """`attach`: the card cannot be saved either; `charge`: saving works, charging fails."""
    authentication: Authentication = "none"
    authentication_error: bool = False
    """The 3D Secure lookup itself fails."""
    cvc: str = "pass"
    line1: str = "pass"
    postal_code: str = "pass"
    risk: str = "normal"
    blocked: bool = False
    disputes: tuple[str, ...] = ()
    """Keys into `disputes.KINDS`."""
    fraud_warning: bool = False
    refund: Literal["", "pending", "fails"] = ""
    available_now: bool = False
    co_brand: str = ""
    payout: str = ""
    """Failure code of a payout to this card; `unsupported` when it takes no instant payout."""
    aliases: tuple[str, ...] = ()

    @property
    def networks(self) -> tuple[str, ...]:
        """Networks the card can run on, the co-brand first."""
        return (self.co_brand, self.brand) if self.co_brand else (self.brand,)


def _brands() -> Iterator[TestCard]:
    rows = (
        ("4242424242424242", "visa", "credit", "US", "visa"),
        ("4012888888881881", "visa", "credit", "US", ""),
        ("4000056655665556", "visa", "debit", "US", "visa_debit"),
        ("5555555555554444", "mastercard", "credit", "US", "mastercard"),
        ("2223003122003222", "mastercard", "credit", "US", ""),
        ("5200828282828210", "mastercard", "debit", "US", "mastercard_debit"),
        ("5105105105105100", "mastercard", "prepaid", "US", "mastercard_prepaid"),
        ("378282246310005", "amex", "credit", "US", "amex"),
        ("371449635398431", "amex", "credit", "US", ""),
        ("6011111111111117", "discover", "credit", "US", "discover"),
        ("6011000990139424", "discover", "credit", "US", ""),
        ("6011981111111113", "discover", "debit", "US", ""),
        ("3056930009020004", "diners", "credit", "US", "diners"),
        ("36227206271667", "diners", "credit", "US", ""),
        ("6555900000604105", "discover", "credit", "KR", ""),
        ("3566002020360505", "jcb", "credit", "JP", "jcb"),
        ("3530111333300000", "jcb", "credit", "JP", ""),
        ("6200000000000005", "unionpay", "credit", "CN", "unionpay"),
        ("6200000000000047", "unionpay", "debit", "CN", ""),
        ("6205500000000000004", "unionpay", "credit", "CN", ""),
        ("5062210000000009", "unknown", "credit", "MX", ""),
        ("4000051230000072", "visa", "debit", "US", "debit_visaFsaProductCode"),
        ("5200828282828897", "mastercard", "debit", "US", "mastercard_debit_mastercardFsaProductCode"),
        ("4001007020000002", "visa", "credit", "SG", ""),
        ("4000008260000075", "visa", "credit", "GB", ""),
        ("4001000360000005", "visa", "credit", "AU", ""),
        ("4000002760000008", "visa", "credit", "DE", ""),
        ("4000000000001208", "visa", "credit", "US", ""),
        ("4000000000003725", "visa", "credit", "US", ""),
    )
    for number, brand, funding, country, name in rows:
        yield TestCard(number, brand=brand, funding=funding, country=country, name=name)
    co_branded = (
        ("4000002500001001", "visa", "FR", "credit", "cartes_bancaires", "visa_cartesBancaires"),
        ("5555552500001001", "mastercard", "FR", "credit", "cartes_bancaires", "mastercard_cartesBancaires"),
        ("4000050360000001", "visa", "AU", "debit", "eftpos_au", "visa_debit_eftposAuCoBranded"),
        ("5555050360000080", "mastercard", "AU", "debit", "eftpos_au", "mastercard_debit_eftposAuCoBranded"),
    )
    for number, brand, country, funding, co_brand, name in co_branded:
        yield TestCard(number, brand=brand, country=country, funding=funding, co_brand=co_brand, name=name)


COUNTRIES: Mapping[str, str] = {
    "ar": "4000000320000021",
    "br": "4000000760000002",
    "ca": "4000001240000000",
    "cl": "4000001520000001",
    "co": "4000001700000003",
    "cr": "4000001880000005",
    "ec": "4000002180000000",
    "mx": "4000004840008001",
    "pa": "4000005910000000",
    "py": "4000006000000066",
    "pe": "4000006040000068",
    "uy": "4000008580000003",
    "ae": "4000007840000001",
    "ae_mastercard": "5200007840000022",
    "at": "4000000400000008",
    "be": "4000000560000004",
    "bg": "4000001000000000",
    "by": "4000001120000005",
    "hr": "4000001910000009",
    "cy": "4000001960000008",
    "cz": "4000002030000002",
    "dk": "4000002080000001",
    "ee": "4000002330000009",
    "fi": "4000002460000001",
    "fr": "4000002500000003",
    "de": "4000002760000016",
    "gi": "4000002920000005",
    "gr": "4000003000000030",
    "hu": "4000003480000005",
    "ie": "4000003720000005",
    "it": "4000003800000008",
    "lv": "4000004280000005",
    "li": "4000004380000004",
    "lt": "4000004400000000",
    "lu": "4000004420000006",
    "mt": "4000004700000007",
    "nl": "4000005280000002",
    "no": "4000005780000007",
    "pl": "4000006160000005",
    "pt": "4000006200000007",
    "ro": "4000006420000001",
    "sa": "4000006820000007",
    "si": "4000007050000006",
    "sk": "4000007030000001",
    "es": "4000007240000007",
    "se": "4000007520000008",
    "ch": "4000007560000009",
    "gb": "4000008260000000",
    "gb_debit": "4000058260000005",
    "gb_mastercard": "5555558265554449",
    "au": "4000000360000006",
    "cn": "4000001560000002",
    "hk": "4000003440000004",
    "in": "4000003560000008",
    "jp": "4000003920000003",
    "my": "4000004580000002",
    "nz": "4000005540000008",
    "sg": "4000007020000003",
    "tw": "4000001580000008",
    "th_credit": "4000007640000003",
    "th_debit": "4000057640000008",
}
"""Name suffix → number of the cards by country; the first two letters are the country."""


def _countries() -> Iterator[TestCard]:
    for name, number in COUNTRIES.items():
        yield TestCard(
            number,
            name=name,
            country=name[:2].upper(),
            brand="mastercard" if number[0] == "5" else "visa",
            funding="debit" if name.endswith("debit") else "credit",
        )


def _declines() -> Iterator[TestCard]:
    rows = (
        ("4000000000000002", "generic_decline", "visa_chargeDeclined", ("chargeDeclined",)),
        (
            "4000000000009995",
            "insufficient_funds",
            "visa_chargeDeclinedInsufficientFunds",
            ("chargeDeclinedInsufficientFunds", "visa_debit_chargeDeclinedInsufficientFunds"),
        ),
        ("4000000000009987", "lost_card", "visa_chargeDeclinedLostCard", ("chargeDeclinedLostCard",)),
        ("4000000000009979", "stolen_card", "visa_chargeDeclinedStolenCard", ("chargeDeclinedStolenCard",)),
        ("4000000000000069", "expired_card", "chargeDeclinedExpiredCard", ("visa_chargeDeclinedExpiredCard",)),
        ("4000000000000127", "incorrect_cvc", "chargeDeclinedIncorrectCvc", ("visa_chargeDeclinedIncorrectCvc",)),
        (
            "4000000000000119",
            "processing_error",
            "chargeDeclinedProcessingError",
            ("visa_chargeDeclinedProcessingError",),
        ),
        ("4242424242424241", "incorrect_number", "", ()),
        (
            "4000000000006975",
            "card_velocity_exceeded",
            "visa_chargeDeclinedVelocityLimitExceeded",
            ("chargeDeclinedVelocityLimitExceeded",),
        ),
    )
    for number, decline, name, aliases in rows:
        yield TestCard(number, name=name, decline=decline, aliases=aliases)
    fraudulent = TestCard("4100000000000019", name="visa_chargeDeclinedFraudulent", decline="fraudulent")
    yield fraudulent._replace(aliases=("chargeDeclinedFraudulent",), risk="highest")
    later = TestCard("4000000000000341", name="chargeCustomerFail", decline="generic_decline", decline_at="charge")
    yield later._replace(aliases=("visa_chargeCustomerFail",))
    yield later._replace(name="visa_chargeCustomerFailLostCard", decline="lost_card")
    yield later._replace(name="visa_chargeCustomerFailStolenCard", decline="stolen_card")


def _fraud() -> Iterator[TestCard]:
    block = {"decline": "fraudulent", "risk": "highest", "blocked": True, "decline_at": "charge"}
    yield TestCard("4100000000000019", name="radarBlock", **block)  # type: ignore[arg-type]
    yield TestCard("4000000000004954", name="riskLevelHighest", **block)  # type: ignore[arg-type]
    yield TestCard("4000000000009235", name="riskLevelElevated", risk="elevated")
    yield TestCard("4000008400000407", name="highFraudDisputeScore")
    yield TestCard("4000008400000159", name="highEfwScore")
    yield TestCard("4000008400001017", name="radarDynamicRiskThreshold")
    yield TestCard("4000008405600003", name="adaptive3dsChallenge")
    yield TestCard("4000000000000101", name="cvcCheckFail", cvc="fail")
    yield TestCard("4000000000000036", name="avsZipFail", postal_code="fail")
    yield TestCard("4000058400307872", name="cvcCheckFailElevatedRisk", cvc="fail", risk="elevated")
    yield TestCard("4000058400306072", name="avsZipFailElevatedRisk", postal_code="fail", risk="elevated")
    yield TestCard("4000000000000028", name="avsLine1Fail", line1="fail")
    yield TestCard("4000000000000010", name="avsFail", line1="fail", postal_code="fail")
    yield TestCard("4000000000000044", name="avsUnchecked", line1="unavailable", postal_code="unavailable")
    yield TestCard("4000000000000093", name="domesticPricing")


def _disputes() -> Iterator[TestCard]:
    rows = (
        ("4000000000000259", "createDispute", ("fraudulent",)),
        ("4000000000002685", "createDisputeProductNotReceived", ("product_not_received",)),
        ("4000000000001976", "createDisputeInquiry", ("inquiry",)),
        ("4000000404000079", "createMultipleDisputes", ("fraudulent", "product_not_received")),
        ("4000000404000038", "createCe3EligibleDispute", ("compelling_evidence_3",)),
        ("4000008400000779", "createComplianceDispute", ("visa_compliance",)),
        ("5105008400000002", "createMastercardComplianceDispute", ("mastercard_compliance",)),
        ("4000000001000043", "createAutoRepresentmentEligibleDispute", ("fraudulent",)),
        ("4000000404004816", "createRapidDisputeResolutionDispute", ("fraudulent",)),
        ("4000000404005649", "createCe3BlockDispute", ("fraudulent",)),
        ("5105000300000018", "createEthocaAlert", ("fraudulent",)),
    )
    for number, name, disputes in rows:
        yield TestCard(number, name=name, disputes=disputes, brand="mastercard" if number[0] == "5" else "visa")
    yield TestCard("4000000000005423", name="createIssuerFraudRecord", fraud_warning=True)
    yield TestCard("4000000000007726", name="pendingRefund", refund="pending")
    yield TestCard("4000000000005126", name="refundFail", refund="fails")
    yield TestCard("4000000000000077", name="bypassPending", available_now=True)
    yield TestCard("4000003720000278", name="bypassPendingInternational", country="IE", available_now=True)


def _authentication() -> Iterator[TestCard]:
    yield TestCard(
        "4000002500003155", name="authenticationRequiredOnSetup", country="FR", authentication="unless_set_up"
    )
    yield TestCard("4000002760003184", name="authenticationRequired", country="DE", authentication="always")
    yield TestCard(
        "4000003800000446",
        name="authenticationRequiredSetupForOffSession",
        country="IT",
        authentication="already_set_up",
    )
    yield TestCard(
        "4000008260003178",
        name="authenticationRequiredChargeDeclinedInsufficientFunds",
        country="GB",
        authentication="always",
        decline="insufficient_funds",
        decline_at="charge",
    )
    yield TestCard(
        "4000000000003220",
        name="threeDSecure2Required",
        country="IE",
        authentication="required",
        aliases=("threeDSecureRequired",),
    )
    yield TestCard("4000000000003063", country="US", authentication="required")
    yield TestCard("4000008400000027", country="US", authentication="required")
    yield TestCard(
        "4000008400001629",
        name="threeDSecureRequiredChargeDeclined",
        authentication="required",
        decline="generic_decline",
        decline_at="charge",
    )
    yield TestCard(
        "4000008400001280",
        name="threeDSecureRequiredProcessingError",
        authentication="required",
        authentication_error=True,
        decline="generic_decline",
        decline_at="charge",
    )
    yield TestCard("4000000000003055", name="threeDSecureOptional")
    yield TestCard("4000000000003097", name="threeDSecureOptionalProcessingError", authentication_error=True)
    yield TestCard("378282246310005", brand="amex", name="amex_threeDSecureNotSupported", authentication="unsupported")
    yield TestCard("4000000032200000", authentication="frictionless")
    for number in ("4000582600000094", "4000582600000045", "4000582600000102", "4000582600000110"):
        yield TestCard(number, country="GB", authentication="required")


def _payouts() -> Iterator[TestCard]:
    yield TestCard("4000056655665556", funding="debit", name="visa_debit_us_transferSuccess")
    yield TestCard("4000056655665572", funding="debit", name="visa_debit_us_transferFail", payout="could_not_process")
    yield TestCard(
        "4000056755665555", funding="debit", name="visa_debit_us_instantPayoutUnsupported", payout="unsupported"
    )
    yield TestCard("5200828282828210", brand="mastercard", funding="debit", name="mastercard_debit_us_transferSuccess")
    yield TestCard("6011981111111113", brand="discover", funding="debit", name="discover_debit_us_transferSuccess")


def documented() -> Iterator[TestCard]:
    """Every documented card, in the order of the page; a number may come again under another name."""
    yield from _brands()
    yield TestCard("4242424242424242", name="us")
    yield from _countries()
    yield from _declines()
    yield from _fraud()
    yield from _disputes()
    yield from _authentication()
    yield from _payouts()


@lru_cache(maxsize=1)
def by_name() -> Mapping[str, TestCard]:
    """Name suffix and alias → card: `visa`, `chargeDeclinedExpiredCard`, …"""
    found: dict[str, TestCard] = {}
    for card in documented():
        for name in (card.name, *card.aliases):
            if name:
                found.setdefault(name, card)
    return found


@lru_cache(maxsize=1)
def by_number() -> Mapping[str, TestCard]:
    """Card number → card. Where two rows share a number the plain one wins, except that blocking beats declining."""
    found: dict[str, TestCard] = {}
    for card in documented():
        if card.number not in found or card.blocked:
            found[card.number] = card
    return found


PREFIXES = ("pm_card_", "tok_")


def named(id: str) -> TestCard | None:
    """The card behind a documented `pm_card_…` or `tok_…` name, None for any other id."""
    for prefix in PREFIXES:
        if id.startswith(prefix):
            return by_name().get(id[len(prefix) :])
    return None


def luhn(number: str) -> bool:
    """Whether a card number passes the Luhn check."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = ord(digit) - 48
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def brand_of(number: str) -> str:
    """Brand of a number by its first digits; `unknown` when none fits."""
    if number.startswith("4"):
        return "visa"
    if number[:2] in ("34", "37"):
        return "amex"
    if number[:2] in ("30", "36", "38", "39"):
        return "diners"
    if number[:2] == "35":
        return "jcb"
    if number[:2] == "62":
        return "unionpay"
    if number[:4] == "6011" or number[:2] in ("64", "65"):
        return "discover"
    if number[:2] in ("51", "52", "53", "54", "55") or "2221" <= number[:4] <= "2720":
        return "mastercard"
    return "unknown"


def card_of(number: str) -> TestCard | None:
    """The card with this number: a documented one, else a plain one that passes the Luhn check, else None."""
    known = by_number().get(number)
    if known is not None:
        return None if known.decline == "incorrect_number" else known
    if not number.isascii() or not number.isdigit() or not 12 <= len(number) <= 19 or not luhn(number):
        return None
    return TestCard(number, brand=brand_of(number))
