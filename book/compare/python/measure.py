"""The output of a contestant: the values it measured, its CPU
time and its memory. The twin of src/sample.rs."""

import asyncio
import json
import time
from collections.abc import Coroutine
from typing import Any


def run(loop: str, main: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine on asyncio's event loop or on uvloop."""
    if loop == "uvloop":
        import uvloop

        uvloop.run(main)
    else:
        asyncio.run(main)


def since(start: float) -> float:
    """Milliseconds since `start`."""
    return (time.perf_counter() - start) * 1000


def cpu() -> float:
    """CPU time of this process in milliseconds."""
    return time.process_time() * 1000


def memory(which: str) -> float | None:
    """Peak (`VmHWM`) or current (`VmRSS`) resident memory in
    MiB, on Linux."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith(which):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def print_sample(
    benchmark: str,
    values: list[float],
    case: str = "",
    cpu: float | None = None,
    server: float | None = None,
) -> None:
    """Prints a sample for the driver to read."""
    sample = {
        "benchmark": benchmark,
        "case": case,
        "values": values,
        "cpu": cpu,
        "server": server,
        "peak": memory("VmHWM"),
    }
    print(json.dumps(sample), flush=True)
