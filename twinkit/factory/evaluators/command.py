"""An evaluator that is any program: `command request.json verdict.json`, no shell. Imports: errors."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from twinkit.factory.errors import HarnessError

MAX_BYTES = 1_000_000


def ask_command(settings: dict[str, Any], request: dict[str, Any]) -> Any:
    """Its verdict as JSON. Raises HarnessError (evaluator) for a crash, a hang or anything that is no JSON."""
    timeout = float(settings.get("timeout", 60))
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "request.json", Path(folder) / "verdict.json"
        question.write_text(json.dumps(request))
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        try:
            done = subprocess.run(
                [*settings["command"], str(question), str(answer)],
                capture_output=True,
                timeout=timeout,
                check=False,
                env=env,
            )
        except subprocess.TimeoutExpired:
            raise HarnessError("evaluator", f"the evaluator did not end in {timeout:g} s") from None
        except (OSError, KeyError) as error:
            raise HarnessError("evaluator", f"the evaluator cannot be run: {error}") from None
        if done.returncode:
            tail = done.stderr.decode("utf-8", "replace")[-500:]
            raise HarnessError("evaluator", f"the evaluator ended with code {done.returncode}: {tail}")
        try:
            raw = answer.read_bytes()
            if len(raw) > MAX_BYTES:
                raise ValueError("too large")
            return json.loads(raw)
        except (OSError, ValueError) as error:
            raise HarnessError("evaluator", f"the evaluator wrote no JSON verdict: {error}") from None
