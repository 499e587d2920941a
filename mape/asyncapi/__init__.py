"""The AsyncAPI document of an app: every channel, stream and endpoint that items take, beside the OpenAPI document.

``add_asyncapi(server)`` serves it at ``/asyncapi.json``, and a page that shows it at ``/asyncapi``. In reading order:
`way` (what ways there are), `address` (names and servers), `document` (how they are written), `routes` (how they are
served).
"""

from __future__ import annotations

from mape.asyncapi.document import document
from mape.asyncapi.routes import add_asyncapi

__all__ = ["add_asyncapi", "document"]
