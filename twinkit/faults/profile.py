"""Failure profiles by name, file, text or plain data, and the one-request form of the `Twin-Fault` header.

Serve plane: plain parsing, no third-party import before a profile in YAML is asked for.
Imports: faults.parse, faults.reading, faults.model, files, paths, errors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError, nearest
from twinkit.faults.model import Profile, Rule, When
from twinkit.faults.parse import read_effect, read_profile, read_rule
from twinkit.faults.reading import Mistake, Place, read_yaml
from twinkit.files import read_text
from twinkit.paths import data


def profile_names() -> list[str]:
    """The profiles that come with the kit, sorted."""
    return sorted(path.stem for path in data("failure_profiles").glob("*.yaml"))


def profile_path(name: str) -> Path:
    """The file of a profile that comes with the kit. Raises UsageError with the nearest name."""
    names = profile_names()
    if name not in names:
        raise UsageError(f"no failure profile {name!r}{nearest(name, names)} (there are {', '.join(names)})")
    return data("failure_profiles") / f"{name}.yaml"


def load_profile(source: str | Path | Mapping[str, Any] | list[Any]) -> Profile:
    """A profile from its name, a file, YAML or JSON text, or plain data. Raises UsageError naming every mistake."""
    if isinstance(source, Mapping | list):
        return _checked(Place(source), "inline", "the failure profile")
    text, name, label = _open(source)
    value, lines, twice = read_yaml(text, label)
    place = Place(value, lines=lines)
    place.mistakes.extend(twice)
    return _checked(place, name, label)


def check_profile(path: Path) -> tuple[Profile | None, list[Mistake]]:
    """The profile in a file, and everything that is wrong with it, by line. Raises UsageError if it cannot be read."""
    text = read_text(path)
    try:
        value, lines, twice = read_yaml(text)
    except UsageError as error:
        return None, [Mistake(0, "", str(error))]
    place = Place(value, lines=lines)
    place.mistakes.extend(twice)
    profile = read_profile(place, path.stem)
    return profile, sorted(place.mistakes)


def _open(source: str | Path) -> tuple[str, str, str]:
    """(text, name, label) of a source."""
    if isinstance(source, str) and ("\n" in source or source.lstrip().startswith(("{", "["))):
        return source, "inline", "the failure profile"
    path = Path(source)
    named = path.suffix in (".yaml", ".yml", ".json") or len(path.parts) > 1
    if not named and not (path.is_file() and str(path) not in profile_names()):
        path = profile_path(str(source))
    return read_text(path), path.stem, str(path)


def _checked(place: Place, name: str, label: str) -> Profile:
    profile = read_profile(place, name)
    if place.mistakes:
        raise UsageError("\n".join(f"{label}: {mistake}" for mistake in sorted(place.mistakes)))
    return profile


@lru_cache(maxsize=256)
def header_rule(text: str) -> Rule:
    """The rule of a `Twin-Fault` request header, about this one request.

    Forms: the name of an error of the twin (`rate_limit`); `key=value` pairs of `then` (`network=reset;
    at=after_commit`); or JSON, either what `then` takes or a rule with `when` and `then`, whose counts run over the
    requests that carry the same header. Raises UsageError.
    """
    value = _header_value(text.strip())
    place = Place(value)
    if isinstance(value, dict) and "then" in value:
        rule = read_rule(place, "header")
    else:
        effect = read_effect(place)
        rule = Rule(effect.describe(), "", When(), effect)
    if place.mistakes:
        raise UsageError("\n".join(f"Twin-Fault: {mistake}" for mistake in place.mistakes))
    if rule.then.kind == "delivery":
        raise UsageError("Twin-Fault: a header is about this request; add a rule for deliveries")
    return Rule(rule.name, f"header/{text.strip()}", rule.when, rule.then)


def _header_value(text: str) -> Any:
    if text.startswith("{"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise UsageError(f"Twin-Fault: not JSON: {error}") from None
    if not text:
        raise UsageError("Twin-Fault: empty; name an error of the twin, such as rate_limit")
    if "=" not in text:
        return {"error": text}
    pairs: dict[str, Any] = {}
    for part in text.split(";"):
        key, _, word = part.partition("=")
        pairs[key.strip()] = int(word) if word.strip().isdigit() else word.strip()
    return pairs
