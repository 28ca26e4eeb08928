"""Cuts what comes from a telnet or a netcat into lines of text that a terminal may show."""

import re

LONGEST = 1024

LINE_END = re.compile(b"\r?\n|\r\0")

# What could drive a terminal, reverse what it shows, or forge a line.
HARMFUL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

TOO_LONG = object()
TIMING_MARK = object()


class LineReader:
    def __init__(self):
        self.line = bytearray()  # Without its end yet.
        self.is_too_long = False
        self.command = b""  # The beginning of a telnet command.

    def feed(self, data):
        """Yields each line as a text, TOO_LONG once for a line that is, and TIMING_MARK when telnet
        asks for one."""
        for part in self._without_commands(data):
            if part is TIMING_MARK:
                yield part
            else:
                self.line += part
                yield from self._lines()

    def end(self):
        """Yields the last line, if it has no end."""
        if self.line and not self.is_too_long:
            yield decode(self.line)

    def _lines(self):
        while end := LINE_END.search(self.line):
            line = self.line[: end.start()]
            del self.line[: end.end()]
            if not self.is_too_long:
                yield TOO_LONG if len(line) > LONGEST else decode(line)
            self.is_too_long = False
        rest = self.line.removesuffix(b"\r")
        if len(rest) > LONGEST:
            if not self.is_too_long:
                yield TOO_LONG
            self.is_too_long = True
            del self.line[: len(rest)]

    def _without_commands(self, data):
        while data:
            if not self.command:
                text, found, data = data.partition(b"\xff")
                yield text
                self.command = found
                continue
            self.command += data[:1]
            data = data[1:]
            command = self.command
            if command == b"\xff\xff":
                yield b"\xff"
            elif command == b"\xff\xfd\x06":
                yield TIMING_MARK
            elif not is_whole(command):
                continue
            self.command = b""


def is_whole(command):
    if command[1] == 0xFA:  # A subnegotiation.
        return command.endswith(b"\xff\xf0")
    return len(command) == 2 and command[1] < 0xFA or len(command) == 3


def decode(line):
    return HARMFUL.sub("\ufffd", line.decode("utf-8", "replace"))
