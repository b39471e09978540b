#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""pymodbus_slave.py [--tcp | --rtu+tcp] LINK: a board out of pymodbus' own server, so that
the library meets a slave nobody here wrote. LINK becomes a symbolic link to
its pty; with --tcp it names the port on 127.0.0.1 where Modbus/TCP is spoken,
with --rtu+tcp RTU frames. Eight relays and inputs, as Waveshare's Relay (D) has them: FC05
at 0x0200 + n pulses, FC02 shows the leaves, FC03 the version and the modes.

Framing, CRC, addressing, the data store and the exceptions are pymodbus'.
One thing is ours: pymodbus reads any FC05 value but FF00 as "off" and would
confirm 0000, so its request class is replaced by one that keeps the value.

Prints `ready`, then `pulse N VALUE` for each pulse. Ends on SIGTERM."""
import asyncio
import fcntl
import functools
import os
import pty
import signal
import struct
import sys
import tty

from pymodbus.datastore import (ModbusSequentialDataBlock,
                                ModbusServerContext, ModbusSlaveContext,
                                ModbusSparseDataBlock)
from pymodbus.pdu import ModbusExceptions, ModbusRequest, ModbusResponse
from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

RELAYS = 8
FLASH_ON = 0x0200
SWING_S = 0.08  # a latch is drawn, a leaf swings


class CoilResponse(ModbusResponse):
    """The confirmation: address and value as they came."""

    function_code = 5
    _rtu_frame_size = 8

    def __init__(self, address=0, value=0, **kwargs):
        ModbusResponse.__init__(self, **kwargs)
        self.address, self.value = address, value

    def encode(self):
        return struct.pack(">HH", self.address, self.value)


class CoilRequest(ModbusRequest):
    """FC05 on a relay board: off, or a pulse in units of 100 ms."""

    function_code = 5
    _rtu_frame_size = 8

    def __init__(self, **kwargs):
        ModbusRequest.__init__(self, **kwargs)
        self.address = self.value = 0

    def decode(self, data):
        self.address, self.value = struct.unpack(">HH", data)

    def execute(self, context):
        relay = self.address % FLASH_ON
        if relay >= RELAYS or self.address >= 2 * FLASH_ON:
            return self.doException(ModbusExceptions.IllegalAddress)
        if self.address < FLASH_ON:
            if self.value != 0:  # held on: this stand-in does not do it
                return self.doException(ModbusExceptions.IllegalValue)
            context.setValues(5, relay, [False])
        else:
            if not 0 < self.value <= 0x7FFF:
                return self.doException(ModbusExceptions.IllegalValue)
            pulse(context, relay, self.value)
        return CoilResponse(self.address, self.value)


def pulse(context, relay, value):
    """The relay closes for value x 100 ms and the leaf springs open."""
    loop = asyncio.get_event_loop()
    context.setValues(5, relay, [True])
    loop.call_later(value / 10, context.setValues, 5, relay, [False])
    loop.call_later(SWING_S, context.setValues, 2, relay, [False])
    print("pulse", relay, value, flush=True)


def raw_pty():
    """A pty in raw mode: its master and its slave's name. The slave stays
    open, so that nobody sees an end of file."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    flags = fcntl.fcntl(master, fcntl.F_GETFL)
    fcntl.fcntl(master, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    return master, os.ttyname(slave)


def join(loop, one, other):
    """What arrives at one end leaves at the other: two ptys, one line."""
    def forward(source, sink):
        try:
            os.write(sink, os.read(source, 256))
        except BlockingIOError:
            pass
    loop.add_reader(one, forward, one, other)
    loop.add_reader(other, forward, other, one)


def board():
    """The data of one board with every leaf shut."""
    registers = {0x8000: 200}
    registers.update({0x1000 + n: 0 for n in range(RELAYS)})
    return ModbusSlaveContext(
        co=ModbusSequentialDataBlock(0, [False] * RELAYS),
        di=ModbusSequentialDataBlock(0, [True] * RELAYS),
        hr=ModbusSparseDataBlock(registers), zero_mode=True)


def store():
    """One board, at address 1."""
    return ModbusServerContext(slaves={1: board()}, single=False)


async def serial():
    """The server on a pty; gives the name of its other end."""
    loop = asyncio.get_running_loop()
    host, host_name = raw_pty()
    line, line_name = raw_pty()
    join(loop, host, line)
    server = ModbusSerialServer(store(), port=line_name, baudrate=115200,
                                timeout=0, ignore_missing_slaves=True)
    server.decoder.register(CoilRequest)
    await server.start()
    return server, host_name


async def network(framer=ModbusSocketFramer):
    """The same on a port of its own; gives its number."""
    server = ModbusTcpServer(store(), framer=framer, address=("127.0.0.1", 0))
    server.decoder.register(CoilRequest)
    server.task = asyncio.ensure_future(server.serve_forever())
    await server.serving
    return server, str(server.server.sockets[0].getsockname()[1])


async def serve(start, link):
    """Runs until SIGTERM."""
    server, name = await start()  # kept: it lives as long as this
    if os.path.islink(link):
        os.unlink(link)
    os.symlink(name, link)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    await stop.wait()
    os.unlink(link)


KINDS = {
    (): serial,
    ("--tcp",): network,
    ("--rtu+tcp",): functools.partial(network, ModbusRtuFramer),
}


def main():
    """Takes the arguments."""
    kind = KINDS.get(tuple(sys.argv[1:-1]))
    if kind is None or len(sys.argv) < 2:
        sys.exit("usage: pymodbus_slave.py [--tcp | --rtu+tcp] LINK")
    asyncio.run(serve(kind, sys.argv[-1]))
    # pymodbus' reader is still waiting; the line is gone anyway.
    sys.stdout.flush()
    os._exit(0)


main()
