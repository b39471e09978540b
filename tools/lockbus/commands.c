/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "tool.h"

#include <stddef.h>
#include <string.h>

/* In the order in which a newcomer needs them. */
static const struct tool_command commands[] = {
    {"ports", cmd_ports, "[--json]",
     "List the serial ports by the names that a configuration takes.",
     "lockbus ports"},
    {"scan", cmd_scan,
     "PORT [--baud 9600,8N1] [--from 1] [--to 247] [--wait MS]\n"
     "               [--profiles DIR] [--json]",
     "Ask every address of a bus who is there, and which profiles fit.\n"
     "Reads only, one address after the other, never a broadcast. Waits MS\n"
     "(100) for each reply. Succeeds when something answers, and every\n"
     "address that does answers as one board would.",
     "lockbus scan usb:0403:6001:FT9XK2LQ --baud 115200,8N1 --to 32"},
    {"bench", cmd_bench,
     "PORT --address N [--baud 9600,8N1] [--fc 2] [--first 0]\n"
     "               [--count 8] [--seconds 5]",
     "Read one board over and over: round trips, errors, and how near the\n"
     "line comes to what its wire allows. Reads only.",
     "lockbus bench path:/dev/ttyUSB0 --address 1 --baud 115200,8N1"},
    {"check", cmd_check, "CABINET.ini",
     "Read a configuration: its boards, doors and the map's hash. Opens no\n"
     "port and no journal.",
     "lockbus check cabinet.ini"},
    {"commission", cmd_commission,
     "CABINET.ini MANIFEST.lbm ORDER.lbc --escrow FILE [WALK]\n"
     "       lockbus commission CABINET.ini WALK\n"
     "       WALK: --visits DIR --key COURIER.key -o FILE [--from DOOR]\n"
     "               [--confirm] [--wait SECONDS]",
     "Make a cabinet's journal; all doors of its map are declared empty. The\n"
     "escrow file verifies the journal: take it away from the cabinet.\n"
     "WALK opens door by door with visits, watches which sensor moves while "
     "you\n"
     "shut them, and writes what it saw; it goes on where it was cut short.\n"
     "--confirm also asks which door opened. 0: every door is proved.",
     "lockbus commission cabinet.ini 1.lbm 1.lbc --escrow journal.escrow"},
    {"amend", cmd_amend, "CABINET.ini ORDER.lbc",
     "Change a cabinet's door map; parcels stay where they are.",
     "lockbus amend cabinet.ini 2.lbc"},
    {"watch", cmd_watch,
     "CABINET.ini [--once | --plain] [--boards] [--every SECONDS]\n"
     "               [--sort label|state|board|errors|latency] [--filter "
     "TEXT]\n"
     "               [--trace FILE]",
     "Show a cabinet and everything that happens: live on a terminal, else "
     "(or\n"
     "with --plain) as lines. --once: how it is now, and ends. --boards: its\n"
     "lines and boards with rates, errors and latencies, not its doors; "
     "--every\n"
     "says those again and again. --trace: every frame, for Wireshark.",
     "lockbus watch cabinet.ini --once"},
    {"open", cmd_open,
     "CABINET.ini deposit PACKAGE (--key COURIER.key | --sign-with -)\n"
     "       lockbus open CABINET.ini code\n"
     "       lockbus open CABINET.ini release|return|reopen|cancel DOOR\n"
     "               (--key FILE.key | --sign-with -)\n"
     "       lockbus open CABINET.ini service|block|unblock|clear DOOR\n"
     "               --order-no EPOCH:N [--reason N]\n"
     "               (--sign OPS.key --sign SEC.key | --sign-with -)\n"
     "       with --sign-with: [--wait SECONDS]; always: [--trace FILE]",
     "On the bench: one process that is the cabinet, and asks it for one\n"
     "thing. DOOR is a label or a number. A code is read from standard input.\n"
     "With --sign-with - the keys are elsewhere: it prints a challenge and "
     "the\n"
     "command that answers it, and waits for the answer on standard input, in\n"
     "hexadecimal or as a file's name; two persons answer in two lines.",
     "lockbus open cabinet.ini release A07 --key release.key"},
    {"trace", cmd_trace,
     "PORT -o FILE [--baud 9600,8N1] [--for SECONDS] [--max-mib 1024]",
     "Listen on a line with a second adapter; every frame, for Wireshark.\n"
     "PORT is written as in a configuration. Sends nothing, ever. -o - goes "
     "to\n"
     "standard output, for `wireshark -k -i -`.",
     "lockbus trace path:/dev/ttyUSB1 --baud 19200,8N1 -o bus.pcapng"},
    {"journal", cmd_journal,
     "show|doors DIR [--key FILE] [--since DATE] [--until DATE] [--json]\n"
     "       lockbus journal fleet FOLDER [--jobs N] [--since DATE]\n"
     "               [--until DATE] [--json]\n"
     "       lockbus journal verify DIR [--key FILE] [--anchor BLOCK:DIGEST]\n"
     "               [--anchors FILE]... [--device HEX] [--json]",
     "What happened; which doors opened, when, on whose authority; whether\n"
     "anybody changed the record. fleet asks which doors of every journal "
     "that\n"
     "is a folder of FOLDER, or in one as journal/. DATE is YYYY-MM-DD, a day "
     "in UTC, itself\n"
     "included; --key FILE is the escrow file, --anchors FILE what the "
     "cabinet\n"
     "signed of its journal's end, --device HEX the key it signed with, as\n"
     "commissioning printed it (else the journal's own word for it).",
     "lockbus journal doors journal --since 2026-12-04"},
    {"anchor", cmd_anchor,
     "make CABINET.ini -o FILE\n"
     "       lockbus anchor check FILE... --device HEX",
     "A cabinet's word for which block of its journal is the last, signed by\n"
     "its device key. Keep it elsewhere: what is cut off below it, or redone,\n"
     "is then found. A running cabinet's host makes its own "
     "(lockbus_cabinet_anchor).\n"
     "A FILE to check may hold many, one behind the other. -o - prints it in\n"
     "hexadecimal.",
     "lockbus anchor make cabinet.ini -o 17.lba"},
    {"receipt", cmd_receipt,
     "make ANCHORS --device HEX --sign ARCHIVE.key -o FILE\n"
     "       lockbus receipt give CABINET.ini FILE",
     "The operator's answer to an anchor (to the last one of the file), when\n"
     "it is kept for good: old segments up to it may be let go. Opens nothing.",
     "lockbus receipt give cabinet.ini 17.lbr"},
    {"keygen", cmd_keygen,
     "root|issuer|operations|security|archive|courier|release|return\n"
     "               [--region A[-B]] -o NAME.key",
     "Make a key: NAME.key, for its owner only, and NAME.pub.",
     "lockbus keygen issuer --region 7 -o issuer.key"},
    {"manifest", cmd_manifest,
     "TEXT.ini --sign ROOT.key --sign ROOT.key -o FILE",
     "Sign a manifest: keys and limits for all cabinets.",
     "lockbus manifest manifest.ini --sign anna.key --sign bert.key -o 3.lbm"},
    {"order", cmd_order,
     "commission CABINET.ini MANIFEST --cabinet ID --region N\n"
     "               --sign OPS.key --sign SEC.key -o FILE\n"
     "               [--amend --order-no EPOCH:N]\n"
     "       lockbus order open|block|unblock|clear --cabinet ID --door N\n"
     "               --challenge HEX --order-no EPOCH:N --not-after UNIX\n"
     "               --reason N --sign OPS.key --sign SEC.key -o FILE\n"
     "       the same with --half and one --sign: one person's half",
     "Sign an order by two persons. -o - prints it in hexadecimal.",
     "lockbus order open --cabinet 7cb17df63bf78803b9b0fe46271d72d0 --door 6 "
     "--challenge f5b165224a58b791df6af1d8303e61cd --order-no 11:5 "
     "--not-after 1790000600 --reason 42 --sign ops.key --sign sec.key "
     "-o 5.lbs"},
    {"deposit", cmd_deposit,
     "--cabinet ID --door N --stay EPOCH:N --courier C.pub --issuer I.key\n"
     "               [--hours 24] [--from UNIX] [--ref HEX] [--visit]\n"
     "               [--return R.pub --return-after S] [--no-code] [--digits]\n"
     "               [--release-out R.key] -o FILE",
     "Make a parcel's package; prints its code once.",
     "lockbus deposit --cabinet 7cb17df63bf78803b9b0fe46271d72d0 --door 6 "
     "--stay 11:100 --courier c.pub --issuer issuer.key -o p.pkg"},
    {"visits", cmd_visits,
     "CABINET.ini --cabinet ID --stay EPOCH:N --courier C.pub\n"
     "               --issuer I.key -o DIR [--hours 24] [--times 3]",
     "Make packages that open each door and leave nothing in it, for the walk\n"
     "of lockbus commission: DIR/LABEL-1.pkg and so on.",
     "lockbus visits cabinet.ini --cabinet 7cb17df63bf78803b9b0fe46271d72d0 "
     "--stay 11:1 --courier c.pub --issuer issuer.key -o visits"},
    {"proof", cmd_proof,
     "release|return|deposit|reopen|cancel --cabinet ID --door N\n"
     "               --stay EPOCH:N --challenge HEX --key FILE.key -o FILE",
     "Sign a cabinet's challenge for one open. -o - prints the proof in\n"
     "hexadecimal.",
     "lockbus proof release --cabinet 7cb17df63bf78803b9b0fe46271d72d0 "
     "--door 6 --stay 11:100 --challenge f5b165224a58b791df6af1d8303e61cd "
     "--key release.key -o 1.lbp"},
    {"inspect", cmd_inspect, "FILE",
     "Show what a signed thing or a key says. Verifies nothing.",
     "lockbus inspect 3.lbm"},
    {"gate", cmd_gate, "FILE...", "Run gate vectors against this library.",
     "lockbus gate tests/vectors/gate.txt"},
    {"version", cmd_version, "", "The versions of library and formats.",
     "lockbus version"},
};

const struct tool_command *tool_find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

const struct tool_command *tool_at(size_t index)
{
    return index < sizeof commands / sizeof commands[0] ? &commands[index]
                                                        : NULL;
}
