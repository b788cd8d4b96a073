"""Go's character literals, and its quotes that keep to ASCII."""

from sigyn.languages.quoting import EscapeError, quote, unquote


def quote_ascii(text: str) -> str:
    """`text` as a Go string literal without any character beyond ASCII (strconv.QuoteToASCII)."""
    return "".join(rune if rune.isascii() else _escaped(rune) for rune in quote(text))


def _escaped(rune: str) -> str:
    code = ord(rune)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quote_rune(code: int, ascii_only: bool = False) -> str:
    """A code point as a Go character literal (strconv.QuoteRune); what is none becomes U+FFFD."""
    rune = chr(code) if 0 <= code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
    if rune in "'\"":
        return "'\\''" if rune == "'" else "'\"'"
    return f"'{(quote_ascii(rune) if ascii_only else quote(rune))[1:-1]}'"


def unquote_character(literal: str) -> int:
    """The code point of a Go character literal such as `'a'` or `'\\n'`. Raises ValueError."""
    body = literal[1:-1]
    if body == "\\'":
        return ord("'")
    if body.startswith(("\\x", "\\0", "\\1", "\\2", "\\3")) and len(body) == 4:
        # A byte, of any value: no text to go through.
        return int(body[2:], 16) if body[1] == "x" else int(body[1:], 8)
    try:
        text = body if body == '"' else unquote(f'"{body}"')
    except EscapeError:
        raise ValueError("invalid syntax") from None
    if len(text) != 1:
        raise ValueError(f"malformed character constant: {literal}")
    return ord(text)
