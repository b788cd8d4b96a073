"""Settings from environment variables: SIGYN_LIMITS_MAX_LINE_SIZE=1MB sets limits.max_line_size."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from sigyn.config.errors import ConfigError, neighbours
from sigyn.config.settings import DECLARATIONS, SECTIONS, Settings, with_values

_SECTION_PREFIXES = tuple(f"SIGYN_{section}_".upper() for section in SECTIONS)
_OF_KUBERNETES = re.compile(r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$")
"""What Kubernetes tells every pod of a service, whose name may be `sigyn-server`: SIGYN_SERVER_PORT and more."""
_ALIKE = 0.9  # of a name: SIGYN_LIMIT_MAX_LINE_SIZE has 0.98


def with_environment(settings: Settings, variables: Mapping[str, str]) -> Settings:
    """The settings with those that the variables set; raises ConfigError.

    Variables that begin with `SIGYN_` and a section, look nearly like one that is known, or lack its section alone,
    must be known, so that a misspelt one is found and those of other programs and of Kubernetes are not.
    """
    declarations = {declaration.variable: declaration for declaration in DECLARATIONS.values()}
    values = {}
    for variable, text in variables.items():
        declaration = declarations.get(variable)
        if declaration is None:
            meant = [known for known in declarations if _without_section(known) == variable]
            if meant:
                raise ConfigError(
                    f"no setting belongs to the variable {variable}: its section is missing, write {' or '.join(meant)}"
                )
            if not _is_misspelt(variable, declarations):
                continue
            raise ConfigError(f"no setting belongs to the variable {variable}{neighbours(variable, declarations)}")
        try:
            values[declaration.path] = declaration.kind.read(text)
        except ValueError as error:
            shown = declaration.kind.in_errors(text)
            raise ConfigError(f"variable {variable}: `{shown}` is not a value of {declaration.path}: {error}") from None
    return with_values(settings, values)


def _is_misspelt(variable: str, known: Mapping[str, object]) -> bool:
    if not variable.startswith("SIGYN_") or _OF_KUBERNETES.search(variable):
        return False
    return variable.startswith(_SECTION_PREFIXES) or bool(get_close_matches(variable, known, cutoff=_ALIKE))


def _without_section(variable: str) -> str:
    section = next(prefix for prefix in _SECTION_PREFIXES if variable.startswith(prefix))
    return "SIGYN_" + variable.removeprefix(section)
