#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""What the boards' makers wrote about their frames, sent byte by byte."""
import time
import unittest

import simcase
from simcase import Sim, frame

# Published frames, with the CRC that was published.
GOLDEN = [
    ("flash relay 1, 700 ms", "01 05 02 00 00 07 8D B0"),
    ("flash relay 2, 800 ms", "01 05 02 01 00 08 9C 74"),
    ("flash relay 1, 200 ms", "01 05 02 00 00 02 4D B3"),
    ("flash off", "01 05 04 00 00 07 8D 38"),
    ("relay 1 on", "01 05 00 00 FF 00 8C 3A"),
    ("relay 1 toggle", "01 05 00 00 55 00 F2 9A"),
    ("all on", "01 05 00 FF FF 00 BC 0A"),
    ("all off", "01 05 00 FF 00 00 FD FA"),
]
XUNMING = [
    ("lock 1, 500 ms", "05 00 65 01 F4"),
    ("lock 16, 500 ms", "05 00 74 01 F4"),
    ("lock 1, default time", "05 00 65 FF 00"),
    ("lock 1, held", "05 00 65 FF FF"),
    ("lock 1, off", "05 00 65 00 00"),
]


class Waveshare(unittest.TestCase):
    def test_published_writes_are_confirmed_by_their_echo(self):
        with Sim("--fast") as sim:
            for name, text in GOLDEN:
                with self.subTest(name):
                    request = bytes.fromhex(text)
                    self.assertEqual(frame(text[:17]), request)
                    self.assertEqual(sim.exchange(request), request)

    def test_inputs_and_relays_are_read(self):
        with Sim("--fast") as sim:
            self.assertEqual(
                sim.exchange(bytes.fromhex("01 02 00 00 00 08 79 CC"), 6),
                frame("01 02 01 FF"))
            sim.ask("door A03 force")
            self.assertEqual(sim.exchange(frame("01 02 00 00 00 08"), 6),
                             frame("01 02 01 FB"))
            sim.exchange(frame("01 05 00 01 FF 00"))
            self.assertEqual(
                sim.exchange(bytes.fromhex("01 01 00 00 00 08 3D CC"), 6),
                frame("01 01 01 02"))

    def test_inputs_follow_the_polarity_of_the_locks(self):
        with Sim("--fast", shut_is=0) as sim:
            sim.ask("door A01 force")
            self.assertEqual(sim.exchange(frame("01 02 00 00 00 08"), 6),
                             frame("01 02 01 01"))

    def test_registers_answer_version_address_and_modes(self):
        with Sim("--fast") as sim:
            self.assertEqual(sim.exchange(frame("01 03 80 00 00 01"), 7),
                             frame("01 03 02 00 C8"))
            self.assertEqual(sim.exchange(frame("01 03 10 00 00 08"), 21),
                             frame("01 03 10" + " 00" * 16))
            sim.exchange(frame("01 06 10 02 00 01"))
            self.assertEqual(sim.exchange(frame("01 03 10 02 00 01"), 7),
                             frame("01 03 02 00 01"))

    def test_what_does_not_exist_is_an_exception(self):
        cases = [("01 04 00 00 00 01", "01 84 01"),
                 ("01 02 00 00 00 09", "01 82 02"),
                 ("01 05 02 08 00 05", "01 85 02"),
                 ("01 05 02 00 80 00", "01 85 03"),
                 ("01 05 00 00 12 34", "01 85 03"),
                 ("01 03 50 00 00 01", "01 83 02"),
                 ("01 06 10 00 00 04", "01 86 03")]
        with Sim("--fast") as sim:
            for request, reply in cases:
                with self.subTest(request):
                    self.assertEqual(sim.exchange(frame(request), 5),
                                     frame(reply))
            self.assertEqual(sim.value("stats", "exceptions"), len(cases))

    def test_all_on_opens_every_door_of_the_board(self):
        with Sim("--fast") as sim:
            sim.exchange(bytes.fromhex("01 05 00 FF FF 00 BC 0A"))
            sim.until("opened?", "ok 8 A01,A02,A03,A04,A05,A06,A07,A08")
            self.assertEqual(sim.value("outputs", "on"), 8)
            self.assertEqual(sim.value("outputs", "peak"), 8)

    def test_a_broadcast_opens_every_board_and_nothing_answers(self):
        with Sim("--fast") as sim:
            self.assertTrue(
                sim.silent(bytes.fromhex("00 05 00 FF FF 00 BD DB")))
            sim.until("opened?", "ok 16 " + ",".join(
                f"{c}{n:02}" for c in "AB" for n in range(1, 9)))

    def test_writing_all_coils_at_once_opens_them(self):
        with Sim("--fast") as sim:
            self.assertEqual(
                sim.exchange(
                    bytes.fromhex("01 0F 00 00 00 08 01 FF BE D5")),
                frame("01 0F 00 00 00 08"))
            sim.until("open?", "ok 8 A01,A02,A03,A04,A05,A06,A07,A08")

    def test_flash_off_leaves_the_relay_on(self):
        with Sim("--fast") as sim:
            sim.exchange(frame("01 05 04 00 00 01"))
            sim.until("open?", "ok 1 A01")
            self.assertEqual(sim.value("outputs", "on"), 1)

    def test_a_new_address_is_obeyed_and_a_double_one_is_junk(self):
        with Sim("--fast") as sim:
            self.assertEqual(sim.exchange(frame("02 06 40 00 00 01")),
                             frame("02 06 40 00 00 01"))
            self.assertTrue(sim.silent(frame("02 01 00 00 00 08")))
            sim.ask("door B01 force")
            reply = sim.exchange(frame("01 02 00 00 00 08"), 6)
            self.assertNotEqual(simcase.crc16(reply[:-2]), reply[-2:])
            self.assertGreater(sim.value("stats", "collisions"), 0)

    def test_an_input_drives_the_relay_in_linkage_mode(self):
        with Sim("--fast", shut_is=0) as sim:
            sim.exchange(frame("01 06 10 00 00 01"))
            self.assertEqual(sim.value("outputs", "on"), 0)
            sim.ask("sensor A01 stuck-open")
            self.assertEqual(sim.value("outputs", "on"), 1)
            sim.until("open?", "ok 1 A01")

    def test_a_board_set_to_another_speed_is_deaf(self):
        with Sim("--fast") as sim:
            sim.exchange(frame("01 06 20 00 00 01"))
            self.assertTrue(sim.silent(frame("01 01 00 00 00 08")))


class Xunming(unittest.TestCase):
    def test_published_writes_are_confirmed_by_their_echo(self):
        with Sim("--fast") as sim:
            for name, text in XUNMING:
                with self.subTest(name):
                    request = frame("03 " + text)
                    self.assertEqual(sim.exchange(request), request)

    def test_the_value_is_the_pulse_in_milliseconds(self):
        with Sim("--fast") as sim:
            sim.exchange(frame("03 05 00 6A 01 2C"))
            sim.until("solenoid C06", "ok rests hot=0 longest_ms=300")
            sim.until("open?", "ok 1 C06")

    def test_the_default_pulse_ends_and_a_hold_does_not(self):
        with Sim("--fast") as sim:
            sim.exchange(frame("03 05 00 65 FF 00"))
            sim.exchange(frame("03 05 00 66 FF FF"))
            sim.until("solenoid C01", "ok rests hot=0 longest_ms=500")
            self.assertEqual(sim.value("outputs", "on"), 1)
            self.assertIn("fed", sim.ask("solenoid C02"))

    def test_the_wildcard_address_opens_on_every_board(self):
        with Sim("--fast") as sim:
            sim.exchange(frame("FE 05 00 65 01 F4"))
            sim.until("opened?", "ok 2 C01,D01")

    def test_feedback_lies_where_the_profile_says(self):
        with Sim("--fast") as sim:
            sim.ask("door C10 force")
            self.assertEqual(sim.exchange(frame("03 02 00 00 00 10"), 7),
                             frame("03 02 02 FF FD"))

    def test_a_new_address_answers_from_itself(self):
        with Sim("--fast") as sim:
            self.assertEqual(sim.exchange(frame("03 06 03 E9 00 09")),
                             frame("09 06 03 E9 00 09"))
            self.assertEqual(sim.exchange(frame("09 03 03 E9 00 01"), 7),
                             frame("09 03 02 00 09"))

    def test_unknown_requests_are_exceptions(self):
        with Sim("--fast") as sim:
            self.assertEqual(sim.exchange(frame("03 05 00 75 01 F4"), 5),
                             frame("03 85 02"))
            self.assertEqual(
                sim.exchange(frame("03 0F 00 65 00 08 01 FF"), 5),
                frame("03 8F 01"))


class Others(unittest.TestCase):
    """What the profiles send, and what no profile can: see lib/board/hazard.c."""

    def setUp(self):
        self.sim = self.enterContext(Sim("--fast", cabinet=simcase.OTHERS))

    def writes(self, text):
        """Confirmed by the first six bytes of itself."""
        request = frame(text)
        self.assertEqual(self.sim.exchange(request),
                         frame(request[:6].hex()))

    def test_a_command_drives_one_relay_for_a_second(self):
        self.writes("01 06 00 03 05 00")
        self.sim.until("opened?", "ok 1 A03")
        self.assertEqual(self.sim.exchange(frame("01 03 00 03 00 01"), 7),
                         frame("01 03 02 00 01"))
        self.sim.until("solenoid A03", "ok rests hot=0 longest_ms=1000")

    def test_register_0_is_all_relays(self):
        self.writes("01 06 00 00 07 00")
        self.sim.until("opened?", "ok 8 A01,A02,A03,A04,A05,A06,A07,A08")

    def test_a_mode_and_a_time_flash_one_relay(self):
        self.writes("02 10 00 08 00 02 04 00 02 00 03")
        self.sim.until("opened?", "ok 1 B02")
        self.sim.until("solenoid B02", "ok rests hot=0 longest_ms=300")

    def test_mode_4_leaves_the_relay_on(self):
        self.writes("02 10 00 08 00 02 04 00 04 00 01")
        self.sim.until("opened?", "ok 1 B02")
        self.assertEqual(self.sim.exchange(frame("02 01 00 00 00 08"), 6),
                         frame("02 01 01 02"))

    def test_a_level_stays_until_it_is_switched_off(self):
        self.writes("03 05 00 0F FF 00")
        self.sim.until("opened?", "ok 1 C16")
        self.writes("03 05 00 0F 00 00")
        self.assertEqual(self.sim.exchange(frame("03 01 00 00 00 10"), 7),
                         frame("03 01 02 00 00"))

    def test_a_coil_is_a_bit_of_a_register(self):
        self.writes("04 05 00 00 FF 00")
        self.sim.until("opened?", "ok 1 D01")
        self.assertEqual(self.sim.exchange(frame("04 03 00 00 00 02"), 9),
                         frame("04 03 04 00 01 00 04"))
        self.writes("04 05 00 00 00 00")
        self.writes("04 05 00 11 FF 00")  # its address, 4 + 2
        self.assertEqual(self.sim.exchange(frame("06 03 00 01 00 01"), 7),
                         frame("06 03 02 00 06"))

    def test_the_32nd_relay_is_one_of_a_board_without_inputs(self):
        self.writes("05 05 02 1F 00 02")
        self.sim.until("opened?", "ok 1 E32")
        self.assertEqual(self.sim.exchange(frame("05 02 00 00 00 08"), 5),
                         frame("05 82 01"))


class Doors(unittest.TestCase):
    def test_a_pulse_that_is_too_short_opens_nothing(self):
        with Sim("--fast") as sim:
            sim.exchange(frame("03 05 00 65 00 28"))
            sim.until("solenoid C01", "ok rests hot=0 longest_ms=40")
            time.sleep(0.1)
            self.assertEqual(sim.ask("state C01"), "ok shut pulses=1")

    def test_a_stuck_latch_stays_shut_until_it_is_freed(self):
        with Sim("--fast") as sim:
            sim.ask("door A01 stick")
            sim.exchange(frame("01 05 02 00 00 01"))
            sim.until("solenoid A01", "ok rests hot=0 longest_ms=100")
            time.sleep(0.1)
            self.assertEqual(sim.ask("open?"), "ok 0")
            sim.ask("door A01 free")
            sim.exchange(frame("01 05 02 00 00 01"))
            sim.until("open?", "ok 1 A01")

    def test_a_second_pulse_within_two_seconds_is_hot(self):
        with Sim("--fast") as sim:
            for _ in range(2):
                sim.exchange(frame("01 05 02 00 00 01"))
                sim.until("outputs", sim.ask("outputs"), 0.1)
                while sim.value("outputs", "on") != 0:
                    time.sleep(0.01)
            self.assertEqual(sim.value("solenoid A01", "hot"), 1)
            self.assertEqual(sim.value("state A01", "pulses"), 2)

    def test_somebody_shuts_doors_when_told_to(self):
        with Sim("--fast", "--shut-after", "50") as sim:
            sim.exchange(frame("01 05 02 00 00 01"))
            sim.until("opened?", "ok 1 A01")
            sim.until("open?", "ok 0")

    def test_a_held_latch_cannot_be_shut(self):
        with Sim("--fast") as sim:
            sim.exchange(frame("01 05 00 00 FF 00"))
            sim.until("open?", "ok 1 A01")
            self.assertTrue(sim.ask("door A01 shut").startswith("error"))
            sim.exchange(frame("01 05 00 00 00 00"))
            self.assertEqual(sim.ask("door A01 shut"), "ok")
            self.assertEqual(sim.ask("open?"), "ok 0")
            self.assertEqual(sim.ask("opened?"), "ok 1 A01")
            sim.ask("reset")
            self.assertEqual(sim.ask("opened?"), "ok 0")

    def test_a_stuck_sensor_lies_in_both_directions(self):
        with Sim("--fast") as sim:
            sim.ask("sensor A01 stuck-open")
            self.assertEqual(sim.exchange(frame("01 02 00 00 00 08"), 6),
                             frame("01 02 01 FE"))
            sim.ask("sensor A01 stuck-shut")
            sim.ask("door A01 force")
            self.assertEqual(sim.exchange(frame("01 02 00 00 00 08"), 6),
                             frame("01 02 01 FF"))
            sim.ask("sensor A01 ok")
            self.assertEqual(sim.exchange(frame("01 02 00 00 00 08"), 6),
                             frame("01 02 01 FE"))

    def test_a_board_without_power_is_silent_and_lets_go(self):
        with Sim("--fast") as sim:
            sim.exchange(frame("01 05 00 00 FF 00"))
            sim.ask("board 1 off")
            self.assertEqual(sim.value("outputs", "on"), 0)
            self.assertTrue(sim.silent(frame("01 01 00 00 00 08")))
            sim.ask("board 1 on")
            self.assertEqual(sim.exchange(frame("01 01 00 00 00 08"), 6),
                             frame("01 01 01 00"))


if __name__ == "__main__":
    simcase.main()
