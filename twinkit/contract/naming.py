"""Values that a property's name suggests: e-mails for `email`, cents for `amount`, instants for `created_at`.

Imports: contract.draws, contract.plausible, clock (its EPOCH, never the time).
"""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from twinkit.clock import EPOCH, SECOND
from twinkit.contract.draws import Draw
from twinkit.contract.plausible import plausible

Maker = Callable[[Draw], Any]
ALNUM = string.ascii_letters + string.digits
_START = EPOCH // SECOND
_DAY = 86_400
_FIRST_DAY = datetime.fromtimestamp(_START, UTC)

_WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")


@lru_cache(maxsize=8192)
def words_of(name: str) -> tuple[str, ...]:
    """The lower-case words of a property name in any spelling: `receiptEmail`, `receipt_email`, `Receipt-Email`."""
    return tuple(word.lower() for word in _WORD.findall(name))


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def moment(draw: Draw, *, later: bool = False) -> int:
    """Seconds since 1970: within the ninety days before the clocks' start, or after it."""
    away = draw.below(90 * _DAY)
    return _START + away if later else _START - away


def instant(draw: Draw, *, later: bool = False) -> str:
    """The same as an ISO 8601 text."""
    return (_FIRST_DAY + timedelta(seconds=moment(draw, later=later) - _START)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _person(key: str) -> Maker:
    def make(draw: Draw) -> str:
        people = plausible()["people"]
        text: str = people[draw.person % len(people)][key]
        return text

    return make


def _listed(key: str) -> Maker:
    return lambda draw: draw.choice(plausible()[key])


def _one_of(*items: Any) -> Maker:
    return lambda draw: items[draw.below(len(items))]


def _constant(value: Any) -> Maker:
    return lambda draw: value


def _chars(alphabet: str, length: int) -> Maker:
    return lambda draw: draw.text(alphabet, length)


def _address(draw: Draw) -> str:
    return f"192.0.2.{1 + draw.below(254)}"


def _web(tail: str = "") -> Maker:
    return lambda draw: f"https://{_host(draw)}/{plausible()['words'][draw.below(200)]}{tail}"


def full_name(draw: Draw) -> str:
    """First and last name of the record's person."""
    return f"{_person('first')(draw)} {_person('last')(draw)}"


def title(draw: Draw) -> str:
    """Two capitalised words."""
    words = plausible()["words"]
    return f"{draw.choice(words)} {draw.choice(words)}".capitalize()


def slug(draw: Draw) -> str:
    """Two words with a hyphen."""
    words = plausible()["words"]
    return f"{draw.choice(words)}-{draw.choice(words)}"


def uuid(draw: Draw) -> str:
    """A version 4 UUID."""
    text = draw.text("0123456789abcdef", 32)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[int(text[16], 16) % 4]}{text[17:20]}-{text[20:]}"


def day(draw: Draw) -> str:
    """A date, as `2026-10-04`."""
    return instant(draw)[:10]


_word = _listed("words")
_sentence = _listed("sentences")
_host = _person("host")
_hex = "0123456789abcdef"


def _encoded(draw: Draw) -> str:
    return base64.b64encode(_sentence(draw).encode()).decode()


FORMATS: Mapping[str, Maker] = {
    "date-time": instant,
    "date": day,
    "time": lambda draw: instant(draw)[11:],
    "email": _person("email"),
    "idn-email": _person("email"),
    "uri": _web(),
    "url": _web(),
    "iri": _web(),
    "uri-reference": lambda draw: f"/{_word(draw)}",
    "iri-reference": lambda draw: f"/{_word(draw)}",
    "uri-template": lambda draw: f"/{_word(draw)}/{{id}}",
    "uuid": uuid,
    "guid": uuid,
    "ipv4": _address,
    "ip": _address,
    "ipv6": lambda draw: f"2001:db8::{draw.below(65_536):x}",
    "hostname": _host,
    "idn-hostname": _host,
    "byte": _encoded,
    "base64": _encoded,
    "base64url": lambda draw: _encoded(draw).rstrip("="),
    "binary": _sentence,
    "password": _chars(ALNUM, 16),
    "decimal": lambda draw: f"{1 + draw.below(500)}.{draw.below(100):02d}",
    "duration": lambda draw: f"P{1 + draw.below(30)}D",
    "json-pointer": lambda draw: f"/{_word(draw)}",
    "relative-json-pointer": lambda draw: f"1/{_word(draw)}",
    "regex": _constant("^[a-z]+$"),
    "phone": _person("phone"),
    "currency": _one_of("usd", "eur", "gbp"),
    "color": lambda draw: f"#{draw.text(_hex, 6)}",
    "country-code": _one_of("US", "DE", "GB", "FR"),
    "unix-time": lambda draw: str(moment(draw)),
    "json": _constant("{}"),
}
"""Text of each string format."""

_TEXTS: Mapping[str, Maker] = {
    "email": _person("email"), "mail": _person("email"), "e_mail": _person("email"),
    "first_name": _person("first"), "given_name": _person("first"), "firstname": _person("first"),
    "last_name": _person("last"), "family_name": _person("last"), "surname": _person("last"),
    "lastname": _person("last"),
    "full_name": full_name, "real_name": full_name, "display_name": full_name, "author": full_name, "owner": full_name,
    "user_name": _person("login"), "username": _person("login"), "login": _person("login"), "handle": _person("login"),
    "nickname": _person("first"), "phone": _person("phone"), "mobile": _person("phone"), "fax": _person("phone"),
    "phone_number": _person("phone"), "mobile_phone": _person("phone"), "tel": _person("phone"),
    "city": _person("city"), "town": _person("city"), "locality": _person("city"),
    "state_code": _person("state"), "province": _person("state"), "region": _person("state"),
    "line1": _person("street"), "line2": _constant("Suite 2"), "street": _person("street"),
    "address": _person("street"), "street_address": _person("street"), "address1": _person("street"),
    "zip": _person("postcode"), "zip_code": _person("postcode"), "postal_code": _person("postcode"),
    "postcode": _person("postcode"), "country": _one_of("US", "DE", "GB", "FR"), "country_code": _one_of("US", "DE"),
    "company": _person("company"), "organization": _person("company"), "organisation": _person("company"),
    "company_name": _person("company"), "organization_name": _person("company"), "employer": _person("company"),
    "business_name": _person("company"), "job": _listed("jobs"), "job_title": _listed("jobs"),
    "product": _listed("products"), "title": title, "subject": title, "headline": title, "label": _word,
    "description": _sentence, "summary": _sentence, "note": _sentence, "notes": _sentence, "comment": _sentence,
    "message": _sentence, "text": _sentence, "body": _sentence, "content": _sentence, "reason": _sentence,
    "bio": _sentence, "details": _sentence, "detail": _sentence, "caption": _sentence, "purpose": _sentence,
    "currency": _one_of("usd", "eur", "gbp"), "locale": _one_of("en", "de", "fr"),
    "language": _one_of("en", "de", "fr"),
    "lang": _one_of("en", "de"), "timezone": _constant("Etc/UTC"), "time_zone": _constant("Etc/UTC"),
    "tz": _constant("Etc/UTC"), "ip": _address, "ip_address": _address, "user_agent": _constant("Mozilla/5.0"),
    "domain": _host, "host": _host, "hostname": _host, "website": _web(), "homepage": _web(), "avatar": _web(".png"),
    "image": _web(".png"), "photo": _web(".png"), "icon": _web(".png"), "thumbnail": _web(".png"), "logo": _web(".png"),
    "file_name": lambda draw: f"{_word(draw)}.pdf", "filename": lambda draw: f"{_word(draw)}.pdf",
    "extension": _constant("pdf"), "mime_type": _constant("application/pdf"), "mimetype": _constant("application/pdf"),
    "content_type": _constant("application/json"), "color": lambda draw: f"#{draw.text(_hex, 6)}",
    "version": lambda draw: f"{1 + draw.below(4)}.{draw.below(10)}.0", "sku": _chars(string.ascii_uppercase, 8),
    "last4": _one_of("4242", "4444", "0005"), "gender": _one_of("female", "male"), "slug": slug,
    "birthday": lambda draw: f"{1950 + draw.below(50)}-{1 + draw.below(9):02d}-{10 + draw.below(18)}",
    "date_of_birth": lambda draw: f"{1950 + draw.below(50)}-{1 + draw.below(9):02d}-{10 + draw.below(18)}",
    "timestamp": instant, "created": instant, "updated": instant, "modified": instant, "datetime": instant,
    "iban": _constant("DE89370400440532013000"), "bic": _constant("DEUTDEFF"), "md5": _chars(_hex, 32),
    "sha": _chars(_hex, 40), "sha1": _chars(_hex, 40), "sha256": _chars(_hex, 64), "checksum": _chars(_hex, 32),
    "uuid": uuid, "guid": uuid, "path": lambda draw: f"/{_word(draw)}",
    "amount": lambda draw: f"{1 + draw.below(99)}.00",
    "price": lambda draw: f"{1 + draw.below(99)}.00", "status": _one_of("active"), "state": _one_of("active"),
}  # fmt: skip
_TEXT_ENDINGS: Mapping[str, Maker] = {
    "id": _chars(ALNUM, 16), "key": _chars(ALNUM, 20), "token": _chars(ALNUM, 32), "secret": _chars(ALNUM, 32),
    "hash": _chars(_hex, 40), "fingerprint": _chars(ALNUM, 16), "etag": _chars(_hex, 32), "cursor": _chars(ALNUM, 24),
    "url": _web(), "uri": _web(), "href": _web(), "link": _web(), "at": instant, "on": day, "date": day,
    "time": instant, "code": _chars(string.ascii_uppercase, 6), "number": _chars(string.digits, 10),
    "email": _person("email"), "phone": _person("phone"), "name": title, "description": _sentence,
    "message": _sentence, "currency": _one_of("usd", "eur", "gbp"), "country": _one_of("US", "DE"),
    "city": _person("city"), "text": _sentence, "title": title, "slug": slug, "domain": _host, "host": _host,
}  # fmt: skip
_PEOPLE = _set(
    "customer user person member contact owner author billing shipping profile employee recipient sender assignee "
    "individual guest driver patient account cardholder creator"
)
_PLACES = _set("address location place shipping billing")
_COMPANIES = _set("company organization organisation business merchant team workspace org")


def text_maker(name: str, context: str) -> Maker:
    """Text for a property of this name, inside something called `context`."""
    words = words_of(name)
    if not words:
        return _word
    if words == ("name",):
        around = words_of(context)
        if any(word in _PEOPLE for word in around):
            return full_name
        return _person("company") if any(word in _COMPANIES for word in around) else title
    if words == ("state",) and any(word in _PLACES for word in words_of(context)):
        return _person("state")
    for start in range(len(words)):
        joined = "_".join(words[start:])
        if joined in _TEXTS and (start == 0 or len(words) - start > 1 or joined in _SAFE_ENDINGS):
            return _TEXTS[joined]
    return _TEXT_ENDINGS.get(words[-1], _word)


_SAFE_ENDINGS = _set(
    "email phone city country currency description message avatar image icon logo timezone locale language"
)

_EXACT_NUMBERS: Mapping[str, tuple[float, float]] = {
    "exp_month": (1, 12), "month": (1, 12), "exp_year": (2027, 2031), "year": (2020, 2026), "day": (1, 28),
    "hour": (0, 23), "minute": (0, 59), "second": (0, 59), "latitude": (-60, 60), "lat": (-60, 60),
    "longitude": (-170, 170), "lng": (-170, 170), "lon": (-170, 170), "age": (18, 80), "port": (1024, 9999),
    "page": (1, 1), "per_page": (10, 10), "limit": (10, 10), "offset": (0, 0), "percent": (1, 100),
    "progress": (0, 100),
    "rating": (1, 5), "width": (100, 1920), "height": (100, 1080), "balance": (0, 0), "version": (1, 9),
}  # fmt: skip
_NUMBER_ENDINGS: Mapping[str, tuple[float, float]] = {
    "amount": (500, 20_000), "price": (500, 20_000), "total": (500, 20_000), "cost": (100, 9_000), "fee": (10, 500),
    "quantity": (1, 5), "count": (0, 20), "size": (1_000, 90_000), "bytes": (1_000, 90_000), "percentage": (1, 100),
    "rate": (1, 20), "score": (1, 100), "id": (100_000, 9_999_999), "number": (1, 9_999), "seconds": (1, 3_600),
    "minutes": (1, 60), "days": (1, 30), "length": (1, 200), "index": (0, 10), "position": (1, 10), "ms": (1, 5_000),
}  # fmt: skip
_TIMES = _set("at created updated modified timestamp date time expires ts start end")


def number_range(name: str, integer: bool) -> tuple[float, float] | None:
    """Usual limits for a number of this name; None for a moment in time (use `moment`)."""
    words = words_of(name)
    joined = "_".join(words)
    if joined in _EXACT_NUMBERS:
        return _EXACT_NUMBERS[joined]
    last = words[-1] if words else ""
    if integer and last in _TIMES:
        return None
    return _NUMBER_ENDINGS.get(last, (1, 100))


_TRUE = _set("active enabled verified ok success valid available visible confirmed")


def boolean(name: str) -> bool:
    """True for what is usually so (`active`, `enabled`), else False."""
    words = words_of(name)
    return bool(words) and words[-1] in _TRUE


def is_later(name: str) -> bool:
    """Whether a moment of this name lies in the future."""
    return any(word in ("expires", "expiry", "expiration", "due", "until", "next", "end") for word in words_of(name))
