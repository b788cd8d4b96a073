"""Messages and open files between two processes of ours: a pair of Unix sockets that keep messages apart.

Whoever is asked answers later, in any order. A message is pickled, since both ends are the same program; one that is
too large for a socket goes as a file in memory. The other end is gone when reading gives nothing: so an ingest process
ends with its owner, however that ended.
"""

import array
import asyncio
import os
import pickle
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from sigyn.model.errors import SigynError, Unavailable

_log = structlog.get_logger("sigyn.processes")

MOST_INLINE = 16 << 10  # bytes of a message in the socket, whose buffer holds some 200 KB
_MOST_FILES = 64
_READS_AT_ONCE = 64  # messages, before the event loop does something else
_INLINE, _IN_FILE = b"i", b"f"
_TELL, _ASK, _ANSWER, _REFUSE = range(4)

Files = Sequence[int]
"""Descriptors; who sends them gives them up, who gets them has to close them."""

OnTold = Callable[[Any, Files], None]
OnAsked = Callable[[Any, Files], Awaitable[Any]]


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a channel."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class Channel:
    """One end. Belongs to one event loop."""

    def __init__(self, end: socket.socket, told: OnTold, asked: OnAsked, lost: Callable[[], None]) -> None:
        """`told` and `asked` take what the other end says; the answer of `asked`, or its SigynError, goes back.

        `lost` is called once, when the other end is gone; questions to it then raise Unavailable.
        """
        self._end = end
        self._told = told
        self._asked = asked
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[bytes, list[int]]] = deque()
        self._questions: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = True
        end.setblocking(False)
        self._loop.add_reader(end.fileno(), self._read)

    def tell(self, message: Any, files: Files = ()) -> None:
        """Says something, whenever the other end has room for it; nothing when it is gone.

        Raises Unavailable when there can't be a file for a large message. The files are given up in any case.
        """
        self._send((_TELL, 0, message), files)

    def tell_now(self, message: Any, files: Files = ()) -> bool:
        """Says something if the other end has room for it now; else the files stay with the caller."""
        if not self._open or self._waiting:
            return False
        try:
            packet, own = _packet((_TELL, 0, message))
        except Unavailable:
            return False
        try:
            return self._write(packet, [*files, *own])
        finally:
            close_files(own)

    async def ask(self, message: Any, files: Files = ()) -> Any:
        """The other end's answer; raises its SigynError, and Unavailable when it goes away or can't be asked."""
        if not self._open:
            close_files(files)
            raise Unavailable("the process that owns the store is gone")
        self._number += 1
        number, answer = self._number, self._loop.create_future()
        self._questions[number] = answer
        try:
            self._send((_ASK, number, message), files)
            return await answer
        finally:
            self._questions.pop(number, None)

    async def drained(self) -> None:
        """Returns when all that was said is on its way, or the other end is gone."""
        while self._open and self._waiting:
            await asyncio.sleep(0.01)

    def close(self) -> None:
        """Lets go; `lost` is not called any more."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._end.fileno())
        self._loop.remove_writer(self._end.fileno())
        self._end.close()
        for _, files in self._waiting:
            close_files(files)
        self._waiting.clear()
        for question in self._questions.values():
            if not question.done():
                question.set_exception(Unavailable("the other process went away before it answered"))

    def _send(self, frame: tuple[int, int, Any], files: Files) -> None:
        if not self._open:
            close_files(files)
            return
        try:
            packet, own = _packet(frame)
        except Unavailable:
            close_files(files)
            raise
        every = [*files, *own]
        if not self._waiting and self._write(packet, every):
            close_files(every)
            return
        if self._open:
            self._waiting.append((packet, every))
            self._loop.add_writer(self._end.fileno(), self._write_on)

    def _write_on(self) -> None:
        while self._open and self._waiting:
            packet, files = self._waiting[0]
            if not self._write(packet, files):
                return
            close_files(files)
            self._waiting.popleft()
        if self._open:
            self._loop.remove_writer(self._end.fileno())

    def _write(self, packet: bytes, files: Files) -> bool:
        """Whether the packet was sent."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
        try:
            self._end.sendmsg([packet], rights)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            # What the other end said before it went is still read; that then says that it is gone.
            _log.debug("a message could not be sent", error=error.strerror)
            return False
        return True

    def _read(self) -> None:
        for _ in range(_READS_AT_ONCE):
            if not self._open:
                return
            try:
                received = _receive(self._end)
            except (BlockingIOError, InterruptedError):
                return
            if received is None:
                self.close()
                self._lost()
                return
            self._take(*received)

    def _take(self, frame: tuple[int, int, Any], files: Files, whole: bool) -> None:
        kind, number, content = frame
        if not whole:
            _log.warning("a message lost its files: this process may open no more (RLIMIT_NOFILE)")
            close_files(files)
            failure = Unavailable("a process could open no more files")
            if kind == _ASK:
                self._send((_REFUSE, number, failure), ())
            elif kind == _TELL and content is not None:
                self._told(content, ())
            elif (question := self._questions.get(number)) is not None and not question.done():
                question.set_exception(failure)
        elif kind == _TELL:
            self._told(content, files)
        elif kind == _ASK:
            task = self._loop.create_task(self._answer(number, content, files))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            question = self._questions.get(number)
            if question is None or question.done():
                return
            if kind == _ANSWER:
                question.set_result(content)
            else:
                question.set_exception(content)

    async def _answer(self, number: int, question: Any, files: Files) -> None:
        answer: Any = None
        failure: SigynError | None = Unavailable("the process that was asked could not answer")
        try:
            answer = await self._asked(question, files)
            failure = None
        except SigynError as error:
            failure = error
        finally:  # whatever went wrong: who asked must not wait for ever
            try:
                self._send((_ANSWER, number, answer) if failure is None else (_REFUSE, number, failure), ())
            except Unavailable as error:
                self._send((_REFUSE, number, error), ())


def receive_first(end: socket.socket) -> Any:
    """What the other end tells first, before there is a Channel here; blocks. Raises EOFError when that is gone."""
    received = _receive(end)
    if received is None:
        raise EOFError("the other process is gone")
    return received[0][2]


def file_of(content: bytes | memoryview, name: str) -> int:
    """A file in memory with this content."""
    file = os.memfd_create(name, os.MFD_CLOEXEC)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        os.close(file)
        raise
    return file


def _packet(frame: tuple[int, int, Any]) -> tuple[bytes, list[int]]:
    """What goes through the socket, and the files that go with it; raises Unavailable when there can't be a file."""
    content = pickle.dumps(frame, protocol=5)
    if len(content) <= MOST_INLINE:
        return _INLINE + content, []
    kind, number, _ = frame
    try:
        # Without the file it can still be told whose question it was.
        return _IN_FILE + pickle.dumps((kind, number, None)), [file_of(content, "sigyn-message")]
    except OSError as error:
        raise Unavailable(f"a message to another process could not be written: {error.strerror}") from None


def _receive(end: socket.socket) -> tuple[tuple[int, int, Any], list[int], bool] | None:
    """A message, the files that came with it, and whether they are all there; None when the other end is gone.

    When this process may open no more files, some or all are missing, and of a large message its content, None then."""
    try:
        packet, files, flags, _ = socket.recv_fds(end, MOST_INLINE + 64, _MOST_FILES)
    except ConnectionError:
        return None
    if not packet:
        return None
    whole = not flags & socket.MSG_CTRUNC
    if packet[:1] == _INLINE or not whole:
        return pickle.loads(packet[1:]), files, whole
    with open(files.pop(), "rb") as file:
        file.seek(0)
        return pickle.load(file), files, True


def close_files(files: Files) -> None:
    """Closes descriptors that nobody needs any more."""
    for file in files:
        with suppress(OSError):
            os.close(file)
