"""What each block, element and composition object may hold, as tables of one line each. Pure data and its reader.

Sources: https://docs.slack.dev/reference/block-kit/blocks, /block-elements, /composition-objects.

A line names properties: `!` marks those that must be there, `=` gives the kind and its limits: `str:255`, `arr:1-25`,
`obj`, `bool`, `num:0-8`, `any`, `plain:75` and `text:3000` (text objects: plain only, or either), `enum:a,b`, the names
of composition objects in `OBJECTS`, `node/cell` (something with a type of a group in `GROUPS`), and lists:
`nodes/leaf:1-5`, `objs/option:1-100` (composition objects), `rows/cell:1-20` (lists of nodes), `strs/20:1-12`,
`words/im,mpim:1-4` (of an enumeration). `1-` has no upper limit; a `str` with a lower limit is not empty.
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
    of: str = ""
    """What it is a list or a node of: a group, an object, the length or the words of texts."""
    least: int = 0
    most: int = 0
    """Characters, items or the number itself; 0: no limit."""
    bounded: bool = False
    """Whether `least` was given."""
    words: tuple[str, ...] = ()


ID = "block_id=str:255 "
BLOCKS: Mapping[str, str] = {
    "section": "text=text:3000 fields=arr:1-10 accessory=obj expand=bool",
    "divider": "",
    "header": "text!=plain:150 level=num",
    "image": "alt_text!=str:2000 title=plain:2000 image_url=str:3000 slack_file=slack_file fallback=any "
             "image_width=any image_height=any image_bytes=any is_animated=any",
    "actions": "elements!=arr:1-25",
    "context": "elements!=arr:1-10",
    "context_actions": "elements!=arr:1-5",
    "input": "label!=plain:2000 element!=obj hint=plain:2000 optional=bool dispatch_action=bool",
    "file": "external_id!=str source!=str file_id=any file=any",
    "video": "alt_text!=str:2000 title!=plain:200 thumbnail_url!=str:3000 video_url!=str:3000 title_url=str:2000 "
             "author_name=str:50 provider_name=str:50 provider_icon_url=str:2000 description=plain:200",
    "rich_text": "elements!=nodes/rich",
    "markdown": "text!=str:12000",
    "table": "rows!=rows/cell:1-100 column_settings=objs/column:0-20",
    "data_table": "rows!=rows/data_cell:2-201 caption!=str page_size=num:1-100 row_header_column_index=num:0-19",
    "data_visualization": "title!=str:1-50 chart!=node/chart",
    "call": "call_id!=str call=any api_decoration_available=any",
    "alert": "text!=text:200 level=enum:default,info,warning,error,success",
    "card": "hero_image=node/image icon=node/image title=text:150 subtitle=text:150 body=text:200 subtext=text:200 "
            "actions=nodes/button:0-3 slack_icon=any",
    "carousel": "elements!=arr:1-10",
    "container": "title=plain:150 rich_text_title=node/rich_text subtitle=text:150 child_blocks!=arr:1-10 "
                 "width=enum:narrow,standard,wide,full icon=node/image is_collapsible=bool default_collapsed=bool "
                 "has_header_divider=bool",
    "plan": "title!=str tasks=arr:0-50",
    "task_card": "task_id!=str title!=str details=node/rich_text output=node/rich_text sources=nodes/source "
                 "status=enum:pending,in_progress,complete,error",
    "auth_provider": "value!=str:150 name!=plain:75 is_connected!=bool description=plain:150 icon_url=str:3000 "
                     "auth_url=str:3000 disconnect_url=str:3000 connected_identity=plain:75 "
                     "connected_context=plain:75 accessory=node/overflow fallback=any",
}  # fmt: skip
LOOSE = ("condition", "share_shortcut")
"""Blocks that are known by name only."""

PICK = "action_id=str:255 confirm=confirm focus_on_load=bool placeholder=plain:150 "
TYPED = "action_id=str:255 dispatch_action_config=dispatch focus_on_load=bool placeholder=plain:150 "
MANY = "max_selected_items=num:1- "
FIXED = "options=arr:1-100 option_groups=arr:1-100 "
TALKS = "default_to_current_conversation=bool filter=filter "
PRESSED = "action_id=str:255 confirm=confirm accessibility_label=str:75 "
ELEMENTS: Mapping[str, str] = {
    "button": PRESSED + "text!=plain:75 value=str:2000 url=str:3000 style=enum:primary,danger focus_on_load=bool",
    "workflow_button": PRESSED + "text!=plain:75 workflow!=workflow style=enum:primary,danger",
    "checkboxes": PICK + "options!=arr:1-10 initial_options=arr:1-10",
    "radio_buttons": PICK + "options!=arr:1-10 initial_option=obj",
    "overflow": PICK + "options!=arr:1-5",
    "datepicker": PICK + "initial_date=str",
    "timepicker": PICK + "initial_time=str timezone=str",
    "datetimepicker": PICK + "initial_date_time=num",
    "email_text_input": TYPED + "initial_value=str",
    "url_text_input": TYPED + "initial_value=str",
    "number_input": TYPED + "is_decimal_allowed!=bool initial_value=str min_value=str max_value=str",
    "plain_text_input": TYPED + "initial_value=str:3000 multiline=bool min_length=num:0-3000 max_length=num:1-3000",
    "rich_text_input": TYPED + "initial_value=node/rich_text min_lines=num:1-100 max_lines=num:1-100",
    "file_input": "action_id=str:255 filetypes=strs max_files=num:1-10",
    "image": "alt_text!=str:2000 image_url=str:3000 slack_file=slack_file fallback=any image_width=any "
             "image_height=any image_bytes=any is_animated=any",
    "static_select": PICK + FIXED + "initial_option=obj",
    "external_select": PICK + "initial_option=obj min_query_length=num:0-",
    "users_select": PICK + "initial_user=str response_url_enabled=bool",
    "conversations_select": PICK + TALKS + "initial_conversation=str response_url_enabled=bool",
    "channels_select": PICK + "initial_channel=str response_url_enabled=bool",
    "multi_static_select": PICK + MANY + FIXED + "initial_options=arr:1-100",
    "multi_external_select": PICK + MANY + "initial_options=arr min_query_length=num:0-",
    "multi_users_select": PICK + MANY + "initial_users=strs",
    "multi_conversations_select": PICK + MANY + TALKS + "initial_conversations=strs",
    "multi_channels_select": PICK + MANY + "initial_channels=strs",
    "feedback_buttons": "action_id=str:255 positive_button!=feedback negative_button!=feedback",
    "icon_button": PRESSED + "icon!=str text!=plain value=str:2000 visible_to_user_ids=strs:0-10",
    "plain_text": "text!=str emoji=bool",
    "mrkdwn": "text!=str verbatim=bool",
}  # fmt: skip

OPTION = "value=str:150 url=str:3000 description=text:75 "
OBJECTS: Mapping[str, str] = {
    "option": OPTION + "text!=plain:75",
    "styled_option": OPTION + "text!=text:75",
    "option_group": "label!=plain:75 options!=arr:1-100",
    "confirm": "title=plain:100 text!=text:300 confirm=plain:30 deny=plain:30 style=enum:primary,danger",
    "dispatch": "trigger_actions_on!=words/on_enter_pressed,on_character_entered:1-2",
    "filter": "include=words/im,mpim,private,public:1- exclude_external_shared_channels=bool exclude_bot_users=bool",
    "workflow": "trigger!=trigger",
    "trigger": "url!=str customizable_input_parameters=objs/parameter",
    "parameter": "name!=str value!=any",
    "feedback": "text!=plain:75 value!=str:2000 accessibility_label=str:75",
    "slack_file": "id=str url=str",
    "column": "align=enum:left,center,right is_wrapped=bool",
    "style": "bold=bool italic=bool strike=bool underline=bool code=bool highlight=bool client_highlight=bool "
             "unlink=bool",
    "segment": "label!=str:1-20 value!=num",
    "point": "label!=str:1-20 value!=num",
    "series": "name!=str:1-20 data!=objs/point:1-20",
    "axis": "categories!=strs/20:1-20 x_label=str:50 y_label=str:50",
}  # fmt: skip

LEAF = " style=style"
LEAVES: Mapping[str, str] = {
    "text": "text!=str:1-" + LEAF,
    "link": "url!=str text=str unsafe=bool" + LEAF,
    "user": "user_id!=str" + LEAF,
    "usergroup": "usergroup_id!=str" + LEAF,
    "team": "team_id!=str" + LEAF,
    "channel": "channel_id!=str" + LEAF,
    "emoji": "name!=str unicode=str skin_tone=num:1-6 url=str" + LEAF,
    "broadcast": "range!=enum:here,channel,everyone" + LEAF,
    "color": "value!=str" + LEAF,
    "date": "timestamp!=num format!=str url=str fallback=str" + LEAF,
}  # fmt: skip
SECTION = {"rich_text_section": "elements!=nodes/leaf"}
AXES = "series!=objs/series:1-12 axis_config!=axis"
GROUPS: Mapping[str, Mapping[str, str]] = {
    "leaf": LEAVES,
    "section": SECTION,
    "rich": {
        **SECTION,
        "rich_text_list": "elements!=nodes/section:1- style!=enum:bullet,ordered indent=num:0-8 offset=num:0- "
                          "border=num:0-1",
        "rich_text_preformatted": "elements!=nodes/leaf border=num:0-1 language=str",
        "rich_text_quote": "elements!=nodes/leaf border=num:0-1",
    },
    "rich_text": {"rich_text": ID + BLOCKS["rich_text"]},
    "cell": {"raw_text": "text!=str:1-", "rich_text": ID + BLOCKS["rich_text"]},
    "data_cell": {
        "raw_text": "text!=str:1-", "raw_number": "value!=num text=str", "rich_text": ID + BLOCKS["rich_text"],
    },
    "chart": {"pie": "segments!=objs/segment:1-12", "bar": AXES, "area": AXES, "line": AXES},
    "source": {"url": "url!=str text!=str"},
    "image": {"image": ELEMENTS["image"]},
    "button": {"button": ELEMENTS["button"]},
    "overflow": {"overflow": ELEMENTS["overflow"]},
}  # fmt: skip
"""Group → type → line, of what stands inside blocks."""
CONTAINED = frozenset(
    ("actions", "context", "divider", "file", "header", "image", "input", "rich_text", "section", "table", "video")
)
"""Blocks that a container takes."""
UNSEEN = frozenset(("markdown", "context_actions", "file", "plan", "task_card", "call"))
"""Blocks that messages have and views have not."""
VIEW = ("type=any title=any submit=any close=any blocks=any private_metadata=str:3000 callback_id=str:255 "
        "external_id=str:255 clear_on_close=bool notify_on_close=bool submit_disabled=bool")  # fmt: skip

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
        kind, _, of = kind.partition("/")
        least, dash, most = limits.rpartition("-")
        if kind == "enum":
            made = Kind(kind, name.endswith("!"), words=tuple(limits.split(",")))
        else:
            made = Kind(kind, name.endswith("!"), of, int(least or 0), int(most or 0), bool(dash))
        found[name.rstrip("!")] = made
    return found
