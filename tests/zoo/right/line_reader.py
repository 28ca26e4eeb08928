"""Cuts what comes from a telnet or a netcat into lines of text that a terminal may show."""

import re

LONGEST = 1024

# What could drive a terminal, reverse what it shows, or forge a line.
HARMFUL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

TOO_LONG = object()
TIMING_MARK = object()


class LineReader:
    def __init__(self):
        self.line = bytearray()
        self.command = b""  # The beginning of a telnet command.
        self.after_return = False
        self.is_too_long = False

    def feed(self, data):
        """Yields each line as a text, TOO_LONG once for a line that is, and TIMING_MARK when telnet
        asks for one."""
        for byte in data:
            if self.command:
                yield from self._go_on_with_command(byte)
            elif byte == 0xFF:
                self.command = b"\xff"
            else:
                yield from self._take(byte)

    def end(self):
        """Yields the last line, if it has no end."""
        if self.line and not self.is_too_long:
            yield self._text()

    def _go_on_with_command(self, byte):
        self.command += bytes([byte])
        command = self.command
        if command == b"\xff\xff":
            self.command = b""
            yield from self._take(0xFF)
        elif len(command) == 2 and command[1] < 0xFA:
            self.command = b""
        elif len(command) == 3 and command[1] > 0xFA:
            self.command = b""
            if command == b"\xff\xfd\x06":
                yield TIMING_MARK
        elif command[1] == 0xFA and command.endswith(b"\xff\xf0"):
            self.command = b""

    def _take(self, byte):
        if byte == 0x0A or (self.after_return and byte == 0):
            if self.after_return:
                self.line.pop()
            self.after_return = False
            if not self.is_too_long:
                yield self._text()
            self.line.clear()
            self.is_too_long = False
            return
        self.after_return = byte == 0x0D
        self.line.append(byte)
        if len(self.line) - self.after_return > LONGEST:
            if not self.is_too_long:
                yield TOO_LONG
            self.is_too_long = True
            self.line.clear()
            self.after_return = False

    def _text(self):
        return HARMFUL.sub("\ufffd", self.line.decode("utf-8", "replace"))
