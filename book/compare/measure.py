"""What a contestant tells of itself: what it measured, its
processor time, its memory. The twin of measure.rs."""

import asyncio
import json
import time
from collections.abc import Coroutine
from typing import Any


def run(loop: str, main: Coroutine[Any, Any, None]) -> None:
    """Runs on the event loop of that name."""
    if loop == "uvloop":
        import uvloop

        uvloop.run(main)
    else:
        asyncio.run(main)


def since(start: float) -> float:
    """Milliseconds since then."""
    return (time.perf_counter() - start) * 1000


def cpu() -> float:
    """The processor time of this process in ms."""
    return time.process_time() * 1000


def memory(which: str) -> float | None:
    """`VmHWM`, the most memory this process has held, or
    `VmRSS`, what it holds now, in MiB, on Linux."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith(which):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def tell(
    work: str,
    values: list[float],
    case: str = "",
    cpu: float | None = None,
    server: float | None = None,
) -> None:
    """Prints what was measured, for the driver."""
    measured = {
        "work": work,
        "case": case,
        "values": values,
        "cpu": cpu,
        "server": server,
        "peak": memory("VmHWM"),
    }
    print(json.dumps(measured), flush=True)
