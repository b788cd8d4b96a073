"""The configuration as it may be shown: without its secrets."""

import re
from typing import Any, Final

import yaml

_SECRETS: Final = frozenset(("password", "bearer_token", "credentials", "client_secret", "hash_key"))
_HIDDEN = "<secret>"
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/?#@:\s]*):[^/?#@\s]+@")


def without_secrets(text: str) -> str:
    """A configuration that was read without errors, with `<secret>` for passwords, tokens and keys."""
    document = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if document is None:
        return ""
    return yaml.safe_dump(_shown(document), sort_keys=False, allow_unicode=True)


def _shown(value: Any, inside: str = "") -> Any:
    if isinstance(value, dict):
        return {
            key: _HIDDEN if item and _is_secret(str(key), inside) else _shown(item, str(key))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_shown(item, inside) for item in value]
    if isinstance(value, str):
        return _PASSWORD_IN_URL.sub(rf"\1:{_HIDDEN}@", value)
    return value


def _is_secret(key: str, inside: str) -> bool:
    return (
        key in _SECRETS
        or (inside, key) == ("tls_config", "key")
        or (inside, key.lower()) == ("headers", "authorization")
    )
