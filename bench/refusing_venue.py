"""A venue that takes the time and refuses every order, as its own process: ``python -m bench.refusing_venue``.

Says its port on the first line and ends when its standard input does.
"""

import asyncio
import sys
from typing import Final

REFUSED: Final = b'{"error":"invalid post-only order: order crosses book"}'
TIME: Final = b"1764000000"
LENGTH: Final = b"content-length:"


def _answer(status: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(LENGTH)]
            if lengths:
                await reader.readexactly(int(lengths[0].removeprefix(LENGTH)))
            is_order = head.startswith(b"POST /order ")
            writer.write(_answer(b"400 Bad Request", REFUSED) if is_order else _answer(b"200 OK", TIME))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_main())
