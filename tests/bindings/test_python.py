# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""The demo's story in Python, against lockbus-sim: a cabinet is commissioned,
a parcel brought and fetched; what must be refused is, under C's own names.
argv: SIMULATOR PROFILES BINDING LIBRARY."""
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SIM, PROFILES, BINDING, os.environ["LOCKBUS_LIBRARY"] = sys.argv[1:5]
sys.path.insert(0, BINDING)

import lockbus  # noqa: E402
from lockbus import (Custody, EntryKind, EventKind, ProofKind, Rule,  # noqa
                     Signer)

CABINET = """[cabinet]
name = hall
journal = journal
manifest = manifest.lbm
profiles = {profiles}
[lock]
pulse_ms = 500
rest_ms = 2000
at_once = 2
shut_is = 1
[bus.main]
port = pty:{folder}/bus
baud = 115200 8N1
[boards]
1 = main 1 waveshare-relay-d-8ch
[doors]
A01-A08 = 0-7 1:1-8 size=M
"""
MANIFEST = """[manifest]
operator_id = 000102030405060708090a0b0c0d0e0f
number = 1
epoch = 10
issued_at = {now}
threshold = 2
[limits]
max_open_occupied = 2
max_open_vacant = 4
interlock_hold_s = 60
burst = 6
per_hour = 60
return_burst = 3
return_per_hour = 60
service_burst = 4
service_per_hour = 60
code_tries = 5
code_tries_per_hour = 10
reopen_window_s = 3
ajar_after_s = 60
max_grant_hours = 720
challenge_ttl_s = 120
service_ttl_s = 900
code_min_bits = 30
[keys]
root_a = root {root_a}
root_b = root {root_b}
issuer = issuer {issuer} region=7-7
operations = operations {operations}
security = security {security}
archive = archive {archive}
"""
PEOPLE = ("root_a", "root_b", "issuer", "operations", "security", "courier",
          "archive")
ID = bytes(range(16, 32))
EPOCH = 10
ENDS = range(EventKind.OPENED, EventKind.UNCONFIRMED + 1)


class World(unittest.TestCase):
    """A folder, people with keys, a simulator."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lockbus-py-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.config = self.folder / "cabinet.ini"
        self.config.write_text(CABINET.format(profiles=PROFILES,
                                              folder=self.folder))
        self.now = int(time.time())
        self.people = {name: Signer.generate() for name in PEOPLE}
        keys = {name: who.public_key.hex()
                for name, who in self.people.items()}
        (self.folder / "manifest.ini").write_text(
            MANIFEST.format(now=self.now, **keys))

    def simulator(self):
        proc = subprocess.Popen(
            [SIM, "--shut-after", "2300", self.config],
            stdout=subprocess.PIPE, text=True)

        def stop():
            proc.send_signal(signal.SIGTERM)
            proc.wait(timeout=20)
            proc.stdout.close()
        self.addCleanup(stop)
        self.assertTrue(proc.stdout.readline().startswith("ready "))

    def commission(self):
        """The journal's root key."""
        manifest = lockbus.issue_manifest(
            self.folder / "manifest.ini",
            [self.people["root_a"], self.people["root_b"]])
        info = lockbus.manifest_read(manifest)
        self.assertEqual((info.number, len(info.keys), len(info.signed_by)),
                         (1, 6, 2))
        map_hash, doors = lockbus.config_check(self.config)
        order = lockbus.issue_commission(
            lockbus.Commission(
                cabinet_id=ID, doors=doors, order_no=EPOCH << 32 | 1,
                region=7, map_hash=map_hash,
                manifest_hash=lockbus.hash_bytes(manifest)),
            self.people["operations"], self.people["security"])
        self.assertEqual(lockbus.commission_read(order).doors, 8)
        return lockbus.commission(self.config, manifest, order)

    def parcel(self, door, number):
        """A package, its stay, its code and the recipient's key."""
        release, stay = Signer.generate(), EPOCH << 32 | number
        grant = lockbus.issue_grant(
            lockbus.Grant(
                courier_uses=3, release_uses=2, door=door, cabinet_id=ID,
                stay=stay, not_before=self.now - 60, valid_for_s=3600,
                parcel_ref=number.to_bytes(16, "little"),
                courier_pk=self.people["courier"].public_key,
                release_pk=release.public_key), self.people["issuer"])
        self.assertEqual(lockbus.grant_read(grant).stay, stay)
        code, seal = lockbus.issue_code(
            lockbus.CodeForm(opslimit=1, memory_kib=8192), door, ID, stay,
            release.seed)
        package = lockbus.package_write(grant, seal)
        self.assertEqual(lockbus.package_read(package), (grant, seal))
        return package, stay, code, release


class Story(World):
    def turn(self, cabinet):
        """One turn of a host's loop; its events."""
        cabinet.poll(lockbus.boottime_us())
        events = list(cabinet.events())
        if not events:
            wait = select.poll()
            wait.register(cabinet, select.POLLIN)
            wait.poll(cabinet.timeout_ms(lockbus.boottime_us()))
        return events

    def until(self, cabinet, wanted):
        """Turns until something wanted is there."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            for event in self.turn(cabinet) or [None]:
                if (got := wanted(event)):
                    return got
        raise AssertionError("it did not come")

    def ended(self, cabinet, ticket):
        """The event that ends a ticket."""
        return self.until(cabinet, lambda event: event if event and
                          event.ticket == ticket and event.kind in ENDS
                          else None)

    def custody(self, cabinet, door, wanted):
        self.until(cabinet, lambda _: cabinet.door(door).custody == wanted)

    def test_a_parcel_is_brought_and_fetched_and_the_journal_shows_it(self):
        self.simulator()
        root_key = self.commission()
        with lockbus.Cabinet.open(self.config) as cabinet:
            self.until(cabinet,
                       lambda _: cabinet.info().boards_present == 1)
            cabinet.time(self.now, True)
            self.assertEqual(cabinet.info().cabinet_id, ID)
            self.assertEqual(cabinet.find("A07"), 6)
            self.a_board(cabinet)
            self.bring_two(cabinet)
            self.fetch_by_code(cabinet)
            self.fetch_by_proof(cabinet)
            self.fetch_by_key(cabinet)
            self.service_by_halves(cabinet)
            self.anchor(cabinet)
        with self.assertRaises(lockbus.UsageError):
            cabinet.poll(lockbus.boottime_us())
        self.journal(root_key)

    def anchor(self, cabinet):
        key = lockbus.device_key(self.config)
        octets = cabinet.anchor()
        anchor = lockbus.anchor_verify(octets, key)
        self.assertEqual(anchor, lockbus.anchor_read(octets))
        self.assertEqual((anchor.cabinet_id, anchor.block),
                         (ID, cabinet.info().journal_blocks - 1))
        with self.assertRaises(lockbus.DeniedError):
            lockbus.anchor_verify(octets, bytes(32))
        receipt = lockbus.Receipt(cabinet_id=ID, block=anchor.block,
                                  digest=anchor.digest, issued_at=self.now)
        octets = lockbus.issue_receipt(receipt, self.people["archive"])
        self.assertEqual(lockbus.receipt_read(octets).block, anchor.block)
        ended = self.ended(cabinet, cabinet.acknowledge(octets))
        self.assertEqual(ended.kind, EventKind.DONE)
        self.assertEqual(cabinet.info().journal_acknowledged, anchor.block)
        foreign = lockbus.issue_receipt(receipt, self.people["security"])
        with self.assertRaises(lockbus.DeniedError) as refused:
            cabinet.acknowledge(foreign)
        self.assertEqual(refused.exception.rule_name, "R2")

    def test_the_documented_program_runs_as_printed(self):
        self.simulator()
        self.commission()
        text = Path(BINDING, "../../docs/bindings.md").read_text()
        program = text.split("```python\n")[1].split("```")[0]
        ran = subprocess.run(
            [sys.executable, "-c", program], input="A07 2345678\n", text=True,
            cwd=self.folder, env={**os.environ, "PYTHONPATH": BINDING},
            capture_output=True, timeout=60)
        self.assertIn("PORT_OPEN", ran.stdout, ran.stderr)
        self.assertIn("C1", ran.stdout + ran.stderr)

    def test_a_trace_is_written_and_never_over_another_file(self):
        self.commission()
        trace = self.folder / "lines.pcapng"
        with lockbus.Cabinet.open(self.config, trace=trace):
            self.assertTrue(trace.exists())
        with self.assertRaises(lockbus.UsageError) as there:
            lockbus.Cabinet.open(self.config, trace=trace)
        self.assertEqual(there.exception.field, "file")
        with self.assertRaises(lockbus.UsageError) as big:
            lockbus.Cabinet.open(self.config, trace_max=1 << 64)
        self.assertEqual(big.exception.field, "trace_max")

    def test_a_library_that_is_not_there_is_told_with_its_variable(self):
        ran = subprocess.run(
            [sys.executable, "-c", "import lockbus; lockbus.reply_bound_us(0)"],
            env={"PYTHONPATH": BINDING, "LOCKBUS_LIBRARY": "/nowhere.so"},
            capture_output=True, text=True, timeout=60)
        self.assertIn("ImportError: /nowhere.so cannot be loaded", ran.stderr)
        self.assertIn("$LOCKBUS_LIBRARY", ran.stderr)

    def a_board(self, cabinet):
        [board] = cabinet.boards()
        self.assertEqual((board.number, board.bus, board.address, board.doors),
                         (1, "main", 1, 8))
        self.assertEqual(board.profile, "waveshare-relay-d-8ch")
        self.assertEqual(board.state, lockbus.BoardState.PRESENT)
        self.assertEqual(board.text, "")
        self.assertGreaterEqual(board.replies, 9)  # all off, inputs
        self.assertLess(board.reply_age_us, 10_000_000)
        [bus] = cabinet.buses()
        self.assertEqual((bus.name, bus.boards, bus.boards_present, bus.open),
                         (board.bus, 1, 1, True))
        self.assertEqual(bus.latency, lockbus.Latency.NONE)
        self.assertEqual(len(bus.reply_times), 10)
        self.assertGreaterEqual(sum(bus.reply_times), board.replies)
        self.assertEqual(lockbus.reply_bound_us(0), 1000)
        self.assertEqual(lockbus.reply_bound_us(9), 2**32 - 1)
        door = cabinet.door(6)
        self.assertEqual((door.board, door.channel), (1, 7))
        with self.assertRaises(lockbus.UsageError):
            cabinet.board(1)

    def bring_two(self, cabinet):
        self.first, self.second = self.parcel(6, 1), self.parcel(2, 2)
        courier = self.people["courier"]
        ticket = cabinet.deposit_with_key(self.first[0], courier.seed)
        self.assertEqual(self.ended(cabinet, ticket).kind, EventKind.OPENED)
        proof = lockbus.issue_proof(ProofKind.DEPOSIT, 2, ID, self.second[1],
                                    cabinet.challenge(2), courier)
        self.assertEqual(lockbus.proof_read(proof).kind, ProofKind.DEPOSIT)
        ticket = cabinet.deposit(self.second[0], proof)
        self.assertEqual(self.ended(cabinet, ticket).kind, EventKind.OPENED)
        self.custody(cabinet, 6, Custody.OCCUPIED)
        self.custody(cabinet, 2, Custody.OCCUPIED)
        door = cabinet.door(6)
        self.assertEqual((door.label, door.stay, door.seals, door.return_in_s),
                         ("A07", self.first[1], 1, 2 ** 64 - 1))

    def fetch_by_code(self, cabinet):
        code = self.first[2]
        wrong = code[:-1] + ("Y" if code[-1] == "Z" else "Z")
        end = self.ended(cabinet, cabinet.release_with_code(wrong))
        self.assertEqual((end.kind, end.rule), (EventKind.REFUSED, Rule.C4))
        end = self.ended(cabinet, cabinet.release_with_code(code))
        self.assertEqual((end.kind, end.label), (EventKind.OPENED, "A07"))
        self.custody(cabinet, 6, Custody.VACANT)

    def fetch_by_proof(self, cabinet):
        _, stay, _, release = self.second

        def prove(signer):
            return lockbus.issue_proof(ProofKind.RELEASE, 2, ID, stay,
                                       cabinet.challenge(2), signer)

        with self.assertRaises(lockbus.DeniedError) as forged:
            cabinet.open_with_proof(prove(self.people["issuer"]))
        self.assertEqual(forged.exception.rule, Rule.P6)
        proof = prove(release)
        ticket = cabinet.open_with_proof(proof)
        self.assertEqual(self.ended(cabinet, ticket).kind, EventKind.OPENED)
        with self.assertRaises(lockbus.DeniedError) as replayed:
            cabinet.open_with_proof(proof)
        why = replayed.exception
        self.assertEqual((why.name, why.rule_name, why.rule),
                         ("DENIED", "P5", Rule.P5))
        self.assertTrue(why.text)
        self.assertIn("(DENIED, rule P5)", str(why))
        self.custody(cabinet, 2, Custody.VACANT)

    def fetch_by_key(self, cabinet):
        package, _, _, release = self.parcel(3, 3)
        courier = self.people["courier"]
        self.ended(cabinet, cabinet.deposit_with_key(package, courier.seed))
        self.custody(cabinet, 3, Custody.OCCUPIED)
        with self.assertRaises(lockbus.DeniedError) as other:
            cabinet.open_with_key(3, ProofKind.RELEASE, courier.seed)
        self.assertEqual(other.exception.rule, Rule.P6)
        with self.assertRaises(lockbus.UsageError) as deposit:
            cabinet.open_with_key(3, ProofKind.DEPOSIT, courier.seed)
        self.assertEqual(deposit.exception.field, "kind")
        ticket = cabinet.open_with_key(3, ProofKind.RELEASE, release.seed)
        end = self.ended(cabinet, ticket)
        self.assertEqual(end.kind, EventKind.OPENED)
        self.assertTrue(lockbus.event_ends(end))
        with self.assertRaises(lockbus.UsageError) as unknown:
            cabinet.find("Z99")
        self.assertEqual(unknown.exception.text, "no door is labelled Z99")

    def service_by_halves(self, cabinet):
        order = lockbus.Order(
            action=lockbus.ServiceAction.OPEN, door=5, cabinet_id=ID,
            order_no=EPOCH << 32 | 2, not_after=self.now + 600, reason=1,
            challenge=cabinet.challenge(5, lockbus.ChallengeUse.SERVICE))
        halves = [lockbus.issue_order_half(order, self.people[name])
                  for name in ("security", "operations")]
        with self.assertRaises(lockbus.UsageError):
            lockbus.issue_order_join(halves[0], halves[0])
        ticket = cabinet.service(lockbus.issue_order_join(*halves))
        self.assertEqual(self.ended(cabinet, ticket).kind, EventKind.OPENED)

    def journal(self, root_key):
        folder = self.folder / "journal"
        escrow = self.folder / "journal.escrow"
        lockbus.escrow_save(escrow, root_key)
        self.assertEqual(bytes(lockbus.escrow_load(escrow)), root_key)
        escrow.chmod(0o644)
        with self.assertRaises(lockbus.ConfigError):
            lockbus.escrow_load(escrow)
        report = lockbus.Journal.verify(folder, root_key)
        self.assertTrue(report.intact and report.tags_checked)
        lockbus.Journal.holds(folder, report.last_block, report.last_digest)
        with self.assertRaises(lockbus.CorruptError):
            lockbus.Journal.holds(folder, report.last_block, bytes(32))
        with lockbus.Journal(folder, root_key) as journal:
            entries = list(journal)
        opened = [e.door for e in entries
                  if e.kind == EntryKind.RESULT and e.what == "opened"]
        self.assertEqual(opened, [6, 2, 6, 2, 3, 3, 5])
        refused = {e.rule for e in entries if e.kind == EntryKind.REFUSAL}
        self.assertLessEqual({Rule.C4, Rule.P5, Rule.P6}, refused)
        with self.assertRaises(lockbus.CorruptError) as other:
            lockbus.Journal.verify(folder, bytes(32))
        self.assertFalse(other.exception.report.intact)


class Names(World):
    def test_every_name_equals_the_c_librarys(self):
        for kind, name in ((lockbus.Err, lockbus.err_name),
                           (lockbus.Latch, lockbus.latch_name),
                           (lockbus.Custody, lockbus.custody_name),
                           (lockbus.CustodyReason,
                            lockbus.custody_reason_name),
                           (lockbus.BoardState, lockbus.board_state_name)):
            for item in kind:
                self.assertEqual(name(item), item.name)
        for item in EventKind:
            if item is not EventKind.NONE:
                self.assertEqual(lockbus.event_name(item), item.name)
        for rule in Rule:
            self.assertEqual(lockbus.rule_name(rule),
                             "-" if rule is Rule.NONE else rule.name)
        self.assertTrue(lockbus.rule_text(Rule.P5))
        self.assertEqual(lockbus.err_name(99), "?")

    def test_a_configuration_error_carries_file_line_and_field(self):
        self.config.write_text(self.config.read_text().replace(
            "pulse_ms = 500", "pulse_ms = 0"))
        with self.assertRaises(lockbus.ConfigError) as caught:
            lockbus.config_check(self.config)
        why = caught.exception
        self.assertEqual((why.name, why.file, why.line, why.field),
                         ("CONFIG", str(self.config), 7, "pulse_ms"))

    def test_nothing_is_cut_to_fit(self):
        people, octets = self.people, bytes(16)
        for call, field in (
                (lambda: lockbus.issue_proof(
                    ProofKind.RELEASE, 65536 + 6, octets, 1, octets,
                    people["courier"]), "door"),
                (lambda: lockbus.issue_proof(
                    ProofKind.RELEASE, 6, octets, -1, octets,
                    people["courier"]), "stay"),
                (lambda: lockbus.issue_proof(
                    ProofKind.RELEASE, 6, bytes(15), 1, octets,
                    people["courier"]), "cabinet_id"),
                (lambda: lockbus.issue_grant(
                    lockbus.Grant(courier_uses=257), people["issuer"]),
                 "courier_uses"),
                (lambda: lockbus.issue_grant(
                    lockbus.Grant(courier_pk=bytes(31)), people["issuer"]),
                 "courier_pk"),
                (lambda: lockbus.package_write(bytes(232), bytes(1)), "seal"),
                (lambda: lockbus.config_check("cabinet.ini\0x"),
                 "config_path")):
            with self.assertRaises(lockbus.UsageError) as caught:
                call()
            self.assertEqual(caught.exception.field, field)
        with self.assertRaises(TypeError):
            Signer.from_seed("text is no seed, of 32 characters")

    def test_keys_are_saved_loaded_and_forgotten(self):
        path = self.folder / "courier.key"
        courier = self.people["courier"]
        lockbus.key_save(path, lockbus.KeyFile(
            role="courier", signer=courier, secret=True))
        loaded = lockbus.key_load(path)
        self.assertEqual((loaded.role, loaded.secret, loaded.signer.seed),
                         ("courier", True, courier.seed))
        with self.assertRaises(lockbus.UsageError):
            lockbus.key_save(path, loaded)
        public = lockbus.key_load_public(path)
        self.assertEqual((public.signer.public_key, bytes(public.signer.seed)),
                         (courier.public_key, bytes(32)))
        pub = self.folder / "courier.pub"
        lockbus.key_save(pub, lockbus.KeyFile(
            role="courier", signer=courier, secret=False))
        with self.assertRaises(lockbus.ConfigError) as caught:
            lockbus.key_load(pub)
        self.assertEqual(caught.exception.field, "secret")
        self.assertIn(f"{pub}:1: secret: ", str(caught.exception))
        os.chmod(path, 0o644)
        with self.assertRaises(lockbus.ConfigError):
            lockbus.key_load(path)
        with loaded.signer:
            pass
        self.assertEqual(bytes(loaded.signer.seed), bytes(32))

    def test_a_key_elsewhere_signs_or_gives_up(self):
        courier = self.people["courier"]
        proof = lockbus.issue_proof(ProofKind.RELEASE, 1, ID, 1, ID, courier)
        asked, answers = [], [proof[48:], bytes(64), bytes(63)]

        def sign(octets):
            asked.append(octets)
            return answers.pop(0)

        far = Signer.from_function(courier.public_key, sign)
        self.assertEqual(
            lockbus.issue_proof(ProofKind.RELEASE, 1, ID, 1, ID, far), proof)
        self.assertEqual(asked, [b"lockbus/proof/v1\0" + proof[:48]])
        with self.assertRaises(lockbus.UsageError):
            lockbus.issue_proof(ProofKind.RELEASE, 1, ID, 1, ID, far)
        with self.assertRaises(lockbus.LockbusError) as caught:
            lockbus.issue_proof(ProofKind.RELEASE, 1, ID, 1, ID, far)
        self.assertIsInstance(caught.exception.__cause__, ValueError)

        def unplugged(_octets):
            raise OSError("unplugged")

        far = Signer.from_function(far.public_key, unplugged)
        with self.assertRaises(lockbus.IoError) as caught:
            lockbus.issue_proof(ProofKind.RELEASE, 1, ID, 1, ID, far)
        self.assertIsInstance(caught.exception.__cause__, OSError)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])
