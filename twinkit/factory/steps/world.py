"""What step functions get: the app, the twins, the mail, the time, and ways to expect. Imports: app_client, errors."""

from __future__ import annotations

import contextlib
import re
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from twinkit import seeds
from twinkit.errors import nearest
from twinkit.factory.errors import AppFailure, HarnessError
from twinkit.factory.scenarios.model import Step
from twinkit.factory.steps.app_client import AppClient, Response
from twinkit.factory.steps.asserting import Counter
from twinkit.factory.steps.mailbox import Mailbox
from twinkit.factory.steps.table import same

if TYPE_CHECKING:
    from twinkit.factory.environment.clock import AppClock
    from twinkit.factory.environment.twin_client import Twin
    from twinkit.factory.steps.registry import Registry

PATIENCE = 2.0
REFERENCE = re.compile(r"\$\{([A-Za-z_][\w.-]*)\}")


class Expected(AssertionError):
    """An expectation that did not hold."""


class World:
    """One trial's world. `data` is the steps' own scratch space; `kept` holds named values for `${name}`."""

    def __init__(
        self,
        app: AppClient,
        twins: Mapping[str, Twin],
        clock: AppClock,
        registry: Registry,
        *,
        seed: int,
        deadline: float,
    ) -> None:
        self.app = app
        self.twins = twins
        self.clock = clock
        self.seed = seed
        self.registry = registry
        self.deadline = deadline
        self.data: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self.expectations = 0
        self.absences = 0
        """Those of `expectations` that only say that something is not there."""
        self.unheld = ""
        """The message of the expectation evaluated last, when it did not hold."""
        self.looks = 0
        """How often a twin was looked at."""
        self.moves = 0
        """How often time was moved."""
        self.responses: list[Response] = []
        """The answers of the last step that sent several requests."""
        self.restarting: Callable[[], None] | None = None
        """Ends the app and starts it again; the supervisor provides it."""
        self.running: Callable[[list[str]], tuple[int, str]] | None = None
        """Runs a command of the app beside it; the supervisor provides it."""
        self.printed: Callable[[], str] = str
        """Everything that the app printed so far; the supervisor provides it."""
        self.command: tuple[int, str] | None = None
        """Exit code and output of the last command."""
        self._response: Response | None = None
        self._hanging: set[str] = set()
        self._draws = 0

    # the app

    def request(self, method: str, path: str, **options: Any) -> Response:
        """Call the app and remember the answer as `response`. Takes httpx's json, data, content, params, headers."""
        self._response = self.app.request(method, path, **options)
        return self._response

    def get(self, path: str, **options: Any) -> Response:
        """`request("GET", …)`."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Response:
        """`request("POST", …)`."""
        return self.request("POST", path, **options)

    @property
    def response(self) -> Response:
        """The last answer of the app. Raises HarnessError when nothing was asked yet."""
        if self._response is None:
            raise HarnessError("harness", "no request was made yet: put a When before this step")
        return self._response

    def at_once(self, count: int, send: Callable[[], Response]) -> None:
        """Send the same request from so many threads at a time; all answers are in `responses`, one in `response`."""
        with ThreadPoolExecutor(min(count, 64) or 1) as pool:
            sent = [pool.submit(send) for _ in range(count)]
            self.responses = [each.result() for each in sent]
        self._response = self.responses[-1] if self.responses else None

    def restart(self) -> None:
        """End the app and start it again in the same folders. Raises AppFailure, HarnessError."""
        if self.restarting is None:
            raise HarnessError("harness", "this app cannot be restarted")
        self.restarting()

    def run(self, command: str) -> tuple[int, str]:
        """Run a command of the app, such as a job: (exit code, what it printed). Raises AppFailure, HarnessError."""
        if self.running is None:
            raise HarnessError("harness", "no command can be run beside this app")
        self.app.waiting = command
        code, text = self.command = self.running(shlex.split(command))
        self.app.waiting = ""
        self.app.answers += 1
        self.app.log.append({"method": "RUN", "path": command, "status": 500 if code else 200})
        return code, text

    def attempt(self, method: str, path: str, **options: Any) -> Response | None:
        """`request` that may fail: None when the app hangs, breaks the connection or is gone, and nobody is blamed."""
        known = len(self.app.failures)
        try:
            return self.request(method, path, **options)
        except AppFailure:
            del self.app.failures[known:]
            return None

    # twins

    def twin(self, name: str) -> Twin:
        """A twin of this trial by name. Raises HarnessError with the nearest name."""
        if name not in self.twins:
            raise HarnessError(
                "harness", f"this scenario has no twin {name!r}{nearest(name, self.twins)}; add it to `twins:`"
            )
        self.looks += 1
        return self.twins[name]

    @property
    def mail(self) -> Mailbox:
        """What the mail twin received: `to(address)`, `last(address)`."""
        return Mailbox(self)

    def hear(self) -> None:
        """Let the app answer what the twins are delivering to it now; at most two seconds, and nobody is blamed.

        An app that hangs once is not waited for again.
        """
        for name, twin in self.twins.items():
            with contextlib.suppress(HarnessError):
                if name not in self._hanging and not twin.idle(PATIENCE):
                    self._hanging.add(name)

    # time

    def advance(self, seconds: float) -> None:
        """The app's clock and every twin's clock go on by so much."""
        self.moves += 1
        self.clock.advance(seconds)
        for twin in self.twins.values():
            twin.advance(seconds, self.clock.ahead)

    # expectations

    def expect(self, holds: object, message: str) -> None:
        """Count one expectation; a false one fails the trial."""
        self.expectations += 1
        self.unheld = "" if holds else message or "an expectation"
        if not holds:
            raise Expected(message)

    def expect_absence(self, holds: object, message: str) -> None:
        """`expect` that something is not there: alone it proves nothing of an app that refuses every request."""
        self.absences += 1
        self.expect(holds, message)

    def expect_equal(self, actual: Any, expected: Any, what: str) -> None:
        """Equal and of the same kind: `1` is not `true`."""
        self.expect(same(actual, expected), f"{what} is {actual!r}, expected {expected!r}")

    def eventually(self, seconds: float, check: Callable[[], Any], pause: float = 0.05) -> Any:
        """Repeat `check` until it raises no AssertionError and gives no False; the last failure goes through."""
        end = min(time.monotonic() + seconds, self.deadline)
        counts = self.expectations, self.absences
        while True:
            self.expectations, self.absences = counts
            try:
                result = check()
                if result is False:
                    raise Expected(f"it did not become true in {seconds:g} s")
                return result
            except AssertionError:
                if time.monotonic() + pause >= end:
                    raise
            time.sleep(pause)

    def patiently(self, check: Callable[[], Any]) -> Any:
        """`eventually` for what the app may do after it has answered: waits at most two seconds."""
        return self.eventually(PATIENCE, check, 0.02)

    def run_then(self, text: str, table: tuple[tuple[str, ...], ...] = (), doc: str | None = None) -> None:
        """Run another Then step by its words.

        Raises HarnessError when nothing or too much fits, or when it asserts nothing.
        """
        binding = self.registry.bind(Step("then", "Then", text, 0, table, doc))
        if binding.state != "bound":
            raise HarnessError("harness", binding.problem)
        before = self.expectations, Counter.evaluated
        binding.call(self)
        if (self.expectations, Counter.evaluated) == before:
            raise HarnessError("harness", f"a Then asserted nothing: {text}")

    # values

    def draw(self, bound: int) -> int:
        """A repeatable number in [0, bound) from the trial's seed."""
        self._draws += 1
        return seeds.below(self.seed, "steps", self._draws, bound)

    def word(self, length: int = 8) -> str:
        """A repeatable lower-case word."""
        return "".join("abcdefghijklmnopqrstuvwxyz"[self.draw(26)] for _ in range(length))

    def fill(self, value: Any) -> Any:
        """Replace `${name}` in texts, also inside lists and mappings. Raises HarnessError for an unknown name."""
        if isinstance(value, str):
            whole = REFERENCE.fullmatch(value)
            return self._kept(whole.group(1)) if whole else REFERENCE.sub(lambda m: str(self._kept(m.group(1))), value)
        if isinstance(value, dict):
            return {self.fill(key): self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return value

    def _kept(self, name: str) -> Any:
        if name not in self.kept:
            raise HarnessError("harness", f"nothing was kept as {name!r}{nearest(name, self.kept)}")
        return self.kept[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)


__all__ = ["AppFailure", "Expected", "World"]
