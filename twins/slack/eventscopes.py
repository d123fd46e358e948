"""Which scopes let an app hear of which events. Pure data.

Source: the page of each event, https://docs.slack.dev/reference/events, and `openapi/slack_events.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CHANNELS, GROUPS = ("channels:read",), ("groups:read",)
NEEDED: Mapping[str, tuple[str, ...]] = {
    "message.channels": ("channels:history",), "message.groups": ("groups:history",), "message.im": ("im:history",),
    "message.mpim": ("mpim:history",), "app_mention": ("app_mentions:read",),
    "assistant_thread_started": ("assistant:write",), "assistant_thread_context_changed": ("assistant:write",),
    "call_rejected": ("calls:read",), "channel_archive": CHANNELS, "channel_created": CHANNELS,
    "channel_deleted": CHANNELS, "channel_id_changed": CHANNELS, "channel_left": CHANNELS, "channel_rename": CHANNELS,
    "channel_shared": (*CHANNELS, *GROUPS), "channel_unarchive": CHANNELS, "channel_unshared": (*CHANNELS, *GROUPS),
    "dnd_updated": ("dnd:read",), "dnd_updated_user": ("dnd:read",), "email_domain_changed": ("team:read",),
    "emoji_changed": ("emoji:read",), "file_change": ("files:read",), "file_created": ("files:read",),
    "file_deleted": ("files:read",), "file_public": ("files:read",), "file_shared": ("files:read",),
    "file_unshared": ("files:read",), "group_archive": GROUPS, "group_close": GROUPS, "group_deleted": GROUPS,
    "group_left": GROUPS, "group_open": GROUPS, "group_rename": GROUPS, "group_unarchive": GROUPS,
    "im_close": ("im:read",), "im_created": ("im:read",), "im_open": ("im:read",), "link_shared": ("links:read",),
    "message_metadata_deleted": ("metadata.message:read",), "message_metadata_posted": ("metadata.message:read",),
    "message_metadata_updated": ("metadata.message:read",), "pin_added": ("pins:read",), "pin_removed": ("pins:read",),
    "reaction_added": ("reactions:read",), "reaction_removed": ("reactions:read",), "star_added": ("stars:read",),
    "shared_channel_invite_accepted": ("conversations.connect:manage",),
    "shared_channel_invite_approved": ("conversations.connect:manage",),
    "shared_channel_invite_declined": ("conversations.connect:manage",),
    "shared_channel_invite_received": ("conversations.connect:write",),
    "shared_channel_invite_requested": ("conversations.connect:manage",),
    "star_removed": ("stars:read",), "subteam_created": ("usergroups:read",),
    "subteam_members_changed": ("usergroups:read",), "subteam_self_added": ("usergroups:read",),
    "subteam_self_removed": ("usergroups:read",), "subteam_updated": ("usergroups:read",),
    "team_domain_change": ("team:read",), "team_join": ("users:read",), "team_rename": ("team:read",),
    "user_change": ("users:read",), "user_huddle_changed": ("users:read",), "user_profile_changed": ("users:read",),
    "user_status_changed": ("users:read",),
}  # fmt: skip
"""Type of an event → scopes of which one is enough; an event that is not here needs none."""
BY_KIND: Mapping[str, tuple[str, ...]] = {"C": CHANNELS, "G": GROUPS}
"""`channel_type` of `member_joined_channel` and `member_left_channel` → the same."""


def needed(type: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """The scopes of which an app needs one to hear of an event; empty when it needs none."""
    if type in ("member_joined_channel", "member_left_channel"):
        return BY_KIND.get(str(body.get("channel_type")), ())
    return NEEDED.get(type, ())
