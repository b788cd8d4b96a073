"""URLs as people may see them: without what lets somebody in.

A user and password stand before the host, tokens behind the question mark, and those of webhooks in the path too.
"""

import re
from urllib.parse import unquote

HIDDEN = "<hidden>"

_AFTER_HOST = re.compile("[/?#]")
_SHORTEST = 4
"""Characters of a part that is worth hiding in texts of others: shorter ones are in too many words."""


def scheme_and_host(url: str) -> str:
    """`https://host:port`, all that may be told of a URL whose path is secret."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{_AFTER_HOST.split(rest)[0].rpartition('@')[2]}"


def hide_path(url: str) -> str:
    """A URL whose path is secret, as a setting is shown."""
    return f"{scheme_and_host(url)}/{HIDDEN}" if url else ""


def hide_user(url: str) -> str:
    """A URL with `<hidden>` for the user and password, and for what is behind the question mark."""
    place, mark, query = url.partition("?")
    scheme, separator, rest = place.partition("://")
    host = rest.partition("/")[0]
    if separator and "@" in host:
        place = f"{scheme}://{HIDDEN}@{host.rpartition('@')[2]}{rest[len(host) :]}"
    return place + (mark + HIDDEN if query else mark)


def hide_secrets(text: str, url: str, *, path: bool = False) -> str:
    """What others say of a request to a URL, without the secrets of that URL; `path`: all of its path is one."""
    secrets = _secrets(url, path)
    for secret in sorted(secrets | {unquote(each) for each in secrets}, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, HIDDEN)
    return text


def _secrets(url: str, path: bool) -> set[str]:
    place, _, query = url.partition("#")[0].partition("?")
    host, slash, rest = place.partition("://")[2].partition("/")  # by hand: some of these texts are no URLs
    user, _, password = host.rpartition("@")[0].partition(":")
    secrets = {password or user, query, *(pair.partition("=")[2] for pair in query.split("&"))}
    return secrets | {slash + rest, *rest.split("/")} if path else secrets
