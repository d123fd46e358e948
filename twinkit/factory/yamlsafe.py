"""YAML from people: safe types only, no aliases (bombs), no duplicate keys, bounded size and depth.

Imports: errors, finding.

Front matter is read with python-frontmatter through the same loader.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml
from frontmatter.default_handlers import YAMLHandler

from twinkit.factory.errors import LintError
from twinkit.factory.finding import Finding

MAX_BYTES = 64 * 1024
MAX_DEPTH = 20


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses aliases, duplicate keys and deep nesting."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(
                None, None, "write the value out: aliases are refused", event.start_mark
            )
        self.depth += 1
        if self.depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, f"nest no deeper than {MAX_DEPTH}", mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if isinstance(name, (list, dict)):
                raise yaml.constructor.ConstructorError(None, None, "use plain words as keys", key.start_mark)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"give {name!r} only once", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


# Dates stay text: a specification's `since: 2026-01-01` must survive JSON.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_mapping(text: str, path: str, line: int, code: str) -> dict[str, Any]:
    """The mapping that `text` holds, empty for no text. `line` is where it starts. Raises LintError."""

    def refuse(message: str, at: int = 0) -> LintError:
        return LintError([Finding(path, line + at, code, message)])

    if len(text.encode()) > MAX_BYTES:
        raise refuse(f"keep the YAML under {MAX_BYTES // 1024} KiB")
    try:
        value = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise refuse(f"correct the YAML: {error.problem}", mark.line if mark else 0) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise refuse(f"correct the YAML: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise refuse("write `key: value` lines")
    return value


class FrontMatter(NamedTuple):
    """`data`, the `body` after it, and the number of lines before the body."""

    data: dict[str, Any]
    body: str
    lines: int


def split_front_matter(text: str, path: str, code: str) -> FrontMatter:
    """Front matter and body; a text that does not start with `---` has none. Raises LintError."""
    handler = YAMLHandler()
    if not handler.detect(text):
        return FrontMatter({}, text, 0)
    try:
        head, body = handler.split(text)
    except ValueError:
        raise LintError([Finding(path, 1, code, "close the front matter with a line `---`")]) from None
    used = text[: len(text) - len(body)].count("\n")
    return FrontMatter(load_mapping(head, path, 1, code), body, used)


def clean_text(raw: bytes, path: str, code: str) -> str:
    """UTF-8 text with Unix line ends and no byte order mark. Raises LintError."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LintError([Finding(path, raw[: error.start].count(b"\n") + 1, code, "save the file as UTF-8")]) from None
    if "\x00" in text:
        raise LintError([Finding(path, 0, code, "remove the NUL bytes; this is no text file")])
    return text.replace("\r\n", "\n").replace("\r", "\n")
