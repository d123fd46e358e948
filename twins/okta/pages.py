"""The pages a person sees: sign-in with a list of people, consent, device code, errors. Plain HTML, no scripts but one.

Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

STYLE = (
    "body{font:16px system-ui,sans-serif;background:#f4f4f4;color:#1d1d21;display:grid;place-items:center;"
    "min-height:90vh}main{background:#fff;border:1px solid #d7d7dc;border-radius:6px;padding:2rem;width:22rem}"
    "h1{font-size:1.25rem}label{display:block;margin:.8rem 0 .2rem}input[type=text],input[type=password]"
    "{width:100%;padding:.5rem;box-sizing:border-box}button{margin-top:1rem;padding:.5rem 1rem;width:100%}"
    ".error{color:#b3261e}.people button{margin-top:.3rem;text-align:left;background:#eef}"
)


def page(title: str, inner: str) -> str:
    """A whole page."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f"<!doctype html><html lang=en><head>{head}</head><body><main>{inner}</main></body></html>"


def hidden(fields: Mapping[str, str]) -> str:
    """Hidden inputs."""
    return "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in fields.items())


def sign_in(
    action: str, transaction: str, people: Iterable[tuple[str, str]], *, hint: str = "", error: str = "", app: str = ""
) -> str:
    """The sign-in page: who is there to choose from, user name, password."""
    wrong = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    options = "".join(f'<option value="{escape(login)}">{escape(name)}</option>' for login, name in people)
    form = (
        f'<form method="post" action="{escape(action)}">{hidden({"txn": transaction})}'
        f'<label for="username">Username</label><input type="text" id="username" name="username" list="people" '
        f'value="{escape(hint)}" autocomplete="username" required><datalist id="people">{options}</datalist>'
        '<label for="password">Password</label><input type="password" id="password" name="password" '
        'autocomplete="current-password" required><button type="submit" id="submit">Sign in</button></form>'
    )
    return page("Sign in", f"<h1>Sign in{' to ' + escape(app) if app else ''}</h1>{wrong}{form}")


def consent(action: str, transaction: str, app: str, scopes: Iterable[tuple[str, str]]) -> str:
    """The consent page."""
    items = "".join(f"<li>{escape(text or name)}</li>" for name, text in scopes)
    form = (
        f'<form method="post" action="{escape(action)}">{hidden({"txn": transaction})}'
        '<button type="submit" name="decision" value="allow" id="allow">Allow Access</button>'
        '<button type="submit" name="decision" value="deny" id="deny">Don\'t Allow</button></form>'
    )
    return page("Consent", f"<h1>{escape(app)} would like to access:</h1><ul>{items}</ul>{form}")


def device(action: str, code: str = "", message: str = "", error: str = "") -> str:
    """The page where a device's code is typed in."""
    if message:
        return page("Device activated", f"<h1>{escape(message)}</h1>")
    wrong = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    form = (
        f'<form method="post" action="{escape(action)}"><label for="user_code">Activation Code</label>'
        f'<input type="text" id="user_code" name="user_code" value="{escape(code)}" required>'
        '<label for="username">Username</label><input type="text" id="username" name="username" required>'
        '<label for="password">Password</label><input type="password" id="password" name="password" required>'
        '<button type="submit" id="submit">Next</button></form>'
    )
    return page("Activate your device", f"<h1>Activate your device</h1>{wrong}{form}")


def problem(error: str, text: str) -> str:
    """The page of an error that cannot be sent to the client."""
    return page("Error", f"<h1>400</h1><p class='error' id='error'>{escape(error)}</p><p>{escape(text)}</p>")


def posted(uri: str, fields: Mapping[str, str]) -> str:
    """A page that posts its fields to the client at once."""
    button = "<noscript><button>Go</button></noscript>"
    form = f'<form method="post" action="{escape(uri)}" id="f">{hidden(fields)}{button}</form>'
    return page("Working…", f"{form}<script>document.getElementById('f').submit()</script>")


def message(fields: Mapping[str, str]) -> str:
    """A page that hands its fields to the window around it (okta_post_message)."""
    import json

    data = json.dumps(dict(fields)).replace("<", "\\u003c")
    return page("Working…", f"<script>(window.opener||window.parent).postMessage({data},'*')</script>")
