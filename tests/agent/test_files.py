"""Files as they are found in the wild: rotated, cut, in other encodings, with lines of any form."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from sigyn.agent.positions import Positions
from sigyn.agent.targets import globs
from tests.agent.file_reading import append, reading, scenario


def test_lines_come_whole_whatever_the_writer_does(tmp_path: Path) -> None:
    async def run() -> None:
        log = tmp_path / "a.log"
        append(log, "one\r\n\ntw")
        async with reading(log) as sink:
            await sink.until("one", "")
            append(log, "o\nthree")
            await sink.until("one", "", "two")
            append(log, "\n")
            await sink.until("one", "", "two", "three")
            assert sink.entries[0].labels == {"job": "test", "filename": str(log)}
            assert sink.positions[str(log)] == str(log.stat().st_size)
            moments = [entry.timestamp for entry in sink.entries]
            assert moments == sorted(set(moments))

    scenario(run)


def test_a_line_longer_than_any_buffer_comes_in_pieces(tmp_path: Path) -> None:
    async def run() -> None:
        log = tmp_path / "a.log"
        long = "x" * 300_000
        endless = "y" * ((4 << 20) + 10)
        append(log, f"{long}\n{endless}\nend\n")
        async with reading(log) as sink:
            await sink.until(long, "y" * (4 << 20), "y" * 10, "end")

    scenario(run)


def test_new_files_are_found_and_excluded_ones_left(tmp_path: Path) -> None:
    async def run() -> None:
        async with reading(tmp_path / "**/*.{log,txt}", exclude=str(tmp_path / "**/skip*")) as sink:
            await asyncio.sleep(0.1)
            (tmp_path / "b" / "c").mkdir(parents=True)
            append(tmp_path / "b" / "skip.log", "no\n")
            append(tmp_path / "b" / "c" / "deep.txt", "deep\n")
            await sink.until("deep")

    scenario(run)


@pytest.mark.parametrize("pattern", ["*", "*/*", "**", "**/*.log"])
def test_links_to_nowhere_and_to_themselves_are_left(tmp_path: Path, pattern: str) -> None:
    async def run() -> None:
        (tmp_path / "logs" / "in").mkdir(parents=True)
        for folder in (tmp_path / "logs", tmp_path / "logs" / "in"):
            (folder / "self.log").symlink_to(folder / "self.log")
            (folder / "nowhere.log").symlink_to(tmp_path / "nowhere")
            os.mkfifo(folder / "pipe.log")
        folder = tmp_path / "logs" / "in" if pattern == "*/*" else tmp_path / "logs"
        append(tmp_path / "real", "one\n")
        (folder / "real.log").symlink_to(tmp_path / "real")
        async with reading(tmp_path / "logs" / pattern) as sink:
            await sink.until("one")

    scenario(run)


@pytest.mark.parametrize("copied", [False, True])
def test_rotation_loses_nothing(tmp_path: Path, copied: bool) -> None:
    async def run() -> None:
        log, moved = tmp_path / "a.log", tmp_path / "a.log.1"
        append(log, "".join(f"line {number} of the first file\n" for number in range(5)))
        first = [f"line {number} of the first file" for number in range(5)]
        async with reading(log) as sink:
            await sink.until(*first)
            writer = log.open("ab", buffering=0)
            writer.write(b"late\n")
            if copied:
                shutil.copyfile(log, moved)
                os.truncate(log, 0)
            else:
                log.rename(moved)
                writer.write(b"later, by the old name\n")
            append(log, "new\n")
            late = ["late"] if copied else ["late", "later, by the old name"]
            async with asyncio.timeout(10):
                while len(sink.entries) < 5 + len(late) + 1:
                    await asyncio.sleep(0.01)
            assert sorted(sink.lines[5:]) == sorted([*late, "new"])
            writer.close()
            async with asyncio.timeout(10):
                while any(key.startswith("rotated-") for key in sink.positions):
                    await asyncio.sleep(0.01)
            assert sink.positions[str(log)] == "4"

    scenario(run)


@pytest.mark.parametrize("how", ["renamed", "copied", "renamed and no new file"])
def test_what_was_rotated_while_no_agent_ran_is_read_to_its_end(tmp_path: Path, how: str) -> None:
    async def run() -> None:
        log, moved = tmp_path / "a.log", tmp_path / "a.log.1"
        positions: dict[str, str] = {}
        head = "a line that is long enough to know the file by"
        append(log, f"{head}\n")
        async with reading(log, positions) as sink:
            await sink.until(head)
        append(log, "missed\n")
        if how == "copied":
            shutil.copyfile(log, moved)
            os.truncate(log, 0)
        else:
            log.rename(moved)
        if how != "renamed and no new file":
            append(log, "new\n")
        async with reading(log, positions) as sink:
            expected = {"missed"} if how == "renamed and no new file" else {"missed", "new"}
            async with asyncio.timeout(10):
                while len(sink.entries) < len(expected):
                    await asyncio.sleep(0.01)
            assert set(sink.lines) == expected
            assert {entry.labels["filename"] for entry in sink.entries} == {str(log)}

    scenario(run)


def test_files_that_come_and_go_while_reading_waits_for_room_are_read(tmp_path: Path) -> None:
    """As when a server is away, the buffer is full, and logs are rotated more than once."""

    async def run() -> None:
        log = tmp_path / "a.log"
        append(log, "one\n")
        async with reading(log) as sink:
            await sink.until("one")
            sink.has_room.clear()
            append(log, "two\n")
            await sink.until("one", "two")
            for number, line in enumerate(("three", "four", "five"), 1):
                log.rename(tmp_path / f"a.log.{number}")
                append(log, f"{line}\n")
                async with asyncio.timeout(10):
                    while sink.positions.get(f"identity-{log}", "").split(":")[1:2] != [str(log.stat().st_ino)]:
                        await asyncio.sleep(0.01)
            assert sink.lines == ["one", "two"]
            sink.has_room.set()
            async with asyncio.timeout(10):
                while len(sink.lines) < 5:
                    await asyncio.sleep(0.01)
            assert sorted(sink.lines) == sorted(["one", "two", "three", "four", "five"])

    scenario(run)


@pytest.mark.parametrize("how", ["renamed", "copied", "renamed and no new file"])
@pytest.mark.parametrize("links", [1, 2])
def test_behind_a_link_the_rotated_file_lies_beside_the_target(tmp_path: Path, how: str, links: int) -> None:
    """As the kubelet has it: a link in `containers`, the file and what is rotated away in a folder of `pods`."""

    async def run() -> None:
        (tmp_path / "pods" / "web").mkdir(parents=True)
        (tmp_path / "containers").mkdir()
        log, link = tmp_path / "pods" / "web" / "0.log", tmp_path / "containers" / "web.log"
        if links == 2:
            (tmp_path / "pods" / "latest").symlink_to("web/0.log")
        link.symlink_to("../pods/latest" if links == 2 else "../pods/web/0.log")
        positions: dict[str, str] = {}
        read = [f"line {number} that was read before the agent stopped" for number in range(5)]
        append(log, "".join(f"{line}\n" for line in read))
        async with reading(tmp_path / "containers" / "*.log", positions) as sink:
            await sink.until(*read)
        append(log, "missed 1\nmissed 2\n")
        moved = log.with_name("0.log.20260101-120000")
        if how == "copied":
            shutil.copyfile(log, moved)
            os.truncate(log, 0)
        else:
            log.rename(moved)
        expected = ["missed 1", "missed 2"]
        if how != "renamed and no new file":
            append(log, "new\n")
            expected.append("new")
        async with reading(tmp_path / "containers" / "*.log", positions) as sink:
            async with asyncio.timeout(10):
                while len(sink.entries) < len(expected):
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert sorted(sink.lines) == sorted(expected)
            assert {entry.labels["filename"] for entry in sink.entries} == {str(link)}

    scenario(run)


@pytest.mark.parametrize("inotify", [True, False])
def test_a_rotation_behind_a_link_is_seen_before_the_next_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inotify: bool
) -> None:
    """Files are looked for every ten seconds, in which a file may come, be written, and be moved away itself."""

    async def run() -> None:
        (tmp_path / "pods").mkdir()
        (tmp_path / "containers").mkdir()
        log, link = tmp_path / "pods" / "0.log", tmp_path / "containers" / "web.log"
        link.symlink_to(log)
        append(log, "one\n")
        async with reading(link, sync_period=3600) as sink:
            await sink.until("one")
            for number, expected in ((1, ["one", "two"]), (2, ["one", "two", "three"])):
                log.rename(log.with_name(f"0.log.{number}"))
                append(log, f"{expected[-1]}\n")
                await sink.until(*expected)

    if not inotify:
        monkeypatch.setattr("sigyn.agent.targets.watch.FolderWatch.active", False)
    scenario(run)


def test_a_link_that_was_turned_to_another_file_while_no_agent_ran(tmp_path: Path) -> None:
    """What was not read of the file before lies in the folder of the new target, under a name of its own."""

    async def run() -> None:
        (tmp_path / "logs").mkdir()
        before, after, link = tmp_path / "logs" / "monday", tmp_path / "logs" / "tuesday", tmp_path / "app.log"
        link.symlink_to(before)
        positions: dict[str, str] = {}
        append(before, "one\n")
        async with reading(link, positions) as sink:
            await sink.until("one")
        append(before, "missed\n")
        append(after, "new\n")
        link.unlink()
        link.symlink_to(after)
        async with reading(link, positions) as sink:
            async with asyncio.timeout(10):
                while len(sink.entries) < 2:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert sorted(sink.lines) == ["missed", "new"]

    scenario(run)


def test_a_rotated_file_that_matches_too_is_not_read_twice(tmp_path: Path) -> None:
    async def run() -> None:
        log = tmp_path / "a.log"
        positions: dict[str, str] = {}
        append(log, "one\n")
        async with reading(tmp_path / "a.log*", positions) as sink:
            await sink.until("one")
            log.rename(tmp_path / "a.log.1")
            append(tmp_path / "a.log.1", "two\n")
            await sink.until("one", "two")
        (tmp_path / "a.log.1").rename(tmp_path / "a.log.2")
        append(tmp_path / "a.log.2", "three\n")
        async with reading(tmp_path / "a.log*", positions) as sink:
            await sink.until("three")

    scenario(run)


def test_a_chain_of_files_that_all_match_is_not_read_twice_after_a_rotation_without_agent(tmp_path: Path) -> None:
    async def run() -> None:
        log, first, second = (tmp_path / name for name in ("a.log", "a.log.1", "a.log.2"))
        positions: dict[str, str] = {}
        append(first, "oldest\n")
        append(log, "older\n")
        async with reading(tmp_path / "a.log*", positions) as sink:
            await sink.until("older", "oldest")
        append(log, "missed\n")
        first.rename(second)
        log.rename(first)
        append(log, "new\n")
        async with reading(tmp_path / "a.log*", positions) as sink:
            await sink.until("new", "missed")
            append(second, "last\n")
            await sink.until("new", "missed", "last")

    scenario(run)


def test_a_file_of_promtails_positions_goes_on(tmp_path: Path) -> None:
    async def run() -> None:
        log = tmp_path / "a.log"
        append(log, "old\nnew\n")
        async with reading(log, {str(log): "4"}) as sink:
            await sink.until("new")

    scenario(run)


def test_a_position_stays_before_lines_that_a_stage_holds(tmp_path: Path) -> None:
    async def run() -> None:
        log = tmp_path / "a.log"
        positions: dict[str, str] = {}
        stages = "[{multiline: {firstline: '^START', max_wait_time: 1h}}]"
        append(log, "START 1\n more\nSTART 2\n more of 2\n")
        async with reading(log, positions, stages=stages) as sink:
            await sink.until("START 1\n more")
            append(log, "START 3\n")
            await sink.until("START 1\n more", "START 2\n more of 2")
            append(log, " more of 3\n")
            await asyncio.sleep(0.2)
            assert positions[str(log)] == str(len("START 1\n more\nSTART 2\n more of 2\n"))
        append(log, "START 4\n")
        async with reading(log, positions, stages=stages) as sink:
            await sink.until("START 3\n more of 3")

    scenario(run)


@pytest.mark.parametrize(
    ("encoding", "codec"), [("UTF-16LE", "utf-16-le"), ("UTF-16", "utf-16"), ("ISO-8859-1", "latin-1"), ("gbk", "gbk")]
)
def test_encodings(tmp_path: Path, encoding: str, codec: str) -> None:
    async def run() -> None:
        log = tmp_path / "a.log"
        word = "ünï" if codec != "gbk" else "日志"
        append(log, f"{word} one\r\nȊ\n".replace("Ȋ", "two" if "16" not in codec else "Ȋ").encode(codec))
        async with reading(log, encoding=encoding) as sink:
            await sink.until(f"{word} one", "Ȋ" if "16" in codec else "two")
            append(log, "three\n".encode(codec.removesuffix("-le") + "-le" if "16" in codec else codec))
            await sink.until(f"{word} one", "Ȋ" if "16" in codec else "two", "three")

    scenario(run)


def test_without_inotify_files_are_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "other")

    async def run() -> None:
        log = tmp_path / "a.log"
        append(log, "one\n")
        async with reading(tmp_path / "*.log") as sink:
            await sink.until("one")
            append(log, "two\n")
            append(tmp_path / "b.log", "three\n")
            await sink.until("one", "two", "three")

    scenario(run)


def test_positions_survive_and_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "positions.yaml"
    positions = Positions.load(path)
    strange = {"/var/log/a b.log": "1", "/x/é: [": "2", "n": "3", "identity-/a": "1:2:3:ff"}
    positions.apply(strange)
    positions.save()
    assert Positions.load(path).snapshot() == strange
    path.write_text('positions:\n  /var/log/a.log: "17"\n')  # as Promtail writes it
    assert Positions.load(path)["/var/log/a.log"] == "17"
    path.write_text("positions: [")
    with pytest.raises(Exception, match="is not a positions file"):
        Positions.load(path)
    assert Positions.load(path, ignore_invalid=True).snapshot() == {}


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/a/*.log", "/a/x.log", True),
        ("/a/*.log", "/a/b/x.log", False),
        ("/a/**/*.log", "/a/x.log", True),
        ("/a/**/*.log", "/a/b/c/x.log", True),
        ("/a/{x,y{1,2}}.log", "/a/y2.log", True),
        ("/a/{x,y{1,2}}.log", "/a/y3.log", False),
        ("/a/[a-c]?.log", "/a/b1.log", True),
        ("/a/[^a-c]?.log", "/a/b1.log", False),
        (r"/a/\*.log", "/a/*.log", True),
        ("/a/**", "/a/b/c", True),
        ("/a/{x", "/a/{x", True),
    ],
)
def test_globs(pattern: str, path: str, expected: bool) -> None:
    assert globs.matches(pattern, path) is expected
