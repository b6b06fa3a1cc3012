"""Listening sockets, opened once and shared by all worker processes."""

from __future__ import annotations

import errno
import ipaddress
import socket

from passport_scorer.domain.errors import PassportScorerError

_BACKLOG = 2048
# Bytes that the kernel buffers per connection; the process buffers the rest, with a bound.
_SEND_BUFFER = 256 * 1024
_RECEIVE_BUFFER = 64 * 1024
_WHY = {
    errno.EADDRINUSE: "something else is listening there",
    errno.EACCES: "this user is not allowed to listen there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class CannotListen(PassportScorerError):
    """The service can't listen on the address."""

    code = "cannot_listen"


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Args:
        host: an IPv4 or IPv6 address, or a name of one.
        port: 0 to 65535; 0 takes a free one.

    Raises:
        CannotListen: the port is taken, or this machine does not have the address.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except (OSError, UnicodeError) as error:
        why = _WHY.get(getattr(error, "errno", None) or 0, "the address can't be used")
        raise CannotListen(f"Can't listen on {host}, port {port}: {why}.") from error
    listener.set_inheritable(True)
    return listener


def is_loopback(listener: socket.socket) -> bool:
    """Return True if only this machine can reach a listening socket."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback
