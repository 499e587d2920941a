"""The table of settings in docs/howto/influxdb.md is that of the schema; its programs run with those of all pages."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from mape.settings.schema import InfluxDB

PAGE = (Path(__file__).parents[3] / "docs" / "howto" / "influxdb.md").read_text()


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
