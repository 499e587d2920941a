from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openapi_spec_validator import validate

import mape
from mape.remote.rest.openapi import document
from mape.remote.rest.routes import ROUTES


@dataclass
class Speed:
    kmh: float


def described(app: mape.App, *, with_token: bool = False) -> dict[str, Any]:
    types = ("application/json", "application/x-ndjson")
    return document(app, version="1", with_token=with_token, content_types=types)


def test_the_document_is_valid_and_lists_every_route() -> None:
    app = mape.App()
    app.loop("car").execute(uid="drive")(lambda item: item)
    written = described(app, with_token=True)

    validate(written)
    listed = {(path, method.upper()) for path, methods in written["paths"].items() for method in methods}
    assert listed == {(route.path, route.method) for route in ROUTES if route.is_listed}


def test_an_annotated_element_has_an_entry_of_its_own_as_soon_as_it_is_there() -> None:
    app = mape.App()
    before = described(app)

    @app.loop("car").execute
    def drive(speed: Speed) -> None:
        """Drive as fast as that."""

    written = described(app)
    validate(written)
    assert "/loops/car/elements/drive" not in before["paths"]
    entry = written["paths"]["/loops/car/elements/drive"]["post"]
    assert entry["description"] == "Drive as fast as that."
    assert entry["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Speed"}
    assert written["components"]["schemas"]["Speed"]["properties"] == {"kmh": {"type": "number"}}


def test_operations_have_names_of_their_own() -> None:
    app = mape.App()
    for uid in ("a", "b"):

        @app.loop(uid).execute
        def typed(item: int) -> None: ...

    operations = [each["operationId"] for path in described(app)["paths"].values() for each in path.values()]
    assert len(operations) == len(set(operations))


def test_a_token_is_part_of_the_document_when_it_is_needed() -> None:
    assert described(mape.App(), with_token=True)["security"] == [{"token": []}]
    assert "security" not in described(mape.App())
