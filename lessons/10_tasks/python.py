"""10 - Tasks: who owns a task, and who sees it fail?

Cancels, drops or times out a task in seven ways and
shows which of them stop it, what awaiting it gives, and
when a cancelled task is gone.

Run it with `python3 lessons/10_tasks/python.py`.
"""

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

AFTER = 0.05


class Work:
    """Works for 100 ms, and notes how it ended."""

    def __init__(self) -> None:
        self.outcome = ""
        self.ended = asyncio.Event()

    async def run(self) -> None:
        self.outcome = "cancelled"
        try:
            await asyncio.sleep(0.1)
            self.outcome = "finished"
        finally:
            self.ended.set()


# ANCHOR: timeout
async def timeout_of_coroutine(work: Work) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(work.run(), AFTER)


async def timeout_of_task(work: Work) -> None:
    """The timeout cancels the task that it awaits."""
    task = asyncio.create_task(work.run())
    with suppress(TimeoutError):
        await asyncio.wait_for(task, AFTER)
# ANCHOR_END: timeout


async def task_deleted(work: Work) -> None:
    task = asyncio.create_task(work.run())
    await asyncio.sleep(AFTER)
    del task


async def task_cancelled(work: Work) -> None:
    task = asyncio.create_task(work.run())
    await asyncio.sleep(AFTER)
    task.cancel()


async def group_left(work: Work) -> None:
    """Leaves the group with an exception. Without one,
    the group would wait for the task."""
    with suppress(ExceptionGroup):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work.run())
            await asyncio.sleep(AFTER)
            raise RuntimeError("enough")


# ANCHOR: child
async def child_awaited(work: Work) -> None:
    """To cancel a task is to cancel what it awaits."""

    async def parent() -> None:
        await asyncio.create_task(work.run())

    task = asyncio.create_task(parent())
    await asyncio.sleep(AFTER)
    task.cancel()
# ANCHOR_END: child


async def child_in_group(work: Work) -> None:
    async def parent() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work.run())

    task = asyncio.create_task(parent())
    await asyncio.sleep(AFTER)
    task.cancel()


async def row(
    what: str, owner: Callable[[Work], Awaitable[None]]
) -> None:
    work = Work()
    await owner(work)
    await work.ended.wait()
    print(f"  {what:<24}  {work.outcome}")


async def describe(task: asyncio.Task[int]) -> str:
    """Describes what awaiting a task gives."""
    try:
        return str(await task)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    except asyncio.CancelledError:
        return "CancelledError"


async def succeeds() -> int:
    await asyncio.sleep(0.01)
    return 7


async def fails() -> int:
    raise LookupError("no such invoice")


async def lost() -> int:
    """Drops a task that fails, and counts what the event
    loop reports."""
    reports = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(
        lambda _, context: reports.append(context)
    )
    task = asyncio.create_task(fails())
    await asyncio.sleep(0.01)
    del task
    gc.collect()
    loop.set_exception_handler(None)
    return len(reports)


async def as_they_finish() -> list[str]:
    async def nap(name: str, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return name

    naps = nap("a", 0.09), nap("b", 0.03), nap("c", 0.06)
    finished = asyncio.as_completed(naps)
    return [await nap for nap in finished]


async def serve(listener: socket.socket) -> None:
    server = await asyncio.start_server(
        lambda reader, writer: None, sock=listener
    )
    async with server:
        await server.serve_forever()


async def restart(wait: bool) -> str:
    """Restarts a server, at once or after its end."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    server = asyncio.create_task(serve(listener))
    await asyncio.sleep(0.01)
    server.cancel()
    if wait:
        with suppress(asyncio.CancelledError):
            await server
    try:
        socket.create_server(address).close()
        return "listening"
    except OSError:
        return "address in use"


async def last() -> None:
    try:
        await asyncio.sleep(3600)
    finally:
        print(
            "\nmain has returned: the last task is"
            " cancelled"
        )


async def main() -> None:
    print("100 ms of work, given up after 50 ms")
    await row("wait_for(coroutine)", timeout_of_coroutine)
    await row("wait_for(task)", timeout_of_task)
    await row("del task", task_deleted)
    await row("task.cancel()", task_cancelled)
    await row("leaving a TaskGroup", group_left)
    await row("parent.cancel(), awaited", child_awaited)
    await row("parent.cancel(), group", child_in_group)

    print("\nwhat awaiting a task gives")
    success = asyncio.create_task(succeeds())
    print(f"  success  {await describe(success)}")
    failure = asyncio.create_task(fails())
    print(f"  failure  {await describe(failure)}")
    cancelled = asyncio.create_task(succeeds())
    cancelled.cancel()
    print(f"  cancel   {await describe(cancelled)}")
    print(f"  dropped  reported by loop: {await lost()}")

    print("\na takes 90 ms, b 30 ms, c 60 ms")
    names = await as_they_finish()
    print(f"  as_completed: {', '.join(names)}")

    print("\na server is cancelled and started again")
    print(f"  at once:       {await restart(wait=False)}")
    print(f"  after its end: {await restart(wait=True)}")

    task = asyncio.create_task(last())
    await asyncio.sleep(0)
    del task


asyncio.run(main())
