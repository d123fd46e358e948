"""Routes outside the contract: hosted pages and the like, registered by a twin's `page` hook. Imports: instance."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from twinkit.behaviour.request import Request
from twinkit.instance import Instance

FIELD = re.compile(r"\{(\w+)(:path)?\}")


@lru_cache(maxsize=1024)
def pattern(template: str) -> re.Pattern[str]:
    """The expression of a page template: `{name}` is one segment, `{name:path}` the rest of the path."""
    out = []
    end = 0
    for match in FIELD.finditer(template):
        out.append(re.escape(template[end : match.start()]))
        out.append(f"(?P<{match[1]}>{'.+' if match[2] else '[^/]+'})")
        end = match.end()
    out.append(re.escape(template[end:]))
    return re.compile("".join(out))


def page_for(instance: Instance, request: Request) -> Callable[..., Any] | None:
    """The page function for a request, with `request.path` filled in; None when no page has this path."""
    if not request.url_path.startswith(instance.twin.page_heads):
        return None
    for (method, template), function in instance.twin.pages.items():
        if method not in (request.method, "*"):
            continue
        match = pattern(template).fullmatch(request.url_path)
        if match:
            request.path = {name: unquote(value) for name, value in match.groupdict().items()}
            return function
    return None
