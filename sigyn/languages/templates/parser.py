"""Template text to syntax tree, with the grammar and the complaints of Go's text/template/parse."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NoReturn

from sigyn.languages.quoting import EscapeError, quote, unquote
from sigyn.languages.templates.errors import TemplateError
from sigyn.languages.templates.lexer import Token, TokenKind, tokenize
from sigyn.languages.templates.nodes import (
    Action,
    Body,
    Bool,
    Break,
    Call,
    Chain,
    Command,
    Continue,
    Dot,
    Field,
    Identifier,
    If,
    Nil,
    Number,
    Operand,
    Pipe,
    Range,
    Statement,
    String,
    Text,
    Variable,
    With,
)
from sigyn.languages.templates.number_literals import parse_number

MAXIMUM_NESTING = 64
"""Blocks and parentheses within each other; Go has no such limit, Python's stack does."""


@dataclass(frozen=True, slots=True)
class Trees:
    """The template called `name` in `bodies`, with those that it defines."""

    name: str
    text: str
    bodies: Mapping[str, Body]


@dataclass(frozen=True, slots=True)
class _End:
    """What ended a list of statements: `{{end}}` or `{{else}}`."""

    word: str

    def __str__(self) -> str:
        return f"{{{{{self.word}}}}}"


_OPERANDS = frozenset(
    {
        TokenKind.BOOL,
        TokenKind.CHARACTER,
        TokenKind.COMPLEX,
        TokenKind.FIELD,
        TokenKind.IDENTIFIER,
        TokenKind.LEFT_PAREN,
        TokenKind.NUMBER,
        TokenKind.RAW_STRING,
        TokenKind.STRING,
        TokenKind.VARIABLE,
    }
)
_NUMBERS = (TokenKind.CHARACTER, TokenKind.COMPLEX, TokenKind.NUMBER)
_STRINGS = (TokenKind.STRING, TokenKind.RAW_STRING)
_LITERALS = (Bool, Dot, Nil, Number, String)


def _is_empty(body: Body) -> bool:
    return all(isinstance(statement, Text) and not statement.value.strip() for statement in body)


class _Parser:
    """One pass over the tokens. `variables` are the names declared at this place, `$` first."""

    def __init__(self, text: str, name: str, functions: Collection[str]) -> None:
        self.name = name
        self.functions = functions
        self.tokens = tokenize(text)
        self.index = 0
        self.furthest = 0
        self.action_line = 0
        self.nesting = 0
        self.range_depth = 0
        self.variables = ["$"]
        self.bodies: dict[str, Body] = {}

    # --- tokens

    def next(self) -> Token:
        index = min(self.index, len(self.tokens) - 1)
        self.furthest = max(self.furthest, index)
        self.index += 1
        return self.tokens[index]

    def peek(self) -> Token:
        token = self.next()
        self.index -= 1
        return token

    def next_non_space(self) -> Token:
        token = self.next()
        while token.kind is TokenKind.SPACE:
            token = self.next()
        return token

    def peek_non_space(self) -> Token:
        token = self.next_non_space()
        self.index -= 1
        return token

    def expect(self, kind: TokenKind, context: str) -> Token:
        token = self.next_non_space()
        if token.kind is not kind:
            self.unexpected(token, context)
        return token

    # --- complaints

    def fail(self, message: str) -> NoReturn:
        raise TemplateError(f"template: {self.name}:{self.tokens[self.furthest].line}: {message}")

    def unexpected(self, token: Token, context: str) -> NoReturn:
        if token.kind is TokenKind.ERROR:
            extra = ""
            if self.action_line and self.action_line != token.line:
                extra = f" in action started at {self.name}:{self.action_line}"
                if token.text.endswith(" action"):
                    extra = extra.removeprefix(" in action")
            self.fail(f"{token}{extra}")
        self.fail(f"unexpected {token} in {context}")

    def enter(self) -> None:
        self.nesting += 1
        if self.nesting > MAXIMUM_NESTING:
            self.fail(f"nested more than {MAXIMUM_NESTING} levels deep")

    # --- statements

    def parse(self) -> dict[str, Body]:
        statements: list[Statement] = []
        while self.peek().kind is not TokenKind.EOF:
            start = self.index
            if self.next().kind is TokenKind.LEFT_DELIMITER and self.next_non_space().is_keyword("define"):
                self.definition()
                continue
            self.index = start
            statement = self.text_or_action()
            if isinstance(statement, _End):
                self.fail(f"unexpected {statement}")
            statements.append(statement)
        self.define(self.name, tuple(statements))
        return self.bodies

    def define(self, name: str, body: Body) -> None:
        if name not in self.bodies or _is_empty(self.bodies[name]):
            self.bodies[name] = body
        elif not _is_empty(body):
            self.fail(f"template: multiple definition of template {quote(name)}")

    def definition(self) -> None:
        context = "define clause"
        name = self.template_name(self.next_non_space(), context)
        self.expect(TokenKind.RIGHT_DELIMITER, context)
        self.define(name, self.separate_body(context))

    def separate_body(self, context: str) -> Body:
        """The statements of a template within this one: it sees none of our variables."""
        outer, self.variables = self.variables, ["$"]
        outer_range_depth, self.range_depth = self.range_depth, 0
        body, end = self.statements()
        if end.word != "end":
            self.fail(f"unexpected {end} in {context}")
        self.variables, self.range_depth = outer, outer_range_depth
        return body

    def statements(self) -> tuple[Body, _End]:
        """Statements up to `{{end}}` or `{{else}}`."""
        self.enter()
        statements: list[Statement] = []
        while True:
            if self.peek_non_space().kind is TokenKind.EOF:
                self.fail("unexpected EOF")
            statement = self.text_or_action()
            if isinstance(statement, _End):
                self.nesting -= 1
                return tuple(statements), statement
            statements.append(statement)

    def text_or_action(self) -> Statement | _End:
        token = self.next_non_space()
        if token.kind is TokenKind.TEXT:
            return Text(token.position, token.text)
        if token.kind is not TokenKind.LEFT_DELIMITER:
            self.unexpected(token, "input")
        self.action_line = token.line
        statement = self.action()
        self.action_line = 0
        return statement

    def action(self) -> Statement | _End:
        token = self.next_non_space()
        match token.text if token.kind is TokenKind.KEYWORD else "":
            case "block":
                return self.block()
            case "break" | "continue":
                return self.break_or_continue(token)
            case "else":
                return self.otherwise()
            case "end":
                self.expect(TokenKind.RIGHT_DELIMITER, "end")
                return _End("end")
            case "if":
                return self.conditional(token)
            case "range":
                return self.range()
            case "template":
                return self.template()
            case "with":
                return self.conditional(token)
        self.index -= 1
        return Action(token.position, self.pipeline("command", TokenKind.RIGHT_DELIMITER))

    def break_or_continue(self, token: Token) -> Statement:
        following = self.next_non_space()
        if following.kind is not TokenKind.RIGHT_DELIMITER:
            self.unexpected(following, f"{{{{{token.text}}}}}")
        if not self.range_depth:
            self.fail(f"{{{{{token.text}}}}} outside {{{{range}}}}")
        return Break(token.position) if token.text == "break" else Continue(token.position)

    def otherwise(self) -> _End:
        following = self.peek_non_space()
        if not following.is_keyword("if") and not following.is_keyword("with"):
            self.expect(TokenKind.RIGHT_DELIMITER, "else")
        return _End("else")

    def conditional(self, keyword: Token) -> If | With:
        """`{{if pipeline}} ... {{else if pipeline}} ... {{else}} ... {{end}}`, or the same of `with`."""
        word = keyword.text
        branches: list[tuple[Pipe, Body]] = []
        outer = len(self.variables)
        last: Body | None = None
        end = _End("else")
        while end.word == "else" and (not branches or self.peek_non_space().is_keyword(word)):
            if branches:
                self.next_non_space()
            pipe = self.pipeline(word, TokenKind.RIGHT_DELIMITER)
            body, end = self.statements()
            branches.append((pipe, body))
        if end.word == "else":
            last, end = self.statements()
            if end.word != "end":
                self.fail(f"expected end; found {end}")
        del self.variables[outer:]
        node = If if word == "if" else With
        return node(branches[0][0].position, tuple(branches), last)

    def range(self) -> Range:
        outer = len(self.variables)
        pipe = self.pipeline("range", TokenKind.RIGHT_DELIMITER)
        self.range_depth += 1
        body, end = self.statements()
        self.range_depth -= 1
        last: Body | None = None
        if end.word == "else":
            last, end = self.statements()
            if end.word != "end":
                self.fail(f"expected end; found {end}")
        del self.variables[outer:]
        return Range(pipe.position, pipe, body, last)

    def block(self) -> Call:
        context = "block clause"
        token = self.next_non_space()
        name = self.template_name(token, context)
        pipe = self.pipeline(context, TokenKind.RIGHT_DELIMITER)
        self.define(name, self.separate_body(context))
        return Call(token.position, name, pipe)

    def template(self) -> Call:
        context = "template clause"
        token = self.next_non_space()
        name = self.template_name(token, context)
        if self.peek_non_space().kind is TokenKind.RIGHT_DELIMITER:
            self.next_non_space()
            return Call(token.position, name, None)
        return Call(token.position, name, self.pipeline(context, TokenKind.RIGHT_DELIMITER))

    def template_name(self, token: Token, context: str) -> str:
        if token.kind not in _STRINGS:
            self.unexpected(token, context)
        return self.unquote(token)

    # --- expressions

    def pipeline(self, context: str, end: TokenKind) -> Pipe:
        position = self.peek_non_space().position
        declarations, assign = self.declarations(context)
        commands: list[Command] = []
        while True:
            token = self.next_non_space()
            if token.kind is end:
                break
            if token.kind not in _OPERANDS and not token.is_keyword(".") and not token.is_keyword("nil"):
                self.unexpected(token, context)
            self.index -= 1
            commands.append(self.command())
        if not commands:
            self.fail(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], 2):
            if isinstance(command.operands[0], _LITERALS):
                self.fail(f"non executable command in pipeline stage {stage}")
        return Pipe(position, tuple(declarations), assign, tuple(commands))

    def declarations(self, context: str) -> tuple[list[Variable], bool]:
        """`$a :=`, `$a =`, and for range also `$a, $b :=`; whether it assigns."""
        names: list[Variable] = []
        while True:
            start = self.index
            token = self.next_non_space()
            if token.kind is not TokenKind.VARIABLE:
                self.index = start
                return names, False
            following = self.next_non_space()
            if following.kind in (TokenKind.ASSIGN, TokenKind.DECLARE):
                names.append(Variable(token.position, token.text))
                self.variables.append(token.text)
                return names, following.kind is TokenKind.ASSIGN
            if following.kind is not TokenKind.CHAR or following.text != ",":
                self.index = start
                return names, False
            names.append(Variable(token.position, token.text))
            self.variables.append(token.text)
            if context != "range" or len(names) > 1:
                self.fail(f"too many declarations in {context}")
            if self.peek_non_space().kind not in (
                TokenKind.VARIABLE,
                TokenKind.RIGHT_DELIMITER,
                TokenKind.RIGHT_PAREN,
            ):
                self.fail("range can only initialize variables")

    def command(self) -> Command:
        position = self.peek_non_space().position
        operands: list[Operand] = []
        while True:
            operand = self.operand()
            if operand is not None:
                operands.append(operand)
            token = self.next()
            if token.kind is TokenKind.SPACE:
                continue
            if token.kind in (TokenKind.RIGHT_DELIMITER, TokenKind.RIGHT_PAREN):
                self.index -= 1
            elif token.kind is not TokenKind.PIPE:
                self.unexpected(token, "operand")
            break
        if not operands:
            self.fail("empty command")
        return Command(position, tuple(operands))

    def operand(self) -> Operand | None:
        """A term with the fields behind it."""
        term = self.term()
        if term is None or self.peek().kind is not TokenKind.FIELD:
            return term
        position = self.peek().position
        names: list[str] = []
        while self.peek().kind is TokenKind.FIELD:
            names.append(self.next().text[1:])
        if isinstance(term, Field):
            return Field(position, (*term.names, *names))
        if isinstance(term, Variable):
            return Variable(position, term.name, (*term.names, *names))
        if not isinstance(term, Identifier | Pipe | Chain):
            self.fail(f"unexpected . after term {quote(str(term))}")
        return Chain(position, term, tuple(names))

    def term(self) -> Operand | None:
        token = self.next_non_space()
        kind, position, text = token.kind, token.position, token.text
        if kind is TokenKind.IDENTIFIER:
            if text not in self.functions:
                self.fail(f"function {quote(text)} not defined")
            return Identifier(position, text)
        if kind is TokenKind.FIELD:
            return Field(position, (text[1:],))
        if kind is TokenKind.VARIABLE:
            if text not in self.variables:
                self.fail(f"undefined variable {quote(text)}")
            return Variable(position, text)
        if kind in _STRINGS:
            return String(position, text, self.unquote(token))
        if kind in _NUMBERS:
            try:
                return parse_number(position, text)
            except ValueError as error:
                self.fail(str(error))
        if kind is TokenKind.BOOL:
            return Bool(position, text == "true")
        if kind is TokenKind.LEFT_PAREN:
            self.enter()
            pipe = self.pipeline("parenthesized pipeline", TokenKind.RIGHT_PAREN)
            self.nesting -= 1
            return pipe
        if token.is_keyword("."):
            return Dot(position)
        if token.is_keyword("nil"):
            return Nil(position)
        self.index -= 1
        return None

    def unquote(self, token: Token) -> str:
        try:
            return unquote(token.text)
        except EscapeError:
            self.fail("invalid syntax")


def parse_template(text: str, name: str, functions: Collection[str]) -> Trees:
    """The trees of `text`, which may call the functions named. Raises TemplateError with Go's wording."""
    return Trees(name, text, _Parser(text, name, functions).parse())
