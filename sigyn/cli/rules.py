"""`sigyn rules`: rule files checked, and tested."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sigyn.ruler.rule import RuleGroup

EPILOG = """\b
Examples:
  sigyn rules check rules/            a folder, with every file in it
  sigyn rules check alerts.yaml
  sigyn rules test alerts_test.yaml   or a folder, with every *_test.yaml in it

\b
docs/rules.md says what rules are, and how their tests are written.
"""

_PATH = click.Path(exists=True, path_type=Path)


@click.group(epilog=EPILOG)
def rules() -> None:
    """Check and test alerting and recording rules."""


@rules.command()
@click.argument("paths", nargs=-1, required=True, type=_PATH)
def check(paths: tuple[Path, ...]) -> int:
    """Say what is wrong in rule files: where, and what would be right."""
    from sigyn.ruler.rule_file import RuleFileError, read_rule_file
    from sigyn.ruler.rule_folder import is_rule_file

    wrong = 0
    for path in _files(paths, is_rule_file, "file of rules: .yaml, .yml or .rules"):
        try:
            groups = read_rule_file(_text(path), str(path))
        except RuleFileError as error:
            wrong += len(error.problems)
            click.echo(str(error), err=True)
        else:
            count = sum(len(group.rules) for group in groups)
            click.echo(f"{path}: {_counted(count, 'rule')} in {_counted(len(groups), 'group')}, nothing wrong")
            for note in _notes(groups):
                click.echo(f"{path}:{note}", err=True)
    if wrong:
        click.echo(_counted(wrong, "problem"), err=True)
    return 1 if wrong else 0


@rules.command()
@click.argument("paths", nargs=-1, required=True, type=_PATH)
def test(paths: tuple[Path, ...]) -> int:
    """Run unit tests for rules, as promtool has them, with log lines as input."""
    from sigyn.ruler.rehearsal.run import run_tests
    from sigyn.ruler.rehearsal.script import read_test_script
    from sigyn.ruler.rule_folder import is_test_file

    failed = 0
    for path in _files(paths, is_test_file, "tests of rules: files such as shop_test.yaml"):
        script = read_test_script(_text(path), str(path))
        failures = run_tests(script, path.parent)
        failed += len(failures)
        for failure in failures:
            click.echo(f"FAILED {failure}", err=True)
        if not failures:
            click.echo(f"{path}: {_counted(len(script.tests), 'test')} passed")
    return 1 if failed else 0


def _files(paths: tuple[Path, ...], wanted: Callable[[Path], bool], what: str) -> Iterator[Path]:
    """The files that were named, and those wanted of the folders that were. Raises NotFound for a folder without any:
    a check that looked at nothing is no success."""
    from sigyn.model.errors import NotFound

    for path in paths:
        found = list(filter(wanted, sorted(path.rglob("*")))) if path.is_dir() else [path]
        if not found:
            raise NotFound(f"the folder {path} has no {what}")
        yield from found


def _notes(groups: "Iterable[RuleGroup]") -> Iterator[str]:
    """What has no effect, and how expressions were read that may mean something else, each behind its line."""
    for group in groups:
        yield from (f"{line}: note: {note}" for line, note in group.notes)
        for rule in group.rules:
            for info in rule.expression.infos:
                yield f"{rule.line}: note: group `{group.name}`, rule `{rule.name}`: {info}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _text(path: Path) -> str:
    from sigyn.model.errors import BadRequest

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} can't be read: {error}") from None
