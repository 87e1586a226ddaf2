"""The memory of a task that waits. The twin of
src/contestant/tasks.rs.

Arguments: loop, number of tasks."""

import asyncio
import os
import sys

from measure import memory, print_sample, run


async def main(tasks: int) -> None:
    waiting = 0

    async def wait() -> None:
        nonlocal waiting
        waiting += 1
        await asyncio.sleep(60)

    before = memory("VmRSS")
    kept = [asyncio.create_task(wait()) for _ in range(tasks)]
    while waiting < len(kept):
        await asyncio.sleep(0)
    after = memory("VmRSS")
    values = []
    if before is not None and after is not None:
        values = [(after - before) * 1024 * 1024 / tasks]
    print_sample("tasks", values)
    os._exit(0)  # Exit without waiting for the tasks.


_, loop, tasks = sys.argv
run(loop, main(int(tasks)))
