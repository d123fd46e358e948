"""Stripe's documented test bank accounts and the `pm_usBankAccount_*`, `pm_sepaDebit_*` … names that stand for them.

Plain data. Source of every row: https://docs.stripe.com/testing (non-card payment methods). Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

DELAY = 180
"""Seconds the documented "delayed" accounts take."""
SOON = 0
"""Seconds other accounts take."""
NEVER = -1


class TestBank(NamedTuple):
    """One test account of a bank debit. A payment goes to `processing` first and then succeeds unless `failure`."""

    type: str
    """Type of payment method: us_bank_account, sepa_debit, bacs_debit, au_becs_debit, acss_debit."""
    number: str
    """Account number or IBAN."""
    name: str = ""
    """Full `pm_…` name; empty when it has none."""
    failure: str = ""
    """Failure code, a key into `declines.BANK_FAILURES`."""
    delay: int = SOON
    """Seconds until the payment settles; NEVER stays in processing."""
    dispute: str = ""
    inactive_mandate: bool = False
    blocked: bool = False
    microdeposits_fail: bool = False
    unusable: bool = False
    """Creating the payment method itself fails."""

    @property
    def country(self) -> str:
        """Two-letter country of the account."""
        fixed = {"us_bank_account": "US", "bacs_debit": "GB", "au_becs_debit": "AU", "acss_debit": "CA"}
        return fixed.get(self.type, self.number[:2])


def _us() -> Iterator[TestBank]:
    def bank(number: str, name: str = "", failure: str = "", **more: object) -> TestBank:
        full = f"pm_usBankAccount_{name}" if name else ""
        return TestBank("us_bank_account", number, full, failure, **more)  # type: ignore[arg-type]

    yield bank("000123456789", "success")
    yield bank("000111111113", "accountClosed", "account_closed")
    yield bank("000000004954", "riskLevelHighest", "fraudulent", blocked=True)
    yield bank("000111111116", "noAccount", "no_account")
    yield bank("000222222227", "insufficientFunds", "insufficient_funds")
    yield bank("000333333335", "debitNotAuthorized", "debit_not_authorized", inactive_mandate=True)
    yield bank("000444444440", "invalidCurrency", "invalid_currency")
    yield bank("000666666661", "failMicrodeposits", microdeposits_fail=True)
    yield bank("000555555559", "dispute", dispute="bank_cannot_process")
    yield bank("000000000009", "processing", delay=NEVER)
    yield bank("000777777771", "weeklyLimitExceeded", "charge_exceeds_weekly_limit")
    yield bank("000888888885", "", "tokenized_account_number_deactivated")


SEPA_KINDS: tuple[tuple[str, str, int, str], ...] = (
    ("success", "", SOON, ""),
    ("successDelayed", "", DELAY, ""),
    ("failed", "generic_decline", SOON, ""),
    ("failedDelayed", "generic_decline", DELAY, ""),
    ("disputed", "", SOON, "fraudulent"),
    ("exceedsWeeklyVolumeLimit", "charge_exceeds_source_limit", SOON, ""),
    ("exceedsWeeklyTransactionLimit", "charge_exceeds_weekly_limit", SOON, ""),
    ("insufficientFunds", "insufficient_funds", SOON, ""),
)
"""(name, failure, delay, dispute) in the order of the columns of SEPA."""

SEPA = """
at AT611904300234573201 AT321904300235473204 AT861904300235473202 AT051904300235473205 AT591904300235473203
   AT981904300000343434 AT601904300000121212 AT981904300002222227
be BE62510007547061 BE78510007547064 BE68539007547034 BE51510007547065 BE08510007547063
   BE90510000343434 BE52510000121212 BE90510002222227
hr HR7624020064583467589 HR6323600002337876649 HR2725000096983499248 HR6723600004878117427 HR8724840081455523553
   HR7424020060000343434 HR3624020060000121212 HR7424020060002222227
ee EE382200221020145685 EE222200221020145682 EE762200221020145680 EE922200221020145683 EE492200221020145681
   EE672200000000343434 EE292200000000121212 EE672200000002222227
fi FI2112345600000785 FI3712345600000788 FI9112345600000786 FI1012345600000789 FI6412345600000787
   FI6712345600343434 FI2912345600121212 FI6712345602222227
fr FR1420041010050500013M02606 FR3020041010050500013M02609 FR8420041010050500013M02607 FR7920041010050500013M02600
   FR5720041010050500013M02608 FR9720041010050000000343434 FR5920041010050000000121212 FR9720041010050000002222227
de DE89370400440532013000 DE08370400440532013003 DE62370400440532013001 DE78370400440532013004 DE35370400440532013002
   DE65370400440000343434 DE27370400440000121212 DE65370400440002222227
gi GI60MPFS599327643783385 GI08RRNW626436291644533 GI41SAFA461293238477751 GI50LROG772261344693297
   GI26KJBC361883934534696 GI14NWBK000000000343434 GI73NWBK000000000121212 GI14NWBK000000002222227
ie IE29AIBK93115212345678 IE24AIBK93115212345671 IE02AIBK93115212345679 IE94AIBK93115212345672 IE51AIBK93115212345670
   IE10AIBK93115200343434 IE69AIBK93115200121212 IE10AIBK93115202222227
li LI0508800636123378777 LI4408800387787111369 LI1208800143823175626 LI4908800356441975566 LI7708800125525347723
   LI2408800000000343434 LI8308800000000121212 LI2408800000002222227
lt LT121000011101001000 LT281000011101001003 LT821000011101001001 LT981000011101001004 LT551000011101001002
   LT591000000000343434 LT211000000000121212 LT591000000002222227
lu LU280019400644750000 LU440019400644750003 LU980019400644750001 LU170019400644750004 LU710019400644750002
   LU900010000000343434 LU520010000000121212 LU900010000002222227
nl NL39RABO0300065264 NL55RABO0300065267 NL91ABNA0417164300 NL28RABO0300065268 NL82RABO0300065266
   NL27RABO0000343434 NL86RABO0000121212 NL27RABO0002222227
no NO9386011117947 NO8886011117940 NO6686011117948 NO6186011117941 NO3986011117949
   NO0586010343434 NO6486010121212 NO0586012222227
pt PT50000201231234567890154 PT66000201231234567890157 PT23000201231234567890155 PT39000201231234567890158
   PT93000201231234567890156 PT05000201230000000343434 PT64000201230000000121212 PT05000201230000002222227
es ES0700120345030000067890 ES2300120345030000067893 ES9121000418450200051332 ES9300120345030000067894
   ES5000120345030000067892 ES1700120345000000343434 ES7600120345000000121212 ES1700120345000002222227
se SE3550000000054910000003 SE5150000000054910000006 SE0850000000054910000004 SE2450000000054910000007
   SE7850000000054910000005 SE2850000000000000343434 SE8750000000000000121212 SE2850000000000002222227
ch CH9300762011623852957 CH8656663438253651553 CH5362200119938136497 CH1843597160341964438 CH1260378413965193069
   CH1800762000000343434 CH7700762000000121212 CH1800762000002222227
gb GB82WEST12345698765432 GB98WEST12345698765435 GB55WEST12345698765433 GB71WEST12345698765436
   GB28WEST12345698765434 GB70WEST12345600343434 GB32WEST12345600121212 GB70WEST12345602222227
"""
"""Country and its eight IBANs, in the order of SEPA_KINDS."""


def _sepa() -> Iterator[TestBank]:
    words = SEPA.split()
    for start in range(0, len(words), len(SEPA_KINDS) + 1):
        country, *ibans = words[start : start + len(SEPA_KINDS) + 1]
        for iban, (name, failure, delay, dispute) in zip(ibans, SEPA_KINDS, strict=True):
            yield TestBank("sepa_debit", iban, f"pm_sepaDebit_{name}_{country}", failure, delay, dispute)
    yield TestBank("sepa_debit", "AT511904300000066666", unusable=True)


def _bacs() -> Iterator[TestBank]:
    def bank(number: str, name: str, failure: str = "", delay: int = SOON, **more: object) -> TestBank:
        return TestBank("bacs_debit", number, f"pm_bacsDebit_{name}", failure, delay, **more)  # type: ignore[arg-type]

    yield bank("00012345", "success")
    yield bank("90012345", "successDelayed", delay=DELAY)
    yield bank("33333335", "debitNotAuthorized", "debit_not_authorized", inactive_mandate=True)
    yield bank("93333335", "debitNotAuthorizedDelayed", "debit_not_authorized", DELAY, inactive_mandate=True)
    yield bank("22222227", "insufficientFunds", "insufficient_funds")
    yield bank("92222227", "insufficientFundsDelayed", "insufficient_funds", DELAY)
    yield bank("55555559", "dispute", delay=DELAY, dispute="fraudulent")
    yield bank("00033333", "mandateRefused", "debit_not_authorized", inactive_mandate=True)
    yield TestBank("bacs_debit", "00044444", unusable=True)
    yield bank("34343434", "exceedsWeeklyLimit", "charge_exceeds_source_limit")
    yield bank("12121212", "exceedsTransactionLimit", "charge_exceeds_transaction_limit")


def _au_becs() -> Iterator[TestBank]:
    def bank(number: str, name: str, failure: str = "", delay: int = SOON, **more: object) -> TestBank:
        return TestBank("au_becs_debit", number, f"pm_auBecsDebit_{name}", failure, delay, **more)  # type: ignore[arg-type]

    yield bank("000123456", "success")
    yield bank("900123456", "successDelayed", delay=DELAY)
    yield bank("111111113", "accountClosed", "account_closed", inactive_mandate=True)
    yield bank("111111116", "noAccount", "no_account", inactive_mandate=True)
    yield bank("222222227", "referToCustomer", "refer_to_customer")
    yield bank("922222227", "referToCustomerDelayed", "refer_to_customer", DELAY)
    yield bank("333333335", "debitNotAuthorized", "debit_not_authorized", inactive_mandate=True)
    yield bank("666666660", "dispute", dispute="fraudulent")
    yield bank("343434343", "exceedsWeeklyLimit", "charge_exceeds_source_limit")
    yield bank("121212121", "exceedsTransactionLimit", "charge_exceeds_transaction_limit")


def documented() -> Iterator[TestBank]:
    """Every documented account."""
    yield from _us()
    yield from _sepa()
    yield from _bacs()
    yield from _au_becs()


@lru_cache(maxsize=1)
def by_name() -> Mapping[str, TestBank]:
    """Full `pm_…` name → account."""
    return {bank.name: bank for bank in documented() if bank.name}


@lru_cache(maxsize=1)
def _by_number() -> Mapping[tuple[str, str], TestBank]:
    return {(bank.type, bank.number): bank for bank in documented()}


def bank_of(type: str, number: str) -> TestBank:
    """The account with this number; an undocumented one succeeds."""
    number = number.replace(" ", "")
    return _by_number().get((type, number)) or TestBank(type, number)


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN: country, two check digits that are right (ISO 13616)."""
    text = text.replace(" ", "").upper()
    if not (15 <= len(text) <= 34 and text.isalnum() and text.isascii() and text[:2].isalpha()):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


TOKENS: Mapping[str, str] = {
    "btok_us": "000123456789",
    "btok_us_verified": "000123456789",
    "btok_us_verified_noAccount": "000111111116",
    "btok_us_verified_accountClosed": "000111111113",
    "btok_us_verified_insufficientFunds": "000222222227",
    "btok_us_verified_debitNotAuthorized": "000333333335",
    "btok_us_verified_invalidCurrency": "000444444440",
}
"""Documented bank token → number of its account: https://docs.stripe.com/connect/testing."""


MICRODEPOSIT_AMOUNTS: Mapping[frozenset[int], str] = {
    frozenset((32, 45)): "verified",
    frozenset((10, 11)): "attempts_exceeded",
    frozenset((40, 41)): "timeout",
}
MICRODEPOSIT_CODES: Mapping[str, str] = {"SM11AA": "verified", "SM33CC": "attempts_exceeded", "SM44DD": "timeout"}


def microdeposits(amounts: list[int] | None, code: str | None) -> str:
    """What verifying with these amounts (cents) or this descriptor code leads to: verified, attempts_exceeded,
    timeout, or mismatch for any other value."""
    if code is not None:
        return MICRODEPOSIT_CODES.get(code, "mismatch")
    return MICRODEPOSIT_AMOUNTS.get(frozenset(amounts or ()), "mismatch")
