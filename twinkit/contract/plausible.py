"""People, places and words that examples are made of: frozen once with faker, read as data ever after.

`python -m twinkit.contract.plausible` writes `plausible.json` anew; only that imports faker. Imports: orjson.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

FILE = Path(__file__).with_name("plausible.json")
PEOPLE = 150
WORDS = 300
SENTENCES = 80
SEED = 20261101


@lru_cache(maxsize=1)
def plausible() -> dict[str, Any]:
    """`people` (list of dicts), `words`, `sentences`, `products`, `jobs` (lists of text)."""
    data: dict[str, Any] = orjson.loads(FILE.read_bytes())
    return data


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def freeze() -> dict[str, Any]:
    """The data, made with faker."""
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(SEED)
    words = sorted({word.lower() for word in fake.words(WORDS * 6) if word.isalpha() and 3 < len(word) < 11})
    return {
        "people": [_person(fake, number) for number in range(PEOPLE)],
        "words": [words[(number * 37) % len(words)] for number in range(min(WORDS, len(words)))],
        "sentences": [fake.sentence(nb_words=7) for _ in range(SENTENCES)],
        "products": sorted({fake.catch_phrase() for _ in range(60)}),
        "jobs": sorted({fake.job() for _ in range(60)}),
    }


def _person(fake: Any, number: int) -> dict[str, str]:
    first, last = _ascii(fake.first_name()), _ascii(fake.last_name())
    company = _ascii(fake.company())
    host = "".join(c for c in company.lower() if c.isalnum())[:20]
    login = f"{first}.{last}".lower()
    return {
        "first": first,
        "last": last,
        "login": login,
        "email": f"{login}@example.{('com', 'org', 'net')[number % 3]}",
        "phone": f"+1{200 + number * 5}55501{number % 100:02d}",
        "street": fake.street_address(),
        "city": _ascii(fake.city()),
        "state": fake.state_abbr(include_territories=False, include_freely_associated_states=False),
        "postcode": fake.postcode()[:5],
        "company": company,
        "host": f"{host}.example.com",
    }


if __name__ == "__main__":
    FILE.write_bytes(orjson.dumps(freeze(), option=orjson.OPT_INDENT_2) + b"\n")
