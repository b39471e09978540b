#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""pymodbus drives the simulator: a master that nobody here wrote agrees with
its frames, its CRC and its time."""
import struct
import unittest

from pymodbus.client import ModbusSerialClient
from pymodbus.pdu import ModbusRequest, ModbusResponse

import simcase
from simcase import Sim


class PulseRequest(ModbusRequest):
    """FC05 with any value: pymodbus' own sends FF00 and 0000 only."""

    function_code = 5
    _rtu_frame_size = 8

    def __init__(self, address=None, value=None, unit=None, **kwargs):
        ModbusRequest.__init__(self, unit=unit, **kwargs)
        self.address, self.value = address, value

    def encode(self):
        return struct.pack(">HH", self.address, self.value)

    def get_response_pdu_size(self):
        return 5


class PulseResponse(ModbusResponse):
    """The confirmation of it, value and all."""

    function_code = 5
    _rtu_frame_size = 8

    def decode(self, data):
        self.address, self.value = struct.unpack(">HH", data)


class Tap:
    """Passes a serial port through and keeps what was written and read."""

    def __init__(self, port):
        self.port, self.sent, self.got = port, b"", b""

    def write(self, data):
        self.sent += data
        return self.port.write(data)

    def read(self, count):
        data = self.port.read(count)
        self.got += data
        return data

    def take(self):
        both = self.sent.hex(" ").upper(), self.got.hex(" ").upper()
        self.sent = self.got = b""
        return both

    def __getattr__(self, name):
        return getattr(self.port, name)


class Master(unittest.TestCase):
    def run_with(self, baud):
        with Sim(baud=baud) as sim:
            # pymodbus 3.0.0 makes an int of its timeout, so 1 is the least.
            client = ModbusSerialClient(sim.link, baudrate=baud, timeout=1,
                                        parity="N", stopbits=1, bytesize=8)
            client.framer.decoder.register(PulseResponse)
            self.assertTrue(client.connect())
            client.socket = Tap(client.socket)
            try:
                self.drive(sim, client)
            finally:
                client.close()
            self.assertEqual(sim.value("stats", "dropped"), 0)
            self.assertEqual(sim.value("stats", "crc_errors"), 0)

    def drive(self, sim, client):
        reply = client.read_discrete_inputs(0, 8, 1)
        self.assertEqual(reply.bits, [True] * 8)
        self.assertEqual(client.socket.take(), ("01 02 00 00 00 08 79 CC",
                                                "01 02 01 FF E1 C8"))
        reply = client.execute(PulseRequest(0x0200, 7, unit=1))
        self.assertEqual((reply.address, reply.value), (0x0200, 7))
        self.assertEqual(client.socket.take(), ("01 05 02 00 00 07 8D B0",
                                                "01 05 02 00 00 07 8D B0"))
        sim.until("open?", "ok 1 A01")
        self.assertEqual(client.read_discrete_inputs(0, 8, 1).bits,
                         [False] + [True] * 7)
        self.assertEqual(client.read_holding_registers(0x8000, 1, 1).registers,
                         [200])
        self.assertEqual(client.read_holding_registers(0x1000, 8, 2).registers,
                         [0] * 8)
        reply = client.execute(PulseRequest(0x0074, 500, unit=3))
        self.assertEqual((reply.address, reply.value), (0x0074, 500))
        sim.until("open?", "ok 2 A01,C16")
        self.assertEqual(client.read_discrete_inputs(0, 16, 3).bits,
                         [True] * 15 + [False])
        self.assertTrue(client.read_input_registers(0, 1, 1).isError())

    def test_it_reads_and_pulses_at_9600(self):
        self.run_with(9600)

    def test_it_reads_and_pulses_at_115200(self):
        self.run_with(115200)


if __name__ == "__main__":
    simcase.main()
