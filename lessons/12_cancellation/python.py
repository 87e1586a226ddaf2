"""12 - Cancellation: what happens to a future I drop?

Cancels a transfer between its two halves, a handler whose
client disconnects, and a cleanup that has to await; and
shows what protects each of them.

Run it with `python3 lessons/12_cancellation/python.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from time import perf_counter

from aiohttp import web

AFTER = 0.1
WORK = 0.2


@contextmanager
def held(name: str) -> Iterator[None]:
    """Prints its name at its end."""
    try:
        yield
    finally:
        print(f"  {name}", end="")


async def step() -> None:
    with held("step"):
        await asyncio.sleep(WORK)


async def work() -> None:
    with held("file"), held("lock"):
        await step()
        print("  the end", end="")


class Accounts:
    """Two accounts. Before and after each transfer, the
    sum is 100."""

    def __init__(self) -> None:
        self.giver = 100
        self.taker = 0
        self.lock = asyncio.Lock()


async def confirm() -> None:
    """Stands for a request to another service."""
    await asyncio.sleep(WORK)


# ANCHOR: locked
async def under_a_lock(accounts: Accounts) -> None:
    async with accounts.lock:
        accounts.giver -= 10
        await confirm()
        accounts.taker += 10
# ANCHOR_END: locked


async def except_exception(accounts: Accounts) -> None:
    """CancelledError is not an Exception."""
    accounts.giver -= 10
    try:
        await confirm()
    except Exception:
        accounts.giver += 10
        raise
    accounts.taker += 10


# ANCHOR: undone
async def except_cancelled(accounts: Accounts) -> None:
    accounts.giver -= 10
    try:
        await confirm()
    except (Exception, asyncio.CancelledError):
        accounts.giver += 10
        raise  # never swallow a cancellation
    accounts.taker += 10
# ANCHOR_END: undone


async def confirmed_first(accounts: Accounts) -> None:
    """There is no await between the two halves."""
    await confirm()
    accounts.giver -= 10
    accounts.taker += 10


# ANCHOR: shield
async def shielded(accounts: Accounts) -> None:
    """Cancelling ends the wait. The task runs on."""
    task = asyncio.create_task(under_a_lock(accounts))
    await asyncio.shield(task)
# ANCHOR_END: shield


async def row(
    what: str,
    transfer: Callable[[Accounts], Awaitable[None]],
) -> None:
    accounts = Accounts()
    with suppress(TimeoutError):
        await asyncio.wait_for(transfer(accounts), AFTER)
    await asyncio.sleep(2 * WORK)
    async with accounts.lock:
        giver, taker = accounts.giver, accounts.taker
    total = giver + taker
    print(f"  {what:<17} {giver:>3} + {taker:>2} = {total:>3}")


# ANCHOR: handler
class Orders:
    """Counts the orders of a shop."""

    def __init__(self) -> None:
        self.started = 0
        self.saved = 0

    async def save(self) -> None:
        self.started += 1
        await asyncio.sleep(WORK)
        self.saved += 1

    async def handler(
        self, _: web.Request
    ) -> web.Response:
        await self.save()
        return web.Response()

    async def shielded(
        self, _: web.Request
    ) -> web.Response:
        task = asyncio.create_task(self.save())
        await asyncio.shield(task)
        return web.Response()
# ANCHOR_END: handler


async def disconnect(
    what: str, path: str, handler_cancellation: bool
) -> None:
    """Sends a request, and disconnects after a while."""
    orders = Orders()
    app = web.Application()
    app.router.add_post("/plain", orders.handler)
    app.router.add_post("/shield", orders.shielded)
    runner = web.AppRunner(
        app, handler_cancellation=handler_cancellation
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]

    _, client = await asyncio.open_connection(host, port)
    request = f"POST {path} HTTP/1.1\r\nHost: shop\r\n\r\n"
    client.write(request.encode())
    await asyncio.sleep(AFTER)
    client.close()
    await asyncio.sleep(2 * WORK)
    await runner.cleanup()
    print(
        f"  {what:<20} started {orders.started},"
        f" saved {orders.saved}"
    )


# ANCHOR: cleanup
class TempFile:
    """A temporary file. Deleting it takes an await."""

    def __init__(self) -> None:
        self.deleted = 0

    async def delete(self) -> None:
        await asyncio.sleep(WORK)
        self.deleted += 1


async def deleted_after_the_work(file: TempFile) -> None:
    await asyncio.sleep(WORK)
    await file.delete()


async def deleted_in_finally(file: TempFile) -> None:
    try:
        await asyncio.sleep(WORK)
    finally:
        await file.delete()
# ANCHOR_END: cleanup


async def files(
    what: str,
    work: Callable[[TempFile], Awaitable[None]],
) -> None:
    """Cancels some work, and prints how long that takes,
    rounded down to 100 ms. (Timers can fire a tick early,
    hence the 20 ms.)"""
    file = TempFile()
    start = perf_counter()
    with suppress(TimeoutError):
        await asyncio.wait_for(work(file), AFTER)
    took = int((perf_counter() - start + 0.02) * 10) * 100
    print(f"  {what:<14} {file.deleted}, after {took} ms")


# ANCHOR: refuse
async def refuses() -> str:
    try:
        await asyncio.sleep(WORK)
    except asyncio.CancelledError:
        pass
    return "went on"
# ANCHOR_END: refuse


async def main() -> None:
    print("what ends, in this order")
    print("  at an await:", end="")
    with suppress(TimeoutError):
        await asyncio.wait_for(work(), AFTER)

    print("\n\na transfer of 10, cancelled after 100 ms")
    await row("under a lock", under_a_lock)
    await row("except Exception", except_exception)
    await row("except Cancelled", except_cancelled)
    await row("confirmed first", confirmed_first)
    await row("shield", shielded)

    print("\na client that disconnects after 100 ms")
    await disconnect("aiohttp's default", "/plain", False)
    await disconnect("handler_cancellation", "/plain", True)
    await disconnect("and shield", "/shield", True)

    print("\nfiles deleted, of 1, with a timeout of 100 ms")
    await files("after the work", deleted_after_the_work)
    await files("in finally", deleted_in_finally)

    print("\na task that catches CancelledError")
    task = asyncio.create_task(refuses())
    await asyncio.sleep(0)
    task.cancel()
    print(f"  {await task}, cancelled: {task.cancelled()}")


asyncio.run(main())
