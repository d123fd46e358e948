"""Factors as records: what each kind keeps and shows, and checking what a user proves with them.

Source: https://developer.okta.com/docs/reference/api/factors/. Imports: the kit's public names, the twin's errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.okta import errors, passwords, totp
from twins.okta.times import iso

KINDS = {
    "token:software:totp": ("OKTA", "GOOGLE"),
    "sms": ("OKTA",),
    "call": ("OKTA",),
    "email": ("OKTA",),
    "push": ("OKTA",),
    "question": ("OKTA",),
    "webauthn": ("FIDO",),
    "u2f": ("FIDO",),
    "signed_nonce": ("OKTA",),
}
SENT = frozenset({"sms", "call", "email"})
WRONG = "Your passcode doesn't match our records. Please try again."
WRONG_ANSWER = "Your answer doesn't match our records. Please try again."
PHONE = r"\+?[0-9][0-9 ().-]{6,}$"
QUESTIONS = {
    "disliked_food": "What is the food you least liked as a child?",
    "name_of_first_plush_toy": "What is the name of your first stuffed animal?",
    "first_award": "What did you earn your first medal or award for?",
    "favorite_security_question": "What is your favorite security question?",
    "favorite_toy": "What is the toy/stuffed animal you liked the most as a kid?",
    "first_computer_game": "What was the first computer game you played?",
    "favorite_movie_quote": "What is your favorite movie quote?",
    "first_sports_team_mascot": "What was the mascot of the first sports team you played on?",
    "first_music_purchase": "What music album or song did you first purchase?",
    "favorite_art_piece": "What is your favorite piece of art?",
    "grandmother_favorite_desert": "What was your grandmother's favorite dessert?",
    "first_thing_cooked": "What was the first thing you learned to cook?",
    "childhood_dream_job": "What was your dream job as a child?",
    "first_kiss_location": "Where did you have your first kiss?",
    "place_where_significant_other_was_met": "Where did you meet your spouse/significant other?",
    "favorite_vacation_location": "Where did you go for your favorite vacation?",
    "new_years_two_thousand": "Where were you on New Year's Eve in the year 2000?",
    "favorite_speaker_actor": "Who is your favorite speaker/orator?",
    "favorite_book_movie_character": "Who is your favorite book/movie character?",
    "favorite_sports_player": "Who is your favorite sports player?",
}
"""Key and text: https://developer.okta.com/docs/reference/api/factors/#question-profile."""


def of_user(ctx: Ctx, user: str, status: str | None = None) -> list[dict[str, Any]]:
    """The factors of a user, in order of enrolment."""
    rows = ctx.store.select("user_factor", [Filter("~user", "=", user)], order="oldest")
    return [row for row in rows if status is None or row["status"] == status]


def get(ctx: Ctx, user: str, id: str) -> dict[str, Any]:
    """A factor of a user. Raises E0000007."""
    found = ctx.store.find("user_factor", id)
    if found is None or found["~user"] != user:
        raise errors.missing("user_factor", id)
    return found


def enroll(ctx: Ctx, user: Mapping[str, Any], body: Mapping[str, Any], *, activate: bool) -> dict[str, Any]:
    """A new factor, pending until it is proved. Raises E0000001, E0000098."""
    kind, provider = str(body.get("factorType", "")), str(body.get("provider") or "OKTA")
    if kind not in KINDS:
        raise errors.validation("factorType", "factorType: Does not match required pattern")
    for held in of_user(ctx, str(user["id"])):
        if held["factorType"] == kind and held["provider"] == provider:
            if held["status"] == "ACTIVE":
                raise errors.validation("factorEnrollRequest", "A factor of this type is already set up.")
            ctx.store.delete("user_factor", held["id"])
    now, profile = iso(ctx), dict(body.get("profile") or {})
    factor: dict[str, Any] = {
        "id": ctx.new_id(f"{PREFIX.get(kind, 'opf')}{{alnum:17}}"), "factorType": kind, "provider": provider,
        "vendorName": provider, "status": "PENDING_ACTIVATION", "created": now, "lastUpdated": now,
        "profile": _profile(ctx, user, kind, profile), "~user": user["id"], "~sent": None, "~step": 0,
    }  # fmt: skip
    if kind == "token:software:totp":
        factor["~secret"] = body.get("sharedSecret") or "".join(SECRETS[ctx.draw("totp", 32)] for _ in range(16))
    if kind == "question":
        factor |= {"status": "ACTIVE", "~answer": passwords.kept(profile["answer"].casefold(), factor["id"])}
    if activate and kind in SENT:
        factor["status"] = "ACTIVE"
    ctx.store.insert("user_factor", factor, id=factor["id"], created=ctx.micros)
    if kind in SENT and not activate:
        send(ctx, factor)
    return ctx.store.get("user_factor", factor["id"])


PREFIX = {"sms": "mbl", "call": "clf", "email": "emf", "token:software:totp": "ost", "question": "ufs",
          "webauthn": "fwf", "u2f": "fuf"}  # fmt: skip
SECRETS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _profile(ctx: Ctx, user: Mapping[str, Any], kind: str, given: dict[str, Any]) -> dict[str, Any]:
    login = user["profile"]["login"]
    if kind in ("sms", "call"):
        number = str(given.get("phoneNumber") or "")
        if not re.match(PHONE, number):
            raise errors.error("E0000098")
        if given.get("phoneExtension") and not str(given["phoneExtension"]).isdigit():
            raise errors.error("E0000121")
        return {"phoneNumber": number} | ({"phoneExtension": given.get("phoneExtension")} if kind == "call" else {})
    if kind == "email":
        return {"email": given.get("email") or user["profile"]["email"]}
    if kind == "question":
        if given.get("question") not in QUESTIONS:
            raise errors.validation("question", "question: Does not match required pattern")
        if len(str(given.get("answer") or "")) < 4:
            text = "The security question answer must be at least 4 characters in length"
            raise errors.validation("answer", f"answer: {text}")
        return {"question": given["question"], "questionText": QUESTIONS[given["question"]], "answer": given["answer"]}
    return {"credentialId": login}


def send(ctx: Ctx, factor: Mapping[str, Any]) -> str:
    """Send a code. Raises E0000109, E0000118, E0000133 when one was sent a moment ago."""
    wait, code = {"email": (5, "E0000118"), "call": (30, "E0000133")}.get(factor["factorType"], (30, "E0000109"))
    sent = factor.get("~sent")
    if sent and ctx.now - sent["at"] < wait:
        raise errors.error(code)
    text = f"{ctx.draw('otp', 1_000_000):06}"
    ctx.store.update("user_factor", str(factor["id"]), **{"~sent": {"code": text, "at": ctx.now}})
    return text


def prove(ctx: Ctx, factor: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Raises E0000068, E0000082 or E0000083 unless the body proves that the user holds the factor."""
    kind, given = factor["factorType"], str(body.get("passCode") or "")
    if kind == "token:software:totp":
        step = totp.matching(str(factor["~secret"]), given, ctx.now)
        if step is None:
            raise errors.error("E0000068", causes=(WRONG,))
        if step <= int(factor["~step"]):
            raise errors.error("E0000082")
        ctx.store.update("user_factor", str(factor["id"]), **{"~step": step})
    elif kind == "question":
        if not passwords.fits(str(body.get("answer") or "").casefold(), factor["~answer"]):
            raise errors.error("E0000068", causes=(WRONG_ANSWER,))
    elif kind in SENT:
        sent = factor.get("~sent")
        if not sent or sent["code"] != given:
            raise errors.error("E0000068", causes=(WRONG,))
        if ctx.now - sent["at"] > 300:
            raise errors.error("E0000083")
        ctx.store.update("user_factor", str(factor["id"]), **{"~sent": None})
    elif kind in ("webauthn", "u2f") and not body.get("clientData"):
        raise errors.error("E0000068", causes=(WRONG,))


def shown(ctx: Ctx, factor: Mapping[str, Any], *, secrets: bool = False) -> dict[str, Any]:
    """A factor as replies show it; a pending one shows what is needed to activate it."""
    base = f"{ctx.base_url}/api/v1/users/{factor['~user']}"
    own = f"{base}/factors/{factor['id']}"
    visible = {name: value for name, value in factor.items() if not name.startswith("~")}
    visible["profile"] = {name: value for name, value in visible["profile"].items() if name != "answer"}
    pending = factor["status"] == "PENDING_ACTIVATION"
    may = ["GET"] if pending else ["GET", "DELETE"]
    links: dict[str, Any] = {"self": {"href": own, "hints": {"allow": may}},
                             "user": {"href": base, "hints": {"allow": ["GET"]}}}  # fmt: skip
    if pending:
        links["activate"] = {"href": f"{own}/lifecycle/activate", "hints": {"allow": ["POST"]}}
        if factor["factorType"] in SENT:
            again = {"name": factor["factorType"], "href": f"{own}/resend", "hints": {"allow": ["POST"]}}
            links["resend"] = [again]
    else:
        links["verify"] = {"href": f"{own}/verify", "hints": {"allow": ["POST"]}}
    if pending and secrets and factor["factorType"] == "token:software:totp":
        visible["_embedded"] = {"activation": {
            "timeStep": totp.STEP, "sharedSecret": factor["~secret"], "encoding": "base32", "keyLength": 16,
            "_links": {"qrcode": {"href": f"{own}/qr/{factor['id']}", "type": "image/png"}},
        }}  # fmt: skip
    if pending and factor["factorType"] in ("push", "webauthn", "u2f"):
        visible["_embedded"] = {"activation": {"challenge": f"challenge-{factor['id']}", "factorResult": "WAITING",
                                               "expiresAt": iso(ctx, 300)}}  # fmt: skip
    return {**visible, "_links": links}
