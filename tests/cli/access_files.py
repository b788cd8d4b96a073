"""Files that say who may do what, as operators make them."""

from pathlib import Path

import bcrypt


def write_htpasswd(path: Path, **users: str) -> Path:
    """A file as `htpasswd -B` writes it."""
    lines = [
        f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(5)).decode()}" for user, password in users.items()
    ]
    path.write_text("\n".join(lines) + "\n")
    return path
