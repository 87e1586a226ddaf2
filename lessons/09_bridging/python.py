"""09 - Bridging: how do I call async code from sync code,
and back?

Crosses from sync to async code in eight ways and shows what
happens: a value, a RuntimeError, or a hang. Then compares a
loop for each call with a shared one.

Run it with `python3 lessons/09_bridging/python.py`.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

TICK = 0.2
loops: set[asyncio.AbstractEventLoop] = set()


async def lookup() -> int:
    """Async code: takes 10 ms, and notes its loop."""
    loops.add(asyncio.get_running_loop())
    await asyncio.sleep(0.01)
    return 42


class LoopThread:
    """A loop that runs on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        thread = threading.Thread(
            target=self.loop.run_forever, daemon=True
        )
        thread.start()

    # ANCHOR: facade
    def call(self, job: Coroutine[Any, Any, int]) -> int:
        """Blocks this thread until the result is there."""
        future = asyncio.run_coroutine_threadsafe(
            job, self.loop
        )
        return future.result()
    # ANCHOR_END: facade


shared = LoopThread()


def with_lookup(
    call: Callable[[Coroutine[Any, Any, int]], Any],
) -> Any:
    """Closes the coroutine if `call` does not run it: that
    avoids a warning."""
    coroutine = lookup()
    try:
        return call(coroutine)
    finally:
        coroutine.close()


# ANCHOR: async
def run() -> int:
    return with_lookup(asyncio.run)


def run_until_complete() -> int:
    loop = asyncio.get_running_loop()
    return with_lookup(loop.run_until_complete)


def create_task() -> Any:
    return with_lookup(asyncio.create_task)


def threadsafe() -> int:
    """Waits for its own loop, which waits here."""
    future = asyncio.run_coroutine_threadsafe(
        lookup(), asyncio.get_running_loop()
    )
    try:
        return future.result(timeout=0.3)
    finally:
        future.cancel()
# ANCHOR_END: async


def threadsafe_shared() -> int:
    return shared.call(lookup())


def row(
    what: str, code: Callable[[], Any], errors: list[str]
) -> None:
    try:
        outcome = str(code())
    except TimeoutError:
        outcome = "HUNG"
    except RuntimeError as error:
        if str(error) not in errors:
            errors.append(str(error))
        number = errors.index(str(error)) + 1
        outcome = f"RuntimeError {number}"
    print(f"  {what:<26}  {outcome}")


def different_loop() -> bool:
    """Awaits a future of another loop."""
    future = asyncio.new_event_loop().create_future()

    async def wait() -> None:
        await future

    try:
        asyncio.run(wait())
    except RuntimeError as error:
        return "attached to a different loop" in str(error)
    return False


async def work() -> int:
    await asyncio.sleep(TICK)
    return 42


def main() -> None:
    errors: list[str] = []
    print("on a thread without a loop")
    row("asyncio.run", run, errors)
    row("create_task", create_task, errors)
    row("run_coroutine_threadsafe", threadsafe_shared, errors)

    print("\nin async code")

    async def in_async_code() -> None:
        row("asyncio.run", run, errors)
        row("run_until_complete", run_until_complete, errors)
        row("run_coroutine_threadsafe", threadsafe, errors)
        print("\nin to_thread")
        args = "asyncio.run", run, errors
        await asyncio.to_thread(row, *args)
        args = (
            "run_coroutine_threadsafe",
            threadsafe_shared,
            errors,
        )
        await asyncio.to_thread(row, *args)

    asyncio.run(in_async_code())

    print("\nthe errors, which are expected")
    for number, error in enumerate(errors, 1):
        print(f"  {number}: {error}")

    print("\nthree calls")
    loops.clear()
    for _ in range(3):
        asyncio.run(lookup())
    print(f"  asyncio.run:    {len(loops)} loops")
    loops.clear()
    with asyncio.Runner() as runner:
        for _ in range(3):
            runner.run(lookup())
    print(f"  asyncio.Runner: {len(loops)} loop")

    print("\na future whose loop is another one")
    print(f"  attached to a different loop: {different_loop()}")

    print("\nthree threads call at once, each job takes 200 ms")
    start = perf_counter()
    with ThreadPoolExecutor(3) as threads:
        calls = [
            threads.submit(lambda: shared.call(work()))
            for _ in range(3)
        ]
    answers = sum(call.result() == 42 for call in calls)
    took = int((perf_counter() - start + 0.025) / TICK) * 200
    print(f"  {answers} answers after {took} ms")


main()
