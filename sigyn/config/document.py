"""The settings as Markdown, for docs/configuration.md; `make docs` puts it there."""

from collections.abc import Iterator

from sigyn.config.settings import DECLARATIONS, SECTIONS

BEGIN, END = "<!-- settings, written by `make docs` -->", "<!-- end of settings -->"


def settings_as_markdown() -> str:
    """A table for each section."""
    return "\n".join(_lines())


def with_settings(document: str) -> str:
    """The document with the tables between its markers."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{settings_as_markdown()}\n{END}{after}"


def _lines() -> Iterator[str]:
    for section, settings in SECTIONS.items():
        yield f"### {section}\n"
        yield f"{(settings.__doc__ or '').strip()}\n"
        yield "| setting | default | unit | what it does | in Loki's file |"
        yield "| --- | --- | --- | --- | --- |"
        for declaration in DECLARATIONS.values():
            if declaration.section != section:
                continue
            default = declaration.kind.show(declaration.default)
            cells = (
                f"`{declaration.path}`",
                f"`{default}`" if default else "",
                declaration.kind.unit,
                declaration.help,
                ", ".join(f"`{key}`" for key in declaration.loki),
            )
            yield "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
        yield ""
