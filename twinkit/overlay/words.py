"""Words of API names: splitting, singular and plural, verbs and what they lead to. Imports nothing of the kit."""

from __future__ import annotations

import re
from functools import lru_cache

_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_IRREGULAR = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "mice": "mouse",
    "feet": "foot",
    "indices": "index",
    "vertices": "vertex",
    "matrices": "matrix",
    "criteria": "criterion",
    "media": "media",
    "data": "data",
    "series": "series",
    "news": "news",
    "status": "status",
    "sms": "sms",
    "dns": "dns",
    "aliases": "alias",
    "cookies": "cookie",
    "movies": "movie",
    "caches": "cache",
    "leaves": "leaf",
    "dbs": "db",
    "vms": "vm",
    "ips": "ip",
    "ids": "id",
    "shelves": "shelf",
}


def listed(text: str) -> tuple[str, ...]:
    """The words of a text, in order."""
    return tuple(text.split())


def normed(text: str) -> frozenset[str]:
    """The words of a text as `norm` spells them."""
    return frozenset(re.sub(r"[^a-z0-9]", "", word.lower()) for word in text.split())


CREATE = frozenset(
    listed("""
    create add new insert register make generate post send open start enqueue schedule issue
    """)
)
READ = frozenset(
    listed("""
    get info show read describe fetch retrieve view detail details lookup load
    """)
)
LIST = frozenset(["list", "all", "index", "getall", "listall", "history", "browse"])
UPDATE = frozenset(
    listed("""
    update edit modify patch save change rename set put configure
    """)
)
DELETE = frozenset(["delete", "remove", "destroy", "del", "unregister", "erase"])
SEARCH = frozenset(
    listed("""
    search find query filter findby lookup autocomplete suggest match
    """)
)
COUNT = frozenset(["count", "total"])
BULK = frozenset(["batch", "bulk", "multi", "many", "batches", "bulks", "mass"])

_VERBS = frozenset(
    listed("""
    accept acknowledge activate advance allow analyze apply approve archive arm assign attach authorize ban
    block boot borrow cancel capture challenge charge check claim clear clone close collect commit compile
    complete compute confirm connect convert copy deactivate debug decline decrypt deliver deploy deprecate
    detach disable disconnect discard dismiss dispatch distribute download duplicate encrypt end escalate
    estimate evaluate execute expire export extend extract fail favorite finalize finish flag flush follow
    force fork forget forward freeze fulfill fund grant halt hide hold ignore impersonate import increment
    initialize install interrupt invalidate invite invoke join kick kill launch leave like link lock login
    logout mark merge migrate move mute notify pause pay pin ping play plug poll prepare preview process
    promote protect provision publish pull purchase purge push reactivate rebuild recalculate receive reboot
    recover refresh refund regenerate reject release reload remind render renew reopen reorder replay
    replicate reply report reprocess request requeue reschedule resend reset resize resolve respond restart
    restore resubmit resume retry return revalidate reverse revert review revoke rollback rotate run sample
    sanitize scale scan seal settle share shutdown sign simulate skip snooze sort split star stop submit
    subscribe succeed suspend swap switch sync synchronize terminate test toggle track train transfer
    transform translate transition trigger unarchive unassign unban unblock undelete undo unfollow uninstall
    unlink unlock unmute unpin unpublish unreject unsnooze unstar unsubscribe unsuspend unwatch upgrade upload
    validate verify void vote wake watch withdraw reindex touch bump ship
    """)
)


@lru_cache(maxsize=16384)
def split(name: str) -> tuple[str, ...]:
    """Lower-case words of `snakeCase`, `kebab-case`, `dotted.name`, `HTTPServer`."""
    return tuple(word.lower() for word in _CAMEL.findall(name))


@lru_cache(maxsize=16384)
def norm(name: str) -> str:
    """Letters and digits only, lower case: `customer_id` and `customerId` are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@lru_cache(maxsize=8192)
def singular(word: str) -> str:
    """The singular of an English plural in lower case; a word that is none, as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if word.endswith("uses") and not word.endswith(("auses", "ouses")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=8192)
def noun(name: str) -> str:
    """A segment or schema name as a singular snake_case noun: `LineItems` → `line_item`."""
    words = split(name)
    if not words:
        return norm(name) or "thing"
    return "_".join((*words[:-1], singular(words[-1])))


def is_plural(name: str) -> bool:
    """Whether the last word of a segment is a plural."""
    words = split(name)
    return bool(words) and (singular(words[-1]) != words[-1] or words[-1] in ("media", "data", "series", "news"))


@lru_cache(maxsize=8192)
def is_verb(name: str) -> bool:
    """Whether a path segment reads as a verb: `capture`, `cancel_action`, `markAsRead`, `send-test`."""
    words = split(name)
    if not words:
        return False
    first = words[0]
    if first in _VERBS:
        return len(words) > 1 or not is_plural(name)
    return first in (CREATE | UPDATE | DELETE | READ | SEARCH) - {"new", "history", "details", "detail", "info"}


def stem(verb: str) -> str:
    """The verb without the letters that its participles change: `archive` → `archiv`, `apply` → `appl`."""
    if verb.endswith("e"):
        return verb[:-1]
    if verb.endswith("y"):
        return verb[:-1]
    return verb


_STATES = {
    "activate": ("active", "activated", "enabled"),
    "reactivate": ("active", "activated", "reactivated"),
    "deactivate": ("inactive", "deactivated", "disabled", "deprovisioned"),
    "enable": ("enabled", "active"),
    "disable": ("disabled", "inactive"),
    "unsuspend": ("active", "unsuspended"),
    "resume": ("active", "running", "resumed"),
    "start": ("running", "started", "active", "in_progress"),
    "stop": ("stopped", "off"),
    "run": ("running", "queued"),
    "void": ("void", "voided"),
    "pay": ("paid",),
    "send": ("sent", "open"),
    "capture": ("captured", "succeeded", "completed"),
    "confirm": ("confirmed", "succeeded", "processing"),
    "complete": ("completed", "complete", "done"),
    "finish": ("finished", "completed", "done"),
    "fail": ("failed",),
    "succeed": ("succeeded", "success", "successful"),
    "finalize": ("finalized", "open"),
    "reopen": ("open", "reopened"),
    "open": ("open", "opened"),
    "unarchive": ("active", "open", "unarchived"),
    "restore": ("active", "restored"),
    "unlock": ("active", "unlocked"),
    "unblock": ("active", "unblocked"),
    "submit": ("submitted", "pending", "in_review"),
    "withdraw": ("withdrawn",),
    "freeze": ("frozen",),
    "hide": ("hidden",),
    "ship": ("shipped",),
    "deliver": ("delivered",),
    "return": ("returned",),
    "publish": ("published", "live", "active"),
    "unpublish": ("draft", "unpublished"),
    "shutdown": ("off", "stopped", "shutdown"),
    "boot": ("running", "active"),
    "refund": ("refunded",),
    "end": ("ended",),
    "dispute": ("disputed", "needs_response"),
    "approve": ("approved",),
    "cancel": ("canceled", "cancelled", "cancel", "canceling", "cancelling"),
}


def participles(verb: str) -> tuple[str, ...]:
    """States a verb leads to, likeliest first: `archive` → archived; `cancel` → canceled, cancelled."""
    regular = [verb + "d"] if verb.endswith("e") else [verb + "ed", verb + verb[-1:] + "ed"]
    if verb.endswith("y"):
        regular = [verb[:-1] + "ied", verb + "ed"]
    return (*_STATES.get(verb, ()), *regular)


def opposite(verb: str) -> str | None:
    """The verb that `verb` undoes: `unarchive` → archive, `disable` → enable; None when it undoes none."""
    pairs = {
        "disable": "enable",
        "deactivate": "activate",
        "unpublish": "publish",
        "reopen": "close",
        "resume": "pause",
    }
    if verb in pairs:
        return pairs[verb]
    if verb.startswith("un") and verb[2:] in _VERBS:
        return verb[2:]
    return None
