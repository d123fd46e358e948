"""An incident handed to the tracker: one ticket, which comes back when the bug does. Imports: record, trackers.

The ticket names the specification, which has to be on base before somebody works on it, and repeats its text. Whatever
is said twice is said once; what could not be said is tried again with the next alert.
"""

from __future__ import annotations

from twinkit.errors import UsageError
from twinkit.factory.incidents.record import Incident
from twinkit.factory.trackers.base import Tracker
from twinkit.factory.yamlsafe import split_front_matter


def report(tracker: Tracker, incident: Incident, text: str) -> str:
    """Report what is new, say what came back; what was done, or nothing. `text` is the specification.

    Raises UsageError when the tracker cannot be reached or refuses.
    """
    if not incident.reported:
        spec = f"spec: {incident.spec}\n"
        named = f"---\n{spec}---\n" if tracker.name == "directory" else f"{spec}\n"
        body = named + split_front_matter(text, incident.spec, "SPEC102").body.lstrip()
        incident.reported = tracker.report_bug(f"Bug: {incident.title}", body, incident.priority, incident.id).id
        return f"reported to {tracker.name} as {incident.reported}"
    if incident.status == "closed" or not incident.reopened:
        return ""
    key = f"again-{len(incident.reopened)}-{int(incident.reopened[-1])}"
    if incident.again == key:
        return ""
    words = f"It came back: seen {incident.count} times by now."
    tracker.comment(incident.reported, words, f"{incident.id}-{key}")
    if tracker.get(incident.reported).status == "done":
        tracker.transition(incident.reported, "ready")
    incident.again = key
    return f"{incident.reported} in {tracker.name} was told that it came back"


def tried(tracker: Tracker, incident: Incident, text: str) -> tuple[bool, str]:
    """`report`, and whether it worked."""
    try:
        return True, report(tracker, incident, text)
    except UsageError as error:
        return False, f"not reported, tried again with the next alert: {error}"
