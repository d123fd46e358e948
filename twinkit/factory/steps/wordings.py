"""Other words for the built-in steps, each turned into the one sentence that has a definition.

Imports: counts, durations.

Tried only for a sentence that no definition fits, so what a vault defines always goes first. A wording says exactly
what its sentence says; where people mean different things by the same words, there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from twinkit.factory.durations import REGEXP
from twinkit.factory.steps.counts import COUNT, TIMES

_NO_TWIN = "it|she|he|they|app|response|page|body|list|nobody|everybody|somebody|who|this|that"
PARTS = {
    "COUNT": COUNT,
    "TIMES": TIMES,
    "TEXT2": r'"[^"]*"',
    "TEXT": r'"[^"]*"',
    "DURATION": REGEXP,
    "METHOD": "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS",
    "PATH": r"(?:/|\$\{)\S*",
    "TWIN": rf"(?!(?:{_NO_TWIN})\b)[a-z][a-z0-9_-]*",
    "WORDS": r".+",
    "FIELD": r"\S+",
    "NUMBER": r"\d+",
    "CODE": r"[1-5]\d\d",
    "ERROR": r"[a-z][a-z0-9_]*",
}
_PART = re.compile(r"\{([A-Z]+2?)\}")


@dataclass(frozen=True, slots=True)
class Wording:
    """`said` is a regular expression with `{PART}`s, `means` the sentence with the same parts in it."""

    kind: Literal["when", "then"]
    said: str
    means: str
    example: str

    def pattern(self) -> re.Pattern[str]:
        """The whole expression."""
        return re.compile(_PART.sub(lambda part: f"(?P<{part.group(1)}>{PARTS[part.group(1)]})", self.said))

    def meant(self, found: re.Match[str]) -> str:
        """The sentence with the parts that were found."""
        return _PART.sub(lambda part: found.group(part.group(1)) or "", self.means)


_BODY = "(?:response|body|page|answer|reply|screen)"
_SHOWS = "(?:contains|shows|says|displays|mentions|includes)"
_NOT = "(?:does not|doesn't|do not|don't|never)"
_SEE = "(?:see|sees|is shown|are shown|is told|are told|get|gets|read|reads)"
_WHO = "(?:I|they|he|she|the user|the person|the customer|the visitor)"
_GOT = "(?:gets|got|receives|received|has received|is sent|was sent|has got)"
_STATUS = "(?: status code| status| code)?"
_ANSWERS = "(?:responses?|answers?)"
_POSTED = "(?:is|are|was|were|has been|have been) (?:posted|sent) (?:in|on|to)"
_LOG = "(?:app's |application |app )?logs?(?: of the app)?"
THEN = (
    (
        "(?:within|in less than|in under) {DURATION},? {WORDS}",
        "eventually within {DURATION} {WORDS}",
        "within 2 seconds GET /orders answers 200",
    ),
    (
        "the response came (?:in under|in less than|in|after less than) {DURATION}",
        "the response came within {DURATION}",
        "the response came in under 2 seconds",
    ),
    (
        "(?!eventually within ){WORDS} within {DURATION}",
        "eventually within {DURATION} {WORDS}",
        'one email is sent to "a@x.test" within 5 seconds',
    ),
    (
        rf"the (?:response|answer|reply|request){_STATUS} (?:is|has|was|gives|returns)(?: an?| the)?{_STATUS} {{CODE}}",
        "the response status is {CODE}",
        "the answer is 404",
    ),
    (
        "(?:it|the app) (?:answers|responds|replies)(?: with)?(?: a| an)?(?: status)? {CODE}",
        "the response status is {CODE}",
        "it answers with 404",
    ),
    (
        "the (?:request|call) (?:is refused|is rejected|fails) with(?: a| an| status)? {CODE}",
        "the response status is {CODE}",
        "the request is refused with 403",
    ),
    (f"the {_BODY} {_SHOWS} {{TEXT}}", "the response contains {TEXT}", 'the page shows "Thank you"'),
    (
        f"the {_BODY} {_NOT} (?:contain|show|say|display|mention|include|contains|shows|says)s? {{TEXT}}",
        "the response does not contain {TEXT}",
        'the page never shows "secret"',
    ),
    (
        f"{_WHO} {_SEE} (?:an? |the )?(?:error|message|error message|text|notice)?:? ?{{TEXT}}",
        "the response contains {TEXT}",
        'they see the message "Thank you"',
    ),
    (f"{_WHO} {_NOT} see {{TEXT}}", "the response does not contain {TEXT}", 'they do not see "secret"'),
    (
        "the response field {FIELD} (?:does not equal|differs from|isn't) {WORDS}",
        "the response field {FIELD} is not {WORDS}",
        'the response field name does not equal "x"',
    ),
    (
        "the response field {FIELD} (?:is missing|is absent|does not exist|is not there)",
        "the response has no field {FIELD}",
        "the response field token is missing",
    ),
    (
        "the response (?:does not have|has not) a field {FIELD}",
        "the response has no field {FIELD}",
        "the response does not have a field token",
    ),
    (
        f"{_WHO} (?:is|are|am) redirected to {{TEXT}}",
        "the response redirects to {TEXT}",
        'they are redirected to "/login"',
    ),
    (
        rf"(?:both|all|every|each)(?: of the)? {_ANSWERS}(?: have| has|)(?: the)?{_STATUS} {{CODE}}",
        "all of the responses have the status {CODE}",
        "both responses have the status 200",
    ),
    (
        rf"{{COUNT}}(?: of the)? {_ANSWERS} (?:is|are|has|have)(?: the| a)?{_STATUS} {{CODE}}",
        "{COUNT} of the responses have the status {CODE}",
        "none of the responses has status 500",
    ),
    (
        "nobody (?:gets|got|receives|received|has got|has received|was sent|is sent) (?:an |any )?(?:emails?|mail)",
        "no email was sent",
        "nobody gets an email",
    ),
    ("{COUNT} emails? (?:has|have) been sent", "{COUNT} emails were sent", "no email has been sent"),
    (
        "{COUNT} emails? (?:has|have) been sent to {TEXT}",
        "{COUNT} emails were sent to {TEXT}",
        'two emails have been sent to "a@x.test"',
    ),
    (
        "{COUNT} e?mails? (?:arrived?s?|(?:is|are|was|were) delivered|went out|goe?s? out) (?:at|to|for) {TEXT}",
        "{COUNT} emails were sent to {TEXT}",
        'an email arrives at "a@x.test"',
    ),
    (
        f"{{TEXT}} {_GOT} {{COUNT}} (?:e?mails?|messages?)",
        "{COUNT} emails were sent to {TEXT}",
        '"a@x.test" gets exactly one email',
    ),
    (
        f"{{TEXT}} {_GOT} {{COUNT}} (?:e?mails?|messages?) with the subject {{TEXT2}}",
        "{COUNT} emails with the subject {TEXT2} were sent to {TEXT}",
        '"a@x.test" receives one email with the subject "Hello"',
    ),
    (
        "the (?:latest |newest )?email to {TEXT} {WORDS}",
        "the last email to {TEXT} {WORDS}",
        'the email to "a@x.test" contains "Hello"',
    ),
    (
        "there (?:is|are|was|were) {COUNT} {WORDS} in (?:the )?{TWIN}(?: twin)?",
        "the {TWIN} twin has {COUNT} {WORDS}",
        "there is one customer in stripe",
    ),
    (
        "there (?:is|are|was|were) {COUNT} {WORDS} in (?:the )?{TWIN}(?: twin)? with:",
        "the {TWIN} twin has {COUNT} {WORDS} with:",
        "there is one customer in stripe with:",
    ),
    (
        "there (?:is|are|was|were) {COUNT} {WORDS} in (?:the )?{TWIN}(?: twin)? whose {FIELD} contains {TEXT}",
        "the {TWIN} twin has {COUNT} {WORDS} whose {FIELD} contains {TEXT}",
        'there is one message in slack whose text contains "Hello"',
    ),
    ("{TWIN} has {COUNT} {WORDS}", "the {TWIN} twin has {COUNT} {WORDS}", "stripe has no refunds"),
    (
        "{COUNT} {WORDS} exists? in {TWIN}(?P<WITH> with:)?",
        "the {TWIN} twin has {COUNT} {WORDS}{WITH}",
        "a customer exists in stripe with:",
    ),
    (
        f"{{COUNT}} messages? (?:containing|saying|with the text) {{TEXT}} {_POSTED} slack",
        "the slack twin has {COUNT} message whose text contains {TEXT}",
        'a message containing "Hello" was posted in slack',
    ),
    (
        f"{{COUNT}} messages? {_POSTED} slack",
        "{COUNT} message were created in slack",
        "no message was posted in slack",
    ),
    (
        "{COUNT} {WORDS} (?:has|have) been created in {TWIN}",
        "{COUNT} {WORDS} were created in {TWIN}",
        "no refund has been created in stripe",
    ),
    (
        "the app never called {METHOD} {PATH} on {TWIN}",
        "the app called {METHOD} {PATH} on {TWIN} never",
        "the app never called POST /v1/refunds on stripe",
    ),
    (
        "the app (?:did not|didn't|has not) call(?:ed)? {METHOD} {PATH} on {TWIN}",
        "the app called {METHOD} {PATH} on {TWIN} never",
        "the app did not call POST /v1/refunds on stripe",
    ),
    (
        "the app (?:did not|didn't|has not) call(?:ed)? {TWIN}",
        "the app never called {TWIN}",
        "the app did not call stripe",
    ),
    ("the command (?:succeeds|succeeded|works)", "the command ends with code 0", "the command succeeds"),
    (
        "the command (?:failed|does not succeed|ends with an error)",
        "the command fails",
        "the command ends with an error",
    ),
    (
        f"the {_LOG} (?:contains?|shows?|says?) {{TEXT}}",
        "the log of the app contains {TEXT}",
        'the log contains "retry"',
    ),
    (
        f"the {_LOG} {_NOT} (?:contain|show|say|mention)s? {{TEXT}}",
        "the log of the app does not contain {TEXT}",
        'the log never contains "sk_test"',
    ),
)
_SOMEBODY = "(?:I|they|he|she|someone|somebody)"
_SENDS = "(?:sends?|makes?|does|do|requests?|calls?)(?: an?)?"
_AGAIN = "(?:again|once more|a second time|another time|twice)"
WHEN = (
    ("(?:I |we )?waits? (?:for )?{DURATION}", "{DURATION} pass", "I wait 5 minutes"),
    (
        "{DURATION} (?:later|have passed|has passed|go by|goes by|have gone by|elapse)",
        "{DURATION} pass",
        "16 minutes have passed",
    ),
    ("after {DURATION}", "{DURATION} pass", "after an hour"),
    (
        f"{_SOMEBODY} {_SENDS} {{METHOD}}(?: request)?(?: to)? {{PATH}}",
        "I {METHOD} {PATH}",
        "I send a GET request to /orders",
    ),
    (
        f"{_SOMEBODY} {_SENDS} {{METHOD}}(?: request)?(?: to)? {{PATH}} with:",
        "I {METHOD} {PATH} with:",
        "they send POST /orders with:",
    ),
    ("I {METHOD} to {PATH}", "I {METHOD} {PATH}", "I POST to /orders"),
    ("I {METHOD} to {PATH} with:", "I {METHOD} {PATH} with:", "I POST to /orders with:"),
    (
        f"{_SOMEBODY} (?:visits?|opens?|go to|goes to|loads?) (?:the page )?{{PATH}}",
        "I GET {PATH}",
        "I open /orders",
    ),
    (
        "(?:the )?{TWIN} (?:is|goes|was) (?:down|unavailable|unreachable|not reachable|not available|offline|broken)",
        '{TWIN} has the failure profile "outage"',
        "stripe is down",
    ),
    ("(?:the )?{TWIN} is slow", '{TWIN} has the failure profile "slow"', "stripe is slow"),
    (
        "(?:the )?{TWIN} (?:is back(?: up)?|(?:is up|works|is available|is reachable) again|has recovered)",
        "{TWIN} recovers",
        "stripe works again",
    ),
    (
        "{TWIN} (?:fails|answers) with {ERROR} (?:once|for the next call|for one call|for the next request)",
        "{TWIN} fails with {ERROR} for the next 1 call",
        "stripe fails with rate_limit once",
    ),
    (
        "{TWIN} (?:fails|answers) with {ERROR} twice",
        "{TWIN} fails with {ERROR} for the next 2 calls",
        "stripe fails with rate_limit twice",
    ),
    (
        "(?:the )?{TWIN} answers with {ERROR} for the next {NUMBER} (?:calls?|requests?)",
        "{TWIN} fails with {ERROR} for the next {NUMBER} calls",
        "stripe answers with rate_limit for the next 2 calls",
    ),
    (
        "{TWIN} fails once with {ERROR}",
        "{TWIN} fails with {ERROR} for the next 1 call",
        "stripe fails once with unavailable",
    ),
    (
        f"{{TWIN}} (?:delivers|sends|repeats) (?:its |the )?last (?:event|webhook) {_AGAIN}",
        "{TWIN} sends its last event again",
        "stripe delivers its last event once more",
    ),
    (
        f"{{TWIN}} (?:delivers|sends|repeats) (?:its |the )?last {{TEXT}} (?:event|webhook) {_AGAIN}",
        "{TWIN} sends its last {TEXT} event again",
        'stripe delivers the last "invoice.paid" webhook again',
    ),
    (
        f"the last (?:event|webhook) of {{TWIN}} (?:arrives|comes|is delivered) {_AGAIN}",
        "{TWIN} sends its last event again",
        "the last webhook of stripe arrives again",
    ),
    ("(?:the app restarts|I restart the app|the app was restarted)", "the app is restarted", "I restart the app"),
    (
        "(?:all webhooks (?:have been |are |were )?delivered|all events have arrived)",
        "everything has settled",
        "all webhooks have been delivered",
    ),
)
_SEVERAL = re.compile(r"\b(I [A-Z]+ (?:/|\$\{)\S*) (twice|two times|three times|four times|five times|ten times)\b")
_TIMES_SAID = {"twice": 2, "two times": 2, "three times": 3, "four times": 4, "five times": 5, "ten times": 10}
WORDINGS = tuple(Wording("then", *each) for each in THEN) + tuple(Wording("when", *each) for each in WHEN)
_compiled: list[tuple[Wording, re.Pattern[str]]] = []


def meant(kind: str, text: str) -> Iterator[str]:
    """Sentences that a text may be other words for; `kind` is then, or anything else for what acts or prepares."""
    if not _compiled:
        _compiled.extend((each, each.pattern()) for each in WORDINGS)
    side = "then" if kind == "then" else "when"
    if side == "when":
        plain = _SEVERAL.sub(lambda found: f"{found.group(1)} {_TIMES_SAID[found.group(2)]} times", text)
        if plain != text:
            yield plain
    for wording, pattern in _compiled:
        found = pattern.fullmatch(text) if wording.kind == side else None
        if found:
            yield wording.meant(found)
