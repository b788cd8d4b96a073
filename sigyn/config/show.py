"""Settings as text."""

import json

from sigyn.config.settings import DECLARATIONS, Settings, value_of


def show_settings(settings: Settings) -> str:
    """Every setting with its value as YAML, secrets hidden, with a note at those that differ from the default."""
    lines: list[str] = []
    section = ""
    for path, declaration in DECLARATIONS.items():
        if declaration.section != section:
            section = declaration.section
            lines.append(f"{section}:")
        value = value_of(settings, path)
        text = declaration.kind.show(value)
        plain = text.replace(".", "").replace("_", "").isalnum() and text not in ("true", "false")
        quoted = text if plain or isinstance(value, bool) else json.dumps(text, ensure_ascii=False)
        note = "" if value == declaration.default else "  # set"
        lines.append(f"  {declaration.name}: {quoted}{note}")
    return "\n".join(lines) + "\n"
