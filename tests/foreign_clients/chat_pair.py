"""Two people in a chat, with only Python's standard library: chat_pair.py HOST PORT at-once|in-turn

"in-turn" is for a server with one client at a time: the second connects when the first has left.
Prints "heard" if each has received the right lines.
"""

import asyncio
import sys


class Member:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def join(cls, host: str, port: int, name: str) -> "Member":
        member = cls(*await asyncio.open_connection(host, port))
        await member.hear("* welcome, ")
        member.say(f"/nick {name}")
        return member

    def say(self, line: str) -> None:
        self.writer.write(f"{line}\r\n".encode())

    async def hear(self, expected: str) -> None:
        """Reads lines up to the one with this beginning."""
        while True:
            line = await self.reader.readline()
            if not line.endswith(b"\r\n"):
                raise SystemExit(f"the end came, and not {expected!r}")
            if line.decode().startswith(expected):
                return

    async def quit(self) -> None:
        self.say("/quit")
        await self.hear("* goodbye")
        if await self.reader.read():
            raise SystemExit("something came after the goodbye")
        self.writer.close()
        await self.writer.wait_closed()


async def at_once(host: str, port: int) -> None:
    ada = await Member.join(host, port, "ada")
    await ada.hear("* 127.0.0.1:")  # … is now ada
    bob = await Member.join(host, port, "bob")
    for member in ada, bob:
        while True:
            member.say("/who")
            line = (await member.reader.readline()).decode()
            if line == "* here: ada, bob\r\n":
                break
    ada.say("汉语/漢語 Hànyǔ")
    await bob.hear("[ada] 汉语/漢語 Hànyǔ\r\n")
    bob.say("你好")
    await ada.hear("[bob] 你好\r\n")
    await bob.quit()
    await ada.hear("* bob left\r\n")
    await ada.quit()


async def in_turn(host: str, port: int) -> None:
    ada = await Member.join(host, port, "ada")
    ada.say("汉语/漢語 Hànyǔ")
    await ada.quit()
    bob = await Member.join(host, port, "bob")
    await bob.hear("[ada] 汉语/漢語 Hànyǔ\r\n")
    await bob.quit()


host, port, how = sys.argv[1:]
asyncio.run({"at-once": at_once, "in-turn": in_turn}[how](host, int(port)))
print("heard")
