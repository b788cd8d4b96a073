"""Settings from environment variables: SIGYN_LIMITS_MAX_LINE_SIZE=1MB sets limits.max_line_size."""

from collections.abc import Mapping

from sigyn.config.errors import ConfigError, neighbours
from sigyn.config.settings import DECLARATIONS, SECTIONS, Settings, with_values

_SECTION_PREFIXES = tuple(f"SIGYN_{section}_".upper() for section in SECTIONS)


def with_environment(settings: Settings, variables: Mapping[str, str]) -> Settings:
    """The settings with those that the variables set; raises ConfigError.

    Only variables that begin with `SIGYN_` and a section are looked at, so that a misspelt one is
    found and those of other programs are not.
    """
    declarations = {declaration.variable: declaration for declaration in DECLARATIONS.values()}
    values = {}
    for variable, text in variables.items():
        if not variable.startswith(_SECTION_PREFIXES):
            continue
        declaration = declarations.get(variable)
        if declaration is None:
            raise ConfigError(f"no setting belongs to the variable {variable}{neighbours(variable, declarations)}")
        try:
            values[declaration.path] = declaration.kind.read(text)
        except ValueError as error:
            shown = declaration.kind.in_errors(text)
            raise ConfigError(f"variable {variable}: `{shown}` is not a value of {declaration.path}: {error}") from None
    return with_values(settings, values)
