"""A minimal async program. The twin of src/contestant/start.rs.

Argument: loop."""

import asyncio
import sys


async def main() -> None:
    await asyncio.sleep(0)
    print("hello")


if sys.argv[1] == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
