"""What docs/howto/influxdb.md shows works, and its table of settings is that of the schema."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

import mape
from mape.application import set_default_app
from mape.remote.influxdb import InfluxObserver
from mape.settings.schema import InfluxDB

PAGE = (Path(__file__).parents[3] / "docs" / "howto" / "influxdb.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_programs_on_the_page_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    set_default_app(None)
    names: dict[str, object] = {}
    try:
        for program in PROGRAMS[:2]:
            exec(compile(program, "page", "exec"), names)  # noqa: S102 - our own page
        assert [type(service) for service in mape.app.services] == [InfluxObserver]
    finally:
        set_default_app(None)


async def test_the_test_on_the_page_passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    app = mape.App()
    speed = app.loop("car").monitor(uid="speed")(lambda kmh: kmh)
    names: dict[str, object] = {"speed": speed}
    before, after = PROGRAMS[2].split("...\n")
    exec(compile(before, "page", "exec"), names)  # noqa: S102
    async with app:
        speed(80.5)
    exec(compile(after, "page", "exec"), names)  # noqa: S102


def test_the_page_has_every_setting_with_its_default() -> None:
    shown = dict(
        re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ?(.*?) ?\|", PAGE[PAGE.index("| `influxdb.` |") :], re.MULTILINE)
    )
    defaults: dict[str, str] = {}
    for names, values in shown.items():
        for index, name in enumerate(re.findall(r"`(\w+)`", names)):
            parts = values.replace("`", "").split(", ")
            defaults[name] = parts[index] if len(parts) > 1 else parts[0]

    def text(value: object) -> str:
        return "" if value is None else str(value).lower() if isinstance(value, bool) else f"{value}".removesuffix(".0")

    assert defaults == {each.name: text(each.default) for each in fields(InfluxDB)}
