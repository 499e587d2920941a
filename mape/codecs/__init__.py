"""Values to bytes and back; pure. Read `frame.py` (what a codec is), then `envelope.py`, `base.py`, `ndjson.py`.

* ``JSON`` is the default, ``MSGPACK`` is smaller and faster; `codec` finds one by its name or content type.
* `register` lets a class come back as what it was: ``@register``, ``@register(tag="car")``, ``register(Car)``.
* An own codec is any object of the form of `Codec`; `mape.testing.check_codec` says whether it does it right.

Nothing on any path here runs code that came off a wire: bytes become plain values and instances of known classes.
"""

from __future__ import annotations

from mape.codecs.frame import Codec, Frame, Header
from mape.codecs.msgpack import MSGPACK, MsgpackCodec
from mape.codecs.ndjson import JSON, JsonCodec
from mape.codecs.registry import REGISTRY, Registry, register
from mape.errors import ConfigError

__all__ = [
    "CODECS",
    "JSON",
    "MSGPACK",
    "REGISTRY",
    "Codec",
    "Frame",
    "Header",
    "JsonCodec",
    "MsgpackCodec",
    "Registry",
    "codec",
    "register",
]

CODECS: dict[str, Codec] = {each.name: each for each in (JSON, MSGPACK)}
"""Those that come with mape, by name."""


def codec(name: str) -> Codec:
    """Return the codec called `name`, which may also be a content type, with parameters or without.

    Raises:
        ConfigError: There is none.
    """
    wanted = name.partition(";")[0].strip().lower()
    for each in CODECS.values():
        if wanted in (each.name, each.content_type, f"application/{each.name}"):
            return each
    raise ConfigError(f"no codec {name!r:.80}: take one of {', '.join(CODECS)}")
