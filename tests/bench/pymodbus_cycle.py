#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""pymodbus_cycle.py PORT BAUD CYCLES: reads 24 inputs of 32 boards so often.
Prints transactions, failures, CPU microseconds of all of them."""
import logging
import sys
import time

from pymodbus.client import ModbusSerialClient

logging.disable(logging.CRITICAL)
port, baud, cycles = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
# Debian's pymodbus makes an int of its time-out, so 1 is the least.
client = ModbusSerialClient(port, baudrate=baud, timeout=1, parity="N",
                            stopbits=2, bytesize=8)
if not client.connect():
    sys.exit("cannot connect")
failed = 0
began = time.process_time()
for _ in range(cycles):
    for board in range(1, 33):
        reply = client.read_discrete_inputs(0, 24, board)
        failed += reply.isError() or sum(reply.bits[:24]) != 24
took = time.process_time() - began
client.close()
print(cycles * 32, failed, took * 1e6)
