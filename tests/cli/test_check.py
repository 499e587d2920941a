"""The command: exit codes, kinds to ignore, JSON, configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Ask = Callable[..., Any]
Write = Callable[[str, str], Path]

LONELY = "import mape\nmape.Loop('l').monitor(lambda item: item, uid='m')\n"


def test_a_program_without_mistakes_is_exit_code_zero(ask: Ask, ambulance: str) -> None:
    answer = ask("check", ambulance)

    assert (answer.code, answer.out) == (0, "ambulance.py: nothing found\n")
    assert answer.err == "Next: mape run ambulance.py   (run it)\n"


def test_a_finding_is_exit_code_one(ask: Ask, write: Write) -> None:
    write("app.py", LONELY)

    answer = ask("check", "app.py")

    assert answer.code == 1
    assert answer.out == (
        "app.py:2: l.m: what it emits goes nowhere; subscribe to it, as m.subscribe(print)  [unheard]\n"
        "app.py: 1 finding\n"
    )
    assert answer.err == "Next: mape graph app.py   (see what is connected)\n"


def test_a_kind_may_be_ignored(ask: Ask, write: Write) -> None:
    write("app.py", LONELY)

    assert ask("check", "app.py", "--ignore", "unheard", "--ignore", "circle").code == 0


def test_a_kind_that_there_is_not_is_wrong_usage(ask: Ask, ambulance: str) -> None:
    answer = ask("check", ambulance, "--ignore", "unherd")

    assert answer.code == 2
    assert "'unherd' is no kind of finding; there are: config, extra, exposed" in answer.err


def test_a_script_reads_findings_as_json(ask: Ask, write: Write) -> None:
    write("app.py", LONELY)

    answer = ask("check", "app.py", "--json")

    assert (answer.code, answer.err) == (1, "")
    assert json.loads(answer.out) == {
        "findings": [
            {
                "kind": "unheard",
                "path": "l.m",
                "problem": "what it emits goes nowhere",
                "cure": "subscribe to it, as m.subscribe(print)",
                "place": "app.py:2",
            }
        ]
    }


def test_a_wrong_configuration_is_a_finding(ask: Ask, ambulance: str, write: Write) -> None:
    write("mape.yml", "\nseed: many\n")

    for words in (("check",), ("check", ambulance)):
        answer = ask(*words)
        assert answer.code == 1
        assert "mape.yml:2: seed must be a whole number or nothing (null); got 'many'" in answer.out
        assert "[config]" in answer.out


def test_a_wrong_setting_in_the_program_is_a_finding(ask: Ask, write: Write) -> None:
    write("app.py", "import mape\nmape.init(mailbox__size=0)\n")

    answer = ask("check", "app.py", "--json")

    assert answer.code == 1
    assert json.loads(answer.out)["findings"][0]["path"] == "argument mailbox__size"


def test_another_file_may_be_checked(ask: Ask, write: Write) -> None:
    write("mape.yml", "debug: true\n")
    write("other.yml", "debug: maybe\n")

    assert ask("check").code == 0
    assert ask("check", "--config", "other.yml").code == 1


def test_loops_outside_the_app_that_runs_are_found(ask: Ask, write: Write) -> None:
    write("app.py", "import mape\napp = mape.App()\nloop = mape.Loop('lost')\nloop.execute(print)\n")

    answer = ask("check", "app.py")

    assert answer.code == 1
    assert answer.out.startswith(
        "lost: belongs to the default app, and another one runs, so that it never starts; make"
    )
