"""Every exception of mape, one tree.

::

    MapeError                  .retryable: whether the same call may succeed later
      ConfigError              settings are wrong; names the source
      WiringError              built wrongly; raised before anything runs
        UidError               malformed, taken or reserved; also ValueError
        UnknownPathError       nothing stands at that path; also LookupError
      StateError               right call, wrong moment
      ElementError             a function raised; .path, .item, cause chained
      MailboxFullError         too slow, and the policy is "error"
      CodecError               a value or bytes that a codec cannot take
        EncodeError
        DecodeError            the only error decode may raise, whatever the bytes
      RemoteError              something beyond this process failed
        ConnectError           retryable
        SendError              retryable
        PeerError              the peer breaks the protocol; a retry will not help
      ConflictError            knowledge changed under a compare-and-set; retryable

A message says what is wrong and what to do, names the offender, and starts in lower case.
"""

from __future__ import annotations

__all__ = [
    "CodecError",
    "ConfigError",
    "ConflictError",
    "ConnectError",
    "DecodeError",
    "ElementError",
    "EncodeError",
    "MailboxFullError",
    "MapeError",
    "PeerError",
    "RemoteError",
    "SendError",
    "StateError",
    "UidError",
    "UnknownPathError",
    "WiringError",
]


class MapeError(Exception):
    """The root: ``except MapeError`` catches whatever mape raises on purpose."""

    retryable: bool = False


class ConfigError(MapeError):
    """A setting is wrong; the message names the file and line, the variable or the argument."""


class WiringError(MapeError):
    """Loops or elements are put together wrongly; raised before anything runs."""


class UidError(WiringError, ValueError):
    """A uid is malformed, taken or reserved."""


class UnknownPathError(WiringError, LookupError):
    """Nothing stands at a path."""

    __str__ = Exception.__str__


class StateError(MapeError):
    """The call is right, the moment is wrong."""


class ElementError(MapeError):
    """The function or an operator of an element raised; the original is the ``__cause__``.

    Args:
        path: Which element.
        item: What it was working on.
    """

    def __init__(self, path: str, item: object) -> None:
        super().__init__(f"{path} failed on {item!r:.200}")
        self.path = path
        self.item = item


class MailboxFullError(MapeError):
    """The consumer is slower than the producer, and the overflow policy is "error"."""

    retryable = True


class CodecError(MapeError):
    """A value or bytes that a codec cannot take."""


class EncodeError(CodecError):
    """The value has no form on the wire."""


class DecodeError(CodecError):
    """The bytes are not a value; the only error a decoder raises, whatever the bytes."""


class RemoteError(MapeError):
    """Something beyond this process failed."""


class ConnectError(RemoteError):
    """The peer cannot be reached."""

    retryable = True


class SendError(RemoteError):
    """The peer was reached, the item was not confirmed."""

    retryable = True


class PeerError(RemoteError):
    """The peer breaks the protocol; a retry will not help."""


class ConflictError(MapeError):
    """Knowledge changed under a compare-and-set."""

    retryable = True
