"""An echo client with only Python's standard library: echo_client.py HOST PORT

Sends every byte value, text that is not English, and a megabyte, half-closes, and reads to the end
at the same time. Prints "the same" if everything came back.
"""

import asyncio
import sys

MESSAGE = bytes(range(256)) + "汉语/漢語 Hànyǔ\r\n".encode() + b"0123456789abcdef" * 65536


async def main(host: str, port: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)

    async def send() -> None:
        writer.write(MESSAGE)
        await writer.drain()
        writer.write_eof()

    _, received = await asyncio.gather(send(), reader.read())
    writer.close()
    await writer.wait_closed()
    if received != MESSAGE:
        sys.exit(f"{len(received)} bytes came back of {len(MESSAGE)}, or not the same")
    print("the same")


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
