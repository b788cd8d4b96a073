"""Amounts of bytes for a person."""


def format_size(count: int) -> str:
    """`812 B`, `1.5 KiB`, `20.0 MiB`: bytes in the unit of 1024 that suits them, to a tenth."""
    if count < 1024:
        return f"{count} B"
    size = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if round(size, 1) < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"
