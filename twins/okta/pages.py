"""The pages a person sees: sign-in with a list of people, second factor, consent, device code, errors.

Plain HTML that works without scripts, with a keyboard and with a screen reader. Imports nothing of the kit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

STYLE = (
    ":root{color-scheme:light dark;--ink:#1d1d21;--soft:#5b5b66;--line:#8c8c96;--card:#fff;--back:#f4f4f6;"
    "--blue:#3f59e4;--red:#b3261e}"
    "@media(prefers-color-scheme:dark){:root{--ink:#f2f2f5;--soft:#b8b8c2;--line:#777783;--card:#1f1f25;"
    "--back:#131317;--blue:#8fa1ff;--red:#ff8a80}}"
    "*{box-sizing:border-box}"
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;padding:1rem;background:var(--back);color:var(--ink);"
    "display:grid;place-items:center;min-height:100vh}"
    "main{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:2rem;width:min(25rem,100%)}"
    "h1{font-size:1.35rem;line-height:1.3;margin:0 0 .5rem}h2{font-size:1rem;margin:1.75rem 0 .5rem}"
    "p{margin:.5rem 0;color:var(--soft)}label{display:block;margin:1rem 0 .25rem;font-weight:600}"
    "input{font:inherit;width:100%;padding:.55rem .7rem;border:1px solid var(--line);border-radius:4px;"
    "background:var(--card);color:var(--ink)}"
    "input[aria-invalid=true]{border-color:var(--red)}"
    "button{font:inherit;width:100%;padding:.6rem 1rem;margin-top:1rem;border-radius:4px;cursor:pointer;"
    "border:1px solid var(--blue);background:var(--card);color:var(--blue)}"
    "button.main{background:var(--blue);color:var(--card);font-weight:600}"
    ":focus-visible{outline:3px solid var(--blue);outline-offset:2px}"
    ".error{color:var(--red);border-left:4px solid var(--red);padding-left:.75rem}"
    ".people button,.choices button{margin:.35rem 0 0;text-align:left;border-color:var(--line);color:var(--ink)}"
    ".people small{display:block;color:var(--soft)}ul{padding-left:1.25rem}li{margin:.25rem 0}"
)


SPECIAL = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
"""As `html.escape` has it, without the thousands of entities that module loads."""


def escape(text: object) -> str:
    """A text as it stands in HTML or XML."""
    return str(text).translate(SPECIAL)


def quoted(text: object) -> str:
    """A text as an attribute's value."""
    return f'"{escape(text)}"'


def page(title: str, inner: str) -> str:
    """A whole page."""
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style>'
    )
    return f'<!doctype html><html lang="en"><head>{head}</head><body><main>{inner}</main></body></html>'


def hidden(fields: Mapping[str, str]) -> str:
    """Hidden inputs."""
    return "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in fields.items())


def alert(error: str) -> str:
    """A message that a screen reader reads at once; nothing for no error."""
    return f'<p class="error" role="alert" id="problem">{escape(error)}</p>' if error else ""


def field(name: str, label: str, *, kind: str = "text", value: str = "", wrong: bool = False, more: str = "") -> str:
    """A labelled input."""
    marks = ' aria-invalid="true" aria-describedby="problem"' if wrong else ""
    return (
        f'<label for="{name}">{escape(label)}</label><input type="{kind}" id="{name}" name="{name}" '
        f'value="{escape(value)}" required{marks} {more}>'
    )


def sign_in(
    action: str, transaction: str, people: Iterable[tuple[str, str]], *, hint: str = "", error: str = "", app: str = "",
    providers: Iterable[tuple[str, str]] = (),
) -> str:  # fmt: skip
    """The sign-in page: user name and password, other providers, and who is there to choose from."""
    focus = ("", "autofocus") if hint else ("autofocus", "")
    form = (
        f'<form method="post" action="{escape(action)}">{hidden({"txn": transaction})}'
        + field("username", "Username", value=hint, wrong=bool(error),
                more=f'autocomplete="username" autocapitalize="none" spellcheck="false" {focus[0]}')
        + field("password", "Password", kind="password", wrong=bool(error),
                more=f'autocomplete="current-password" {focus[1]}')
        + '<button type="submit" id="submit" class="main">Sign in</button></form>'
    )  # fmt: skip
    choices = "".join(
        f'<button type="submit" name="pick" value="{escape(login)}">{escape(name)}<small>{escape(login)}</small>'
        "</button>"
        for login, name in people
    )
    picker = (
        f'<h2 id="people">People in this org</h2><form method="post" action="{escape(action)}" class="people" '
        f'aria-labelledby="people">{hidden({"txn": transaction})}{choices}</form>'
    )
    heading = f"<h1>Sign in{' to ' + escape(app) if app else ''}</h1>"
    others = "".join(f"<li><a href={quoted(at)}>Sign in with {escape(name)}</a></li>" for at, name in providers)
    others = f"<ul>{others}</ul>" if others else ""
    return page("Sign in", f"{heading}{alert(error)}{form}{others}{picker if choices else ''}")


def step(
    action: str, transaction: str, title: str, text: str, inputs: Iterable[tuple[str, str, str]],
    choices: Iterable[tuple[str, str]], *, error: str = "", skip: str = "",
) -> str:  # fmt: skip
    """A page of the pipeline: inputs (name, label, kind) to fill in, or choices to pick from."""
    hide = hidden({"txn": transaction})
    fields = "".join(
        field(name, label, kind=kind, wrong=bool(error), more="" if place else 'autofocus autocomplete="one-time-code"')
        for place, (name, label, kind) in enumerate(inputs)
    )
    form = f'<form method="post" action="{escape(action)}">{hide}{fields}' if fields else ""
    form += '<button type="submit" id="submit" class="main">Verify</button></form>' if fields else ""
    picks = "".join(
        f'<button type="submit" name="pick" value="{escape(key)}">{escape(label)}</button>' for key, label in choices
    )
    form += f'<form method="post" action="{escape(action)}" class="choices">{hide}{picks}</form>' if picks else ""
    if skip:
        form += (
            f'<form method="post" action="{escape(action)}">{hide}'
            f'<button type="submit" name="skip" value="1">{escape(skip)}</button></form>'
        )
    return page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{alert(error)}{form}")


def consent(action: str, transaction: str, app: str, scopes: Iterable[tuple[str, str]]) -> str:
    """The consent page."""
    items = "".join(f"<li>{escape(text or name)}</li>" for name, text in scopes)
    form = (
        f'<form method="post" action="{escape(action)}">{hidden({"txn": transaction})}'
        '<button type="submit" name="decision" value="allow" id="allow" class="main">Allow Access</button>'
        '<button type="submit" name="decision" value="deny" id="deny">Don\'t Allow</button></form>'
    )
    text = "<p>By clicking Allow Access, you allow the actions listed above.</p>"
    return page("Consent", f"<h1>{escape(app)} would like to access:</h1><ul>{items}</ul>{text}{form}")


def device(action: str, code: str = "", message: str = "", error: str = "") -> str:
    """The page where a device's code is typed in."""
    if message:
        return page("Device activated", f'<h1 role="status">{escape(message)}</h1><p>Return to your device.</p>')
    form = (
        f'<form method="post" action="{escape(action)}">'
        + field("user_code", "Activation Code", value=code, more='autocomplete="off" autocapitalize="characters"')
        + field("username", "Username", more='autocomplete="username" autocapitalize="none"')
        + field("password", "Password", kind="password", more='autocomplete="current-password"')
        + '<button type="submit" id="submit" class="main">Next</button></form>'
    )
    text = "<p>Follow the instructions on your device to get an activation code.</p>"
    return page("Activate your device", f"<h1>Activate your device</h1>{text}{alert(error)}{form}")


def signed_out() -> str:
    """The page after signing out, where the client named none."""
    return page("Signed out", "<h1>You are signed out</h1><p>You can close this page.</p>")


def problem(error: str, text: str) -> str:
    """The page of an error that cannot be sent to the client."""
    inner = f"<h1>400</h1><p>Your request resulted in an error. {escape(text)}</p>"
    return page("Error", f'{inner}<p class="error" id="error">{escape(error)}</p>')


def posted(uri: str, fields: Mapping[str, str]) -> str:
    """A page that posts its fields to the client at once."""
    button = '<noscript><button type="submit" class="main">Continue</button></noscript>'
    form = f'<form method="post" action="{escape(uri)}" id="f">{hidden(fields)}{button}</form>'
    return page("Working…", f"{form}<script>document.getElementById('f').submit()</script>")


def message(fields: Mapping[str, str]) -> str:
    """A page that hands its fields to the window around it (okta_post_message)."""
    data = json.dumps(dict(fields)).replace("<", "\\u003c")
    return page("Working…", f"<script>(window.opener||window.parent).postMessage({data},'*')</script>")
