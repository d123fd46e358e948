"""Twins served from this process for tests: each on a loopback port, with private instances made in a moment.

Imports: server (app, background, catalogue, hosting), clock. A twin is loaded and served when it is first asked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinkit.behaviour.twin import Twin as Definition
from twinkit.clock import Clock, parse_clock
from twinkit.errors import UsageError
from twinkit.instance import Options
from twinkit.server.app import TwinApp
from twinkit.server.background import Background, listen
from twinkit.server.catalogue import document_twin, installed_twin
from twinkit.server.hosting import Hosting
from twinkit.testing.plane import LocalWire, Plane, segment
from twinkit.testing.twin import Twin


@dataclass(slots=True)
class Hosted:
    """One twin that is served: its definition, application, address and control plane."""

    definition: Definition
    app: TwinApp
    url: str
    plane: Plane

    @property
    def hosts(self) -> tuple[str, ...]:
        """The service's own host names."""
        return tuple(self.definition.compiled.options.get("hosts", ()))


class TwinServer:
    """Twins on a thread of this process: installed ones by name, `twinkit.Twin` objects, or an `openapi=` document.

    Usable as a context manager.
    """

    def __init__(
        self,
        *twins: str | Definition,
        openapi: str | Path | None = None,
        seed: int = 0,
        clock: str | None = None,
        strict: bool = False,
        materialise: bool = False,
        check_replies: bool = False,
    ) -> None:
        self.seed = seed
        self.background = Background()
        self.hosted: dict[str, Hosted] = {}
        self._clock = clock
        self._options = Options(strict, materialise, check_replies)
        self._numbers = itertools.count(1)
        for twin in twins:
            self._serve(installed_twin(twin) if isinstance(twin, str) else twin)
        if openapi is not None:
            self._serve(document_twin(str(openapi)))

    def host(self, name: str) -> Hosted:
        """Serve an installed twin, once. Raises UsageError with the nearest name when there is none."""
        if name not in self.hosted:
            self._serve(installed_twin(name))
        return self.hosted[name]

    def _serve(self, definition: Definition) -> None:
        listening = listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = self.background.run(self._build(definition, url))
        self.background.serve(app, listening)
        plane = Plane(LocalWire(self.background, app))
        self.hosted[definition.name] = Hosted(definition, app, url, plane)

    async def _build(self, definition: Definition, url: str) -> TwinApp:
        hosting = Hosting(
            definition, seed=self.seed, clock=self._clock_of(definition), options=self._options, base_url=url
        )
        hosting.listen("127.0.0.1")
        return TwinApp(hosting)

    def _clock_of(self, definition: Definition) -> Clock:
        chosen = self._clock or definition.compiled.clock
        return parse_clock(chosen) if chosen else Clock("tick")

    def default(self, name: str | None = None) -> Twin:
        """The instance at the twin's bare address."""
        hosted = self._hosted(name)
        return Twin(hosted.plane, sign=_sign(hosted), about={"authorization": _authorization(hosted)} | _info(hosted))

    def instance(
        self,
        name: str | None = None,
        *,
        label: str | None = None,
        seed: int | None = None,
        clock: str | None = None,
        failures: str | Mapping[str, Any] | list[Any] | None = None,
        baseline: Mapping[str, Any] | str | Path | None = None,
    ) -> Twin:
        """A private instance of a twin (of the only one, when no name is given).

        `clock`, `seed` and `failures` are what `twin serve` takes; `baseline` is records by resource, or a file of
        them. Raises UsageError. `remove` forgets it.
        """
        hosted = self._hosted(name)
        chosen = label or f"test-{next(self._numbers)}"
        about = hosted.plane.post("instances", {"name": chosen, "seed": seed, "clock": clock})
        about = {"twin": hosted.definition.name, "authorization": _authorization(hosted), **about}
        twin = Twin(hosted.plane.at(f"/i/{segment(chosen)}"), sign=_sign(hosted), about=about)
        if baseline is not None:
            twin.load(_records(hosted.definition.name, baseline))
        for profile in failures if isinstance(failures, list) else [failures]:
            if profile is not None:
                twin.failures(profile)
        if baseline is not None:
            twin.mark()
        return twin

    def set_up(self, twin: Twin, failures: Sequence[str], receivers: Sequence[str], baselines: Sequence[str]) -> None:
        """What `twin serve` does with `--failures`, `--receiver` and `--baseline`, on a default instance."""
        from twinkit.server.setup import set_up

        hosting = self.hosted[twin.name].app.hosting

        async def work() -> None:
            set_up(hosting.default, failures, receivers, baselines)

        self.background.run(work())
        twin.mark()

    def remove(self, twin: Twin) -> None:
        """Close a private instance and forget it."""
        twin.close()
        self.hosted[twin.name].plane.delete(f"instances/{segment(twin.instance)}")

    def _hosted(self, name: str | None) -> Hosted:
        if name is not None:
            return self.host(name)
        if len(self.hosted) != 1:
            raise UsageError(f"say which twin: {', '.join(self.hosted) or 'none is served yet'}")
        return next(iter(self.hosted.values()))

    def stop(self) -> None:
        """Stop serving."""
        self.background.stop()

    def __enter__(self) -> TwinServer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def _info(hosted: Hosted) -> dict[str, Any]:
    return dict(hosted.plane.get("info"))


def _sign(hosted: Hosted) -> Any:
    return hosted.definition.signer


def _authorization(hosted: Hosted) -> str | None:
    template = hosted.definition.compiled.options.get("authorization")
    if not template:
        return None
    credentials = hosted.app.hosting.default.credentials()
    return str(template).format_map(credentials)


def _records(twin: str, baseline: Mapping[str, Any] | str | Path) -> Mapping[str, Any]:
    if isinstance(baseline, Mapping):
        return baseline
    from twinkit.server.setup import records_for

    return records_for(twin, str(baseline))
