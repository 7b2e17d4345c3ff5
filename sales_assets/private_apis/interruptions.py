"""How a signal ends running work: it reaches the work at once, and no retry policy tries the step again.

Python runs a signal's handler between two of its own instructions, so not while a library computes, and
Dagster only makes a note of a signal while it stores an output or an event. Therefore a thread listens for
signals and cancels the work; what is to be cancelled, and how, belongs to the caller. A library written in
Python needs no thread, but a handler that raises.
"""

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import dagster as dg

_ENDING = {signal.SIGINT, signal.SIGTERM}
_SIGNALS_AT_ONCE = 64
_END_SECONDS = 1.0


class RetryUnlessTerminated(dg.RetryPolicy):
    """A retry policy that does not try a terminated step again.

    Dagster asks the policy for its delay while it handles what ended the step, an interruption too.
    """

    def calculate_delay(self, attempt_num: int) -> float:
        """Return the delay in seconds; raise an interruption on, as it would be without a policy.

        Some libraries catch everything, an interruption too, and raise an error of their own in its place.
        """
        error = sys.exception()
        while error is not None:
            if isinstance(error, KeyboardInterrupt | dg.DagsterExecutionInterruptedError):
                raise error
            error = error.__cause__ or error.__context__
        return float(super().calculate_delay(attempt_num))


class Work:
    """Something that a signal cancels.

    Attributes:
        cancel: Ends the work; called from another thread.
        is_interrupted: Whether a signal has come.
    """

    def __init__(self, cancel: Callable[[], object]):
        self.cancel = cancel
        self.is_interrupted = False


@contextmanager
def pass_on_interruptions(cancel: Callable[[], object]) -> Iterator[Work]:
    """Cancel the work of a block when this process is asked to end, even while a library computes.

    An error of the block is then a consequence, and the interruption is raised in its place. Outside of the
    main thread, which signals do not reach, this does nothing.

    Args:
        cancel: Ends the work; called from another thread.

    Raises:
        KeyboardInterrupt: A signal came, and the block failed.
    """
    work = Work(cancel)
    _LISTENER.add(work)
    try:
        yield work
    except Exception as error:
        if _LISTENER.has_interrupted(work):
            raise KeyboardInterrupt from error
        raise
    finally:
        _LISTENER.remove(work)


@contextmanager
def raise_interruptions() -> Iterator[None]:
    """End a block at once when this process is asked to end, if a library written in Python works in it.

    Outside of the main thread, which signals do not reach, this does nothing.

    Raises:
        KeyboardInterrupt: A signal came.
    """
    former = {each: signal.getsignal(each) for each in _ENDING if _is_main_thread()}
    handled = {each: handler for each, handler in former.items() if callable(handler)}
    for each in handled:
        signal.signal(each, signal.default_int_handler)
    try:
        yield
    finally:
        for each, handler in handled.items():
            signal.signal(each, handler)


class _Listener:
    """Reads from a pipe, in a thread, the signals that Python writes into it as soon as they arrive.

    The pipe exists only while there is work.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._works: list[Work] = []
        self._pipe: tuple[socket.socket, socket.socket] | None = None
        self._thread: threading.Thread | None = None
        self._former_fd = -1

    def add(self, work: Work) -> None:
        if not _is_main_thread():
            return
        with self._lock:
            self._works.append(work)
            if self._pipe is None:
                self._pipe = incoming, outgoing = socket.socketpair()
                outgoing.setblocking(False)
                self._former_fd = signal.set_wakeup_fd(outgoing.fileno(), warn_on_full_buffer=False)
                self._thread = threading.Thread(
                    target=self._listen, args=[incoming], name="signals", daemon=True
                )
                self._thread.start()

    def remove(self, work: Work) -> None:
        """Forget the work. The garbage collector may do so in any thread; then the pipe is kept."""
        ending = None
        with self._lock:
            if work in self._works:
                self._works.remove(work)
            if self._pipe and not self._works and _is_main_thread():
                signal.set_wakeup_fd(self._former_fd)
                self._pipe[1].close()  # ends the thread
                self._pipe, self._thread, ending = None, None, self._thread
        if ending:
            # The interpreter would end without it, not free what it refers to, and DuckDB would list that.
            ending.join(_END_SECONDS)

    def has_interrupted(self, work: Work) -> bool:
        """Whether a signal has come, even if the thread has not read it yet."""
        with self._lock, suppress(BlockingIOError):
            if self._pipe and work in self._works:
                self._note(self._pipe[0].recv(_SIGNALS_AT_ONCE, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        return work.is_interrupted

    def _listen(self, incoming: socket.socket) -> None:
        with incoming:
            # Signals stay in the pipe until they are noted, so that `has_interrupted` misses none.
            while signals := incoming.recv(_SIGNALS_AT_ONCE, socket.MSG_PEEK):
                for work in self._note(signals):
                    with suppress(Exception):  # what ended meanwhile cannot be cancelled
                        work.cancel()
                incoming.recv(len(signals))

    def _note(self, signals: bytes) -> list[Work]:
        """Mark the work as interrupted, and return it, the latest first."""
        with self._lock:
            if _ENDING.isdisjoint(signals):
                return []
            for work in self._works:
                work.is_interrupted = True
            return self._works[::-1]


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


_LISTENER = _Listener()
