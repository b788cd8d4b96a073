"""Where one syslog message ends in a stream and the next begins (RFC 6587)."""

from sigyn.model.errors import TooLarge

_MOST_DIGITS = 10


class Framing:
    """Octet counting (`12 <34>1 ...`) where a message begins with a digit, else one message a line."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete; raises TooLarge for one over the limit."""
        rest = self._rest + data
        messages = []
        while rest:
            if rest[:1].isdigit():
                end, start = self._counted(rest)
            else:
                newline = rest.find(b"\n")
                start, end = 0, newline
                if newline < 0 and len(rest) > self._limit:
                    raise TooLarge(f"a message is over {self._limit} bytes; raise syslog.max_message_length")
            if end < 0 or end > len(rest):
                break
            message = rest[start:end].strip(b"\r\n\0")
            if message:
                messages.append(message)
            rest = rest[end:] if start else rest[end + 1 :]
        self._rest = rest
        return messages

    def finish(self) -> list[bytes]:
        """What is left when the connection ends."""
        rest, self._rest = self._rest.strip(b"\r\n\0"), b""
        return [rest] if rest and not rest[:1].isdigit() else []

    def _counted(self, rest: bytes) -> tuple[int, int]:
        """End and start of a counted message; the end is -1 when its length isn't there yet."""
        space = rest.find(b" ", 0, _MOST_DIGITS + 1)
        if space < 0:
            if len(rest) > _MOST_DIGITS:
                raise TooLarge("a message begins with a digit, but not with its length")
            return -1, 0
        if not rest[:space].isdigit():
            raise TooLarge("a message begins with a digit, but not with its length")
        length = int(rest[:space])
        if length > self._limit:
            raise TooLarge(f"a message of {length} bytes is over {self._limit}; raise syslog.max_message_length")
        return space + 1 + length, space + 1
