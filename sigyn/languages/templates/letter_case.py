"""Upper and lower case as Go has them: one code point at a time, each to one other.

Python's own methods follow the full rules of Unicode, where `ß` becomes `SS` and a sigma depends on
its place in the word.
"""


def _upper_rune(rune: str) -> str:
    upper = rune.upper()
    if len(upper) == 1:
        return upper
    # A ligature or a letter with a mark that has no capital of its own, except for some Greek
    # ones, whose capital is also their title case.
    title = rune.title()
    return title if len(title) == 1 else rune


def _lower_rune(rune: str) -> str:
    lower = rune.lower()
    return lower if len(lower) == 1 else lower[0]


def to_upper(text: str) -> str:
    """Go's strings.ToUpper."""
    return text.upper() if text.isascii() else "".join(map(_upper_rune, text))


def to_lower(text: str) -> str:
    """Go's strings.ToLower."""
    return text.lower() if text.isascii() else "".join(map(_lower_rune, text))


def _separates(rune: str) -> bool:
    if rune.isascii():
        return not (rune.isalnum() or rune == "_")
    return not (rune.isalpha() or rune.isdecimal()) and rune.isspace()


def to_title(text: str) -> str:
    """Go's strings.Title: the first letter of each word in title case, the others as they are."""
    out: list[str] = []
    previous = " "
    for rune in text:
        title = rune.title() if _separates(previous) else rune
        out.append(title if len(title) == 1 else rune)
        previous = rune
    return "".join(out)
