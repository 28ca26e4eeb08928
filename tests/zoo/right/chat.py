"""Chat, with a task for each client."""

import asyncio
import collections
import re
import socket
import sys

from line_reader import TIMING_MARK, TOO_LONG, LineReader

HISTORY = collections.deque(maxlen=20)
MEMBERS = {}  # Each name and its member, in the order of joining.
NAME = re.compile("[A-Za-z0-9_-]{1,16}")
MOST_UNSENT = 1 << 20
HELP = ["/nick NAME takes a name", "/who lists the members", "/quit leaves"]


class Member:
    def __init__(self, name, writer):
        self.name = name
        self.writer = writer
        self.reason = ""
        self.is_leaving = False

    def hear(self, line):
        self.writer.write(f"{line}\r\n".encode())
        if self.writer.transport.get_write_buffer_size() > MOST_UNSENT:
            # It does not read: it must not cost the others anything.
            self.reason = ": too slow"
            self.writer.transport.abort()

    def command(self, word, argument):
        if word == "/nick":
            self.take_name(argument)
        elif word == "/who":
            self.hear("* here: " + ", ".join(member.name for member in MEMBERS.values()))
        elif word == "/help":
            for line in HELP:
                self.hear(f"* {line}")
        elif word == "/quit":
            self.hear("* goodbye")
            self.is_leaving = True
        else:
            self.hear(f"* no command {word}; try /help")

    def take_name(self, name):
        if not NAME.fullmatch(name):
            self.hear("* a name is 1 to 16 letters, digits, _ or -")
        elif name == self.name:
            self.hear(f"* you are {name} already")
        elif any(m.name.lower() == name.lower() for m in MEMBERS.values() if m is not self):
            self.hear(f"* the name {name} is taken")
        else:
            old, self.name = self.name, name
            tell(f"* {old} is now {name}")

    def say(self, line):
        if line is TIMING_MARK:
            self.writer.write(b"\xff\xfc\x06")
        elif line is TOO_LONG:
            self.hear("* a line has at most 1024 bytes; that one was dropped")
        elif line.startswith("/") and not line.startswith("//"):
            word, _, argument = line.partition(" ")
            self.command(word, argument.strip())
        elif line:
            said = f"[{self.name}] {line.removeprefix('/') if line.startswith('//') else line}"
            HISTORY.append(said)
            tell(said, but=self)


def tell(line, but=None):
    for member in list(MEMBERS.values()):
        if member is not but:
            member.hear(line)


async def let_them_read():
    """Holds a speaker for a moment while others are behind: those who read catch up."""
    for _ in range(40):
        await asyncio.sleep(0)
        unsent = [m.writer.transport.get_write_buffer_size() for m in MEMBERS.values()]
        if max(unsent, default=0) < MOST_UNSENT // 2:
            return
        await asyncio.sleep(0.005)


async def listen_to(member, reader):
    lines = LineReader()
    while data := await reader.read(65536):
        for line in lines.feed(data):
            member.say(line)
            if member.is_leaving:
                return
        await let_them_read()
    for line in lines.end():
        member.say(line)


async def converse(reader, writer):
    host, port = writer.get_extra_info("peername")[:2]
    member = Member(f"{host}:{port}", writer)
    MEMBERS[id(member)] = member
    member.hear(f"* welcome, {member.name}; {len(MEMBERS)} here")
    for line in HISTORY:
        member.hear(line)
    tell(f"* {member.name} joined", but=member)
    try:
        await listen_to(member, reader)
    except OSError:
        pass  # This member alone is lost.
    del MEMBERS[id(member)]
    tell(f"* {member.name} left{member.reason}")
    try:
        # What the member has not read yet must not be overtaken by a reset.
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 2)
    except (OSError, asyncio.TimeoutError):
        pass
    writer.close()


async def main():
    server = await asyncio.start_server(converse, "127.0.0.1", int(sys.argv[1]), backlog=128)
    await server.serve_forever()


asyncio.run(main())
