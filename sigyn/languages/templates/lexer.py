"""Tokens of a template, as Go's text/template/parse cuts them.

Outside of `{{` and `}}` everything is text; `{{- ` and ` -}}` trim the white space of the text next
to them, and comments vanish here. Spaces inside an action are tokens, since `$x .a` and `$x.a`
differ. A fault ends the tokens with one of kind ERROR, whose text is Go's message.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from sigyn.languages.quoting import quote


class TokenKind(Enum):
    ASSIGN = auto()
    BOOL = auto()
    CHAR = auto()
    CHARACTER = auto()
    COMPLEX = auto()
    DECLARE = auto()
    EOF = auto()
    ERROR = auto()
    FIELD = auto()
    IDENTIFIER = auto()
    KEYWORD = auto()
    LEFT_DELIMITER = auto()
    LEFT_PAREN = auto()
    NUMBER = auto()
    PIPE = auto()
    RAW_STRING = auto()
    RIGHT_DELIMITER = auto()
    RIGHT_PAREN = auto()
    SPACE = auto()
    STRING = auto()
    TEXT = auto()
    VARIABLE = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """`position` counts code points from 0, `line` from 1. `.`, `nil` and words such as `if` are keywords."""

    kind: TokenKind
    position: int
    text: str
    line: int

    def is_keyword(self, word: str) -> bool:
        return self.kind is TokenKind.KEYWORD and self.text == word

    def __str__(self) -> str:
        if self.kind is TokenKind.EOF:
            return "EOF"
        if self.kind is TokenKind.ERROR:
            return self.text
        if self.kind is TokenKind.KEYWORD:
            return f"<{self.text}>"
        return f"{quote(self.text[:10])}..." if len(self.text) > 10 else quote(self.text)


KEYWORDS = frozenset(
    {".", "block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with"}
)
_SPACES = " \t\r\n"
_LEADING_TRIM = re.compile(r"-[ \t\r\n]")
_CLOSING = re.compile(r"[ \t\r\n]-\}\}|\}\}")
_SPACE_RUN = re.compile(r"[ \t\r\n]+")
_COMMENT = re.compile(r"(?:-[ \t\r\n])?/\*")
_QUOTED = {
    '"': (re.compile(r'"(?:[^"\\\n]|\\[^\n])*"'), TokenKind.STRING, "unterminated quoted string"),
    "'": (re.compile(r"'(?:[^'\\\n]|\\[^\n])*'"), TokenKind.CHARACTER, "unterminated character constant"),
    "`": (re.compile(r"`[^`]*`"), TokenKind.RAW_STRING, "unterminated raw quoted string"),
}
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    r"|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
_SINGLE = {
    "=": TokenKind.ASSIGN,
    "|": TokenKind.PIPE,
    "(": TokenKind.LEFT_PAREN,
    ")": TokenKind.RIGHT_PAREN,
}


def _is_alphanumeric(rune: str) -> bool:
    return rune == "_" or rune.isalpha() or rune.isdecimal()


def _describe(rune: str) -> str:
    """%#U of Go; the end of the text is -1 there."""
    if not rune:
        return "U+FFFFFFFFFFFFFFFF"
    return f"U+{ord(rune):04X}" + (f" '{rune}'" if rune.isprintable() else "")


class _Fault(Exception):
    """Ends the scan; the message and where the token began."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.line = 1
        self.counted = 0
        self.tokens: list[Token] = []

    def emit(self, kind: TokenKind, end: int) -> None:
        """A token from here to `end`."""
        self.line += self.text.count("\n", self.counted, self.position)
        self.counted = self.position
        self.tokens.append(Token(kind, self.position, self.text[self.position : end], self.line))
        self.position = end

    def run(self) -> list[Token]:
        try:
            while self.lex_text():
                pass
        except _Fault as fault:
            line = 1 + self.text.count("\n", 0, fault.position)
            self.tokens.append(Token(TokenKind.ERROR, fault.position, str(fault), line))
        else:
            self.emit(TokenKind.EOF, self.position)
        return self.tokens

    def lex_text(self) -> bool:
        """Text up to an action and the action itself; False at the end."""
        start = self.position
        opening = self.text.find("{{", start)
        if opening < 0:
            if start < len(self.text):
                self.emit(TokenKind.TEXT, len(self.text))
            return False
        trims = _LEADING_TRIM.match(self.text, opening + 2)
        end = start + len(self.text[start:opening].rstrip(_SPACES)) if trims else opening
        if end > start:
            self.emit(TokenKind.TEXT, end)
        self.position = opening
        comment = _COMMENT.match(self.text, opening + 2)
        if comment:
            self.skip_comment(comment.end())
        else:
            self.emit(TokenKind.LEFT_DELIMITER, opening + 2)
            if trims:
                self.position += 2
            self.lex_action()
        return True

    def skip_comment(self, inside: int) -> None:
        end = self.text.find("*/", inside)
        if end < 0:
            raise _Fault("unclosed comment", self.position)
        closing = _CLOSING.match(self.text, end + 2)
        if not closing:
            raise _Fault("comment ends before closing delimiter", self.position)
        self.leave(closing)

    def leave(self, closing: re.Match[str]) -> None:
        """Go on behind `}}`, and behind the white space that ` -}}` trims."""
        self.position = closing.end()
        if len(closing.group()) > 2:
            trimmed = _SPACE_RUN.match(self.text, self.position)
            self.position = trimmed.end() if trimmed else self.position

    def lex_action(self) -> None:
        depth = 0
        while True:
            closing = _CLOSING.match(self.text, self.position)
            if closing:
                if depth:
                    raise _Fault("unclosed left paren", self.position)
                self.position = closing.end() - 2
                self.emit(TokenKind.RIGHT_DELIMITER, closing.end())
                self.leave(closing)
                return
            rune = self.text[self.position : self.position + 1]
            if not rune:
                raise _Fault("unclosed action", self.position)
            depth += (rune == "(") - (rune == ")")
            if depth < 0:
                raise _Fault("unexpected right paren", self.position)
            self.lex_inside(rune)

    def lex_inside(self, rune: str) -> None:
        """One token inside of an action; `rune` is its first character."""
        position = self.position
        following = self.text[position + 1 : position + 2]
        if rune in _SPACES:
            self.lex_space()
        elif rune in _SINGLE:
            self.emit(_SINGLE[rune], position + 1)
        elif rune == ":":
            if following != "=":
                raise _Fault("expected :=", position)
            self.emit(TokenKind.DECLARE, position + 2)
        elif rune in _QUOTED:
            self.lex_quoted(rune)
        elif rune == "$" or (rune == "." and not "0" <= following <= "9"):
            self.lex_field_or_variable(rune)
        elif rune in "+-." or "0" <= rune <= "9":
            self.lex_number()
        elif _is_alphanumeric(rune):
            self.lex_identifier()
        elif " " <= rune <= "~":
            self.emit(TokenKind.CHAR, position + 1)
        else:
            raise _Fault(f"unrecognized character in action: {_describe(rune)}", position)

    def lex_space(self) -> None:
        run = _SPACE_RUN.match(self.text, self.position)
        end = run.end() if run else self.position
        # The last space belongs to the closing delimiter of ` -}}`.
        if self.text.startswith("-}}", end):
            end -= 1
        if end > self.position:
            self.emit(TokenKind.SPACE, end)

    def lex_quoted(self, delimiter: str) -> None:
        pattern, kind, complaint = _QUOTED[delimiter]
        match = pattern.match(self.text, self.position)
        if not match:
            raise _Fault(complaint, self.position)
        self.emit(kind, match.end())

    def end_of_word(self, start: int) -> int:
        end = start
        while end < len(self.text) and _is_alphanumeric(self.text[end]):
            end += 1
        rune = self.text[end : end + 1]
        if rune and rune not in " \t\r\n.,|:)(" and not self.text.startswith("}}", end):
            raise _Fault(f"bad character {_describe(rune)}", self.position)
        return end

    def lex_identifier(self) -> None:
        end = self.end_of_word(self.position)
        word = self.text[self.position : end]
        if word in KEYWORDS:
            self.emit(TokenKind.KEYWORD, end)
        else:
            self.emit(TokenKind.BOOL if word in ("true", "false") else TokenKind.IDENTIFIER, end)

    def lex_field_or_variable(self, rune: str) -> None:
        end = self.end_of_word(self.position + 1)
        if rune == "$":
            self.emit(TokenKind.VARIABLE, end)
        else:
            self.emit(TokenKind.FIELD if end > self.position + 1 else TokenKind.KEYWORD, end)

    def lex_number(self) -> None:
        end, kind = self.end_of_number(self.position), TokenKind.NUMBER
        if self.text[end : end + 1] in ("+", "-"):
            end, kind = self.end_of_number(end), TokenKind.COMPLEX
            if self.text[end - 1] != "i":
                raise _Fault(f"bad number syntax: {quote(self.text[self.position : end])}", self.position)
        self.emit(kind, end)

    def end_of_number(self, start: int) -> int:
        match = _NUMBER.match(self.text, start)
        end = match.end() if match else start
        rune = self.text[end : end + 1]
        if rune and _is_alphanumeric(rune):
            raise _Fault(f"bad number syntax: {quote(self.text[self.position : end + 1])}", self.position)
        return end


def tokenize(text: str) -> list[Token]:
    """The tokens of `text`; the last one is EOF or ERROR."""
    return _Lexer(text).run()
