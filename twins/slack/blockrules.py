"""What each block, element and composition object may hold, as tables of one line each. Pure data and its reader.

Sources: https://docs.slack.dev/reference/block-kit/blocks, /block-elements, /composition-objects.

A line names properties: `!` marks those that must be there, `=` gives the kind and its limits: `str:255`, `arr:1-25`,
`obj`, `bool`, `num`, `any`, `plain:75` and `text:3000` (text objects: plain only, or either), `enum:a,b`, and the names
of composition objects in `OBJECTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Kind:
    """What a property holds."""

    name: str
    required: bool = False
    least: int = 0
    most: int = 0
    """Characters or items; 0: no limit."""
    words: tuple[str, ...] = ()


ID = "block_id=str:255 "
BLOCKS: Mapping[str, str] = {
    "section": "text=text:3000 fields=arr:1-10 accessory=obj expand=bool",
    "divider": "",
    "header": "text!=plain:150 level=num",
    "image": "alt_text!=str:2000 title=plain:2000 image_url=str:3000 slack_file=obj fallback=any image_width=any "
             "image_height=any image_bytes=any is_animated=any",
    "actions": "elements!=arr:1-25",
    "context": "elements!=arr:1-10",
    "context_actions": "elements!=arr:1-5",
    "input": "label!=plain:2000 element!=obj hint=plain:2000 optional=bool dispatch_action=bool",
    "file": "external_id!=str source!=str file_id=any file=any",
    "video": "alt_text!=str title!=plain:200 thumbnail_url!=str video_url!=str title_url=str author_name=str:50 "
             "provider_name=str provider_icon_url=str description=plain:200",
    "rich_text": "elements!=arr",
    "markdown": "text!=str:12000",
    "table": "rows!=arr:1-100 column_settings=arr",
    "data_table": "rows!=arr caption!=str page_size=num row_header_column_index=num",
    "call": "call_id!=str call=any api_decoration_available=any",
    "alert": "text!=obj level=enum:default,info,warning,error,success",
    "card": "hero_image=obj icon=obj title=any subtitle=any body=any actions=arr slack_icon=any subtext=any",
    "carousel": "elements!=arr:1-10",
    "container": "title=any rich_text_title=any subtitle=any child_blocks!=arr width=str icon=obj is_collapsible=bool "
                 "default_collapsed=bool has_header_divider=bool",
    "plan": "title!=str tasks=arr",
    "task_card": "task_id!=str title!=str details=any output=any sources=arr status=str",
}  # fmt: skip
LOOSE = ("condition", "share_shortcut", "data_visualization")
"""Blocks that are known by name only."""

PICK = "action_id=str:255 confirm=confirm focus_on_load=bool placeholder=plain:150 "
TYPED = "action_id=str:255 dispatch_action_config=obj focus_on_load=bool placeholder=plain:150 "
MANY = "max_selected_items=num "
FIXED = "options=arr:1-100 option_groups=arr:1-100 "
TALKS = "default_to_current_conversation=bool filter=obj "
PRESSED = "action_id=str:255 confirm=confirm accessibility_label=str:75 "
ELEMENTS: Mapping[str, str] = {
    "button": PRESSED + "text!=plain:75 value=str:2000 url=str:3000 style=enum:primary,danger focus_on_load=bool",
    "workflow_button": PRESSED + "text!=plain:75 workflow!=obj style=enum:primary,danger",
    "checkboxes": PICK + "options!=arr:1-10 initial_options=arr:1-10",
    "radio_buttons": PICK + "options!=arr:1-10 initial_option=obj",
    "overflow": PICK + "options!=arr:1-5",
    "datepicker": PICK + "initial_date=str",
    "timepicker": PICK + "initial_time=str timezone=str",
    "datetimepicker": PICK + "initial_date_time=num",
    "email_text_input": TYPED + "initial_value=str",
    "url_text_input": TYPED + "initial_value=str",
    "number_input": TYPED + "is_decimal_allowed!=bool initial_value=str min_value=str max_value=str",
    "plain_text_input": TYPED + "initial_value=str:3000 multiline=bool min_length=num max_length=num",
    "rich_text_input": TYPED + "initial_value=obj min_lines=num max_lines=num",
    "file_input": "action_id=str:255 filetypes=arr max_files=num",
    "image": "alt_text!=str:2000 image_url=str:3000 slack_file=obj fallback=any image_width=any image_height=any "
             "image_bytes=any is_animated=any",
    "static_select": PICK + FIXED + "initial_option=obj",
    "external_select": PICK + "initial_option=obj min_query_length=num",
    "users_select": PICK + "initial_user=str response_url_enabled=bool",
    "conversations_select": PICK + TALKS + "initial_conversation=str response_url_enabled=bool",
    "channels_select": PICK + "initial_channel=str response_url_enabled=bool",
    "multi_static_select": PICK + MANY + FIXED + "initial_options=arr:1-100",
    "multi_external_select": PICK + MANY + "initial_options=arr min_query_length=num",
    "multi_users_select": PICK + MANY + "initial_users=arr",
    "multi_conversations_select": PICK + MANY + TALKS + "initial_conversations=arr",
    "multi_channels_select": PICK + MANY + "initial_channels=arr",
    "feedback_buttons": "action_id=str:255 positive_button!=obj negative_button!=obj",
    "icon_button": PRESSED + "icon!=str text!=plain value=str:2000 visible_to_user_ids=arr",
    "plain_text": "text!=str emoji=bool",
    "mrkdwn": "text!=str verbatim=bool",
}  # fmt: skip

OPTION = "value=str:150 url=str:3000 description=text:75 "
OBJECTS: Mapping[str, str] = {
    "option": OPTION + "text!=plain:75",
    "styled_option": OPTION + "text!=text:75",
    "option_group": "label!=plain:75 options!=arr:1-100",
    "confirm": "title=plain:100 text!=text:300 confirm=plain:30 deny=plain:30 style=enum:primary,danger",
}  # fmt: skip

TYPED_ONLY = frozenset(("email_text_input", "url_text_input", "number_input", "plain_text_input", "file_input"))
WORDS = frozenset(("plain_text", "mrkdwn"))
ADMITTED: Mapping[str, frozenset[str]] = {
    "actions": frozenset(ELEMENTS) - TYPED_ONLY - WORDS - {"image", "feedback_buttons", "icon_button"},
    "context": WORDS | {"image"},
    "context_actions": frozenset(("feedback_buttons", "icon_button")),
    "section": frozenset(ELEMENTS) - TYPED_ONLY - WORDS - {"feedback_buttons", "icon_button", "rich_text_input"},
    "input": frozenset(ELEMENTS) - WORDS - {
        "button", "image", "overflow", "workflow_button", "feedback_buttons", "icon_button",
    },
}  # fmt: skip
"""Block → types of the elements it takes."""


@lru_cache(maxsize=256)
def read(line: str) -> dict[str, Kind]:
    """The properties that a line of a table names."""
    found = {}
    for word in line.split():
        name, _, spec = word.partition("=")
        kind, _, limits = spec.partition(":")
        least, _, most = limits.rpartition("-")
        if kind == "enum":
            made = Kind(kind, name.endswith("!"), words=tuple(limits.split(",")))
        else:
            made = Kind(kind, name.endswith("!"), int(least or 0), int(most or 0))
        found[name.rstrip("!")] = made
    return found
