"""The hosts in the URL of a database."""

from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit


def hosts_of(parts: SplitResult) -> list[str]:
    """Return the hosts of a URL, or the folders of their sockets; an empty list: the default.

    Raises ValueError if a port is not a number.
    """
    authority = parts.netloc.rpartition("@")[2]
    hosts = []
    for each in filter(None, authority.split(",")):
        single = urlsplit(f"//{each}")
        _ = single.port
        hosts.append(unquote(single.hostname or ""))
    if not any(hosts):
        options = dict(parse_qsl(parts.query))
        hosts = (options.get("host") or options.get("hostaddr", "")).split(",")
    return [host for host in hosts if host]
