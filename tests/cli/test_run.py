"""Running programs of every shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]
Write = Callable[[str, str], Path]


def test_the_coroutine_function_main_is_the_entry_point(ask: Ask, ambulance: str) -> None:
    answer = ask("run", "--no-page", ambulance)

    assert (answer.code, answer.out) == (0, "kmh 160.0\n")
    assert answer.err.endswith("Next: mape graph ambulance.py   (what listens to what)\n")


def test_a_program_that_says_how_it_is_run_is_run_so(ask: Ask, ambulance: str, write: Write, tmp_path: Path) -> None:
    source = (tmp_path / ambulance).read_text()
    write("app.py", source + "\nif __name__ == '__main__':\n    print('as main')\n    mape.run(main)\n")

    assert ask("run", "--no-page", "app.py").out == "as main\nkmh 160.0\n"


def test_a_program_that_runs_at_the_top_runs_once(ask: Ask, ambulance: str, write: Write) -> None:
    assert ambulance
    write("crackle.py", "import mape\nfrom ambulance import main\nprint('top')\nmape.run(main)\n")

    assert ask("run", "--no-page", "crackle.py").out == "top\nkmh 160.0\n"


def test_with_an_app_named_the_main_part_is_left_out(ask: Ask, write: Write) -> None:
    write(
        "app.py",
        "import mape\nfleet = mape.App()\nloop = fleet.loop('l')\n@loop.execute\ndef say(item): print(item)\n"
        "async def main():\n    say(f'from main, {fleet.is_open}')\n    mape.stop()\n"
        "if __name__ == '__main__':\n    print('as main')\n",
    )

    assert ask("run", "--no-page", "app.py").out == "as main\n"
    assert ask("run", "--no-page", "app.py:fleet").out == "from main, True\n"


def test_an_app_without_main_runs_until_it_is_stopped(ask: Ask, write: Write) -> None:
    write("app.py", "import mape\nmape.Loop('l').execute(print)\nmape.stop()\n")

    answer = ask("run", "--no-page", "app.py")

    assert answer.code == 0
    assert answer.err.startswith("app.py has no main(): its 1 element runs until Ctrl-C\n")


def test_a_main_that_wants_something_is_no_entry_point(ask: Ask, write: Write) -> None:
    write("app.py", "import mape\nmape.Loop('l').execute(print)\nmape.stop()\nasync def main(seed): ...\n")

    assert "has no main()" in ask("run", "--no-page", "app.py").err


@pytest.mark.parametrize("is_main_part", [True, False])
def test_a_program_gets_its_arguments_and_its_name(ask: Ask, write: Write, is_main_part: bool) -> None:
    head = (
        "if __name__ == '__main__':\n    "
        if is_main_part
        else "import mape\nmape.Loop('l').execute(print)\nmape.stop()\n"
    )
    write("app.py", f"import sys\n{head}print(sys.argv)\n")

    assert ask("run", "--no-page", "app.py", "--", "--seed", "3").out == "['app.py', '--seed', '3']\n"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("raise SystemExit", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('no')", 1),
        ("raise KeyboardInterrupt", 130),
    ],
)
def test_a_program_chooses_its_exit_code(ask: Ask, write: Write, statement: str, code: int) -> None:
    write("app.py", f"if __name__ == '__main__':\n    {statement}\n")

    answer = ask("run", "--no-page", "app.py")

    assert answer.code == code
    assert "Traceback" not in answer.err
    assert answer.err.strip() == ("no" if "no" in statement else "")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("{}['x']", "app.py:5: KeyError: 'x'; --debug shows the traceback"),
        ("mape.app['nothing']", "app.py:5: nothing is at 'nothing' in the app: did you mean 'l'"),
        ("from json import nothing", "app.py:5: ImportError: "),
    ],
)
@pytest.mark.parametrize("is_main_part", [True, False])
def test_what_main_raises_is_one_sentence(
    ask: Ask, write: Write, statement: str, sentence: str, is_main_part: bool
) -> None:
    tail = "if __name__ == '__main__':\n    mape.run(main)\n" if is_main_part else ""
    write(
        "app.py", f"import mape\nloop = mape.Loop('l')\nloop.execute(print)\nasync def main():\n    {statement}\n{tail}"
    )

    answer = ask("run", "--no-page", "app.py")

    assert answer.code == 1
    assert answer.err.startswith(f"mape: {sentence.partition(' in the app')[0]}")
    assert answer.err.count("\n") == 1


def test_the_next_command_is_one_that_works(ask: Ask, write: Write) -> None:
    write("app.py", "if __name__ == '__main__':\n    print('no loops before it runs')\n")

    assert ask("run", "--no-page", "app.py").err == "Next: mape config explain   (the settings that hold here)\n"
