"""Typed configuration: what can be set, what is set, and where each value came from.

Read `schema` first: it is the list of all settings. `loading` puts the layers together, later ones win::

    defaults < mape.yml < .env < MAPE_... environment < arguments

`origin` reads arguments and variables, `document` reads YAML, `scalar` and `kind` turn text into typed values,
`masking` keeps secrets out of what people print.

    >>> from mape.settings import load
    >>> settings = load(overrides={"mailbox.size": 64}, environ={})
    >>> settings.mailbox.size, settings["mailbox"]["overflow"]
    (64, 'drop_oldest')
"""

from mape.settings.loading import load
from mape.settings.schema import Setting, Settings

__all__ = ["Setting", "Settings", "load"]
