"""Shell completion works in a real bash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ASK = """
source <(nexus-trio --show-completion bash)
COMP_WORDS=({words}); COMP_CWORD={at}
_nexus_trio_completion nexus-trio
echo "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("nexus-trio ch", {"chat"}),
        ("nexus-trio d", {"demo"}),
        ("nexus-trio chat --us", {"--user", "--username"}),
        ("nexus-trio sessions e", {"export", "erase"}),
    ],
)
def test_bash_completes_commands_and_options(words: str, wanted: set[str]) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # It completes for the shell that it is called from, which it knows by the variable.
    done = subprocess.run(
        ["bash", "-c", ASK.format(words=words, at=len(words.split()) - 1)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PATH": path},
        check=False,
    )
    assert set(done.stdout.split()) == wanted, done.stderr
