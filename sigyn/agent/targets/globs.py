"""Paths by pattern: `*`, `?`, `[a-z]`, `{one,two}` and `**` for any number of folders.

The syntax is that of the doublestar library, which Promtail documents for `__path__`.
"""

import os
import re
from collections.abc import Iterator
from functools import lru_cache

_SPECIAL = re.compile(r"[*?\[{\\]")


def expand(pattern: str) -> Iterator[str]:
    """Files that match, in no order; folders are left out, and so is what can't be read."""
    for alternative in alternatives(pattern):
        parts = alternative.split("/")
        fixed = 0
        while fixed < len(parts) - 1 and not _SPECIAL.search(parts[fixed]):
            fixed += 1
        root = "/".join(parts[:fixed]) or ("/" if alternative.startswith("/") else ".")
        yield from _walk(root, parts[fixed:])


def folders(pattern: str) -> Iterator[str]:
    """Folders in which a file that matches, or a folder on the way to one, could appear."""
    seen = set()
    for alternative in alternatives(pattern):
        head, _, last = alternative.rpartition("/")
        if last == "**":
            head = alternative
        for folder in _folders(head or ("/" if alternative.startswith("/") else ".")):
            if folder not in seen:
                seen.add(folder)
                yield folder


def matches(pattern: str, path: str) -> bool:
    """Whether a path matches as a whole."""
    return any(_compiled(alternative).fullmatch(path) is not None for alternative in alternatives(pattern))


@lru_cache(maxsize=1024)
def alternatives(pattern: str) -> tuple[str, ...]:
    """The patterns without braces that a pattern stands for: `a{b,c}` is `ab` and `ac`."""
    start = _unescaped(pattern, "{", 0)
    if start < 0:
        return (pattern,)
    depth, at, pieces, begin = 0, start, [], start + 1
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
        elif character == "{":
            depth += 1
        elif character == "}" or (character == "," and depth == 1):
            if depth == 1:
                pieces.append(pattern[begin:at])
                begin = at + 1
            if character == "}":
                depth -= 1
                if not depth:
                    break
        at += 1
    else:
        return (pattern,)  # no closing brace: it stands for itself
    rest = alternatives(pattern[at + 1 :])
    return tuple(
        dict.fromkeys(
            pattern[:start] + inner + tail for piece in pieces for inner in alternatives(piece) for tail in rest
        )
    )


def _unescaped(text: str, character: str, start: int) -> int:
    at = start
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == character:
            return at
        at += 1
    return -1


def _walk(folder: str, parts: list[str]) -> Iterator[str]:
    part, rest = parts[0], parts[1:]
    if part == "**":
        if rest:
            yield from _walk(folder, rest)
        for entry in _entries(folder):
            if _is_folder(entry, follow_symlinks=False):
                yield from _walk(entry.path, parts)
            elif not rest and _is_file(entry):
                yield entry.path
        return
    if not _SPECIAL.search(part):
        path = os.path.join(folder, part)
        if rest and os.path.isdir(path):
            yield from _walk(path, rest)
        elif not rest and os.path.isfile(path):
            yield path
        return
    pattern = _compiled(part)
    for entry in _entries(folder):
        if pattern.fullmatch(entry.name):
            if rest and _is_folder(entry):
                yield from _walk(entry.path, rest)
            elif not rest and _is_file(entry):
                yield entry.path


def _folders(pattern: str) -> Iterator[str]:
    if not _SPECIAL.search(pattern):
        if os.path.isdir(pattern):
            yield pattern
        return
    parts = pattern.split("/")
    fixed = next(number for number, part in enumerate(parts) if _SPECIAL.search(part))
    root = "/".join(parts[:fixed]) or ("/" if pattern.startswith("/") else ".")
    yield from _walk_folders(root, parts[fixed:])


def _walk_folders(folder: str, parts: list[str]) -> Iterator[str]:
    yield folder
    if not parts:
        return
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _walk_folders(folder, rest)
    pattern = _compiled("*" if part == "**" else part)
    for entry in _entries(folder):
        if pattern.fullmatch(entry.name) and _is_folder(entry, follow_symlinks=part != "**"):
            yield from _walk_folders(entry.path, parts if part == "**" else rest)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself, or into a folder that is closed to us
        return False


def _is_folder(entry: os.DirEntry[str], *, follow_symlinks: bool = True) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow_symlinks)
    except OSError:
        return False


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            pieces.append("(?:[^/]+/)*")
            at += 3
            continue
        if pattern[at:] == "**" and (at == 0 or pattern[at - 1] == "/"):
            pieces.append(".*")
            break
        if character == "*":
            pieces.append("[^/]*")
        elif character == "?":
            pieces.append("[^/]")
        elif character == "[" and (end := pattern.find("]", at + 2)) > 0:
            inside = pattern[at + 1 : end]
            negated = inside[:1] in ("!", "^")
            body = (inside[1:] if negated else inside).replace("\\", "\\\\").replace("[", "\\[")
            pieces.append(f"[{'^/' if negated else ''}{body}]")
            at = end
        elif character == "\\" and at + 1 < len(pattern):
            at += 1
            pieces.append(re.escape(pattern[at]))
        else:
            pieces.append(re.escape(character))
        at += 1
    return re.compile("".join(pieces), re.DOTALL)
