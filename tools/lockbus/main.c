/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "tool.h"

#include <lockbus/lockbus.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command {
    const char *name;
    tool_fn *run;
    const char *usage, *text;
} commands[] = {
    /* one line a command, in the order in which a newcomer needs them */
    {"ports", cmd_ports, "",
     "list the serial ports by the names that a configuration takes"},
    {"check", cmd_check, "CABINET.ini",
     "read a configuration: its boards, doors and the map's hash"},
    {"commission", cmd_commission, "CABINET.ini MANIFEST ORDER --escrow FILE",
     "make a cabinet's journal; all its doors are declared empty"},
    {"amend", cmd_amend, "CABINET.ini ORDER",
     "change a cabinet's door map; parcels stay where they are"},
    {"watch", cmd_watch, "CABINET.ini [--once | --plain]",
     "show the doors of a cabinet and everything that happens"},
    {"open", cmd_open, "CABINET.ini WHAT [OBJECT] [KEYS]",
     "on the bench: deposit, code, release, return, reopen, cancel, service,\n"
     "        block, unblock, clear; it takes the challenge itself"},
    {"journal", cmd_journal, "show|verify|doors DIR [--key FILE] ...",
     "what happened, whether it was changed, which doors opened"},
    {"keygen", cmd_keygen, "ROLE [--region A[-B]] -o NAME.key",
     "make a key: NAME.key and NAME.pub"},
    {"manifest", cmd_manifest, "TEXT.ini --sign ROOT.key... -o FILE",
     "sign a manifest: keys and limits for all cabinets"},
    {"order", cmd_order, "commission|open|block|unblock|clear ...",
     "sign an order by two persons"},
    {"deposit", cmd_deposit, "--cabinet ID --door N --stay N ... -o FILE",
     "make a parcel's package; prints its code once"},
    {"proof", cmd_proof, "release|return|deposit|reopen|cancel ... -o FILE",
     "sign a challenge for one open"},
    {"inspect", cmd_inspect, "FILE", "show what a signed thing or key says"},
    {"gate", cmd_gate, "FILE...", "run gate vectors against this library"},
};

int tool_complain(const struct lockbus_error *why)
{
    fputs("lockbus: ", stderr);
    if (why->file[0] != '\0') {
        fprintf(stderr, "%s:", why->file);
        if (why->line != 0) {
            fprintf(stderr, "%u:", why->line);
        }
        fputc(' ', stderr);
    }
    if (why->field[0] != '\0') {
        fprintf(stderr, "%s: ", why->field);
    }
    fputs(why->text[0] != '\0' ? why->text : lockbus_err_name(why->err),
          stderr);
    if (why->rule != LOCKBUS_RULE_NONE) {
        fprintf(stderr, " (rule %s)", lockbus_rule_name(why->rule));
    }
    fputc('\n', stderr);
    return TOOL_FAILED;
}

uint64_t tool_number(const char *text)
{
    char *end = NULL;

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0) {
        return 0;
    }
    return value;
}

uint64_t tool_epoch_number(const char *text)
{
    const char *colon = strchr(text, ':');
    char epoch[16];

    if (colon == NULL) {
        return tool_number(text);
    }
    size_t len = (size_t)(colon - text);
    uint64_t low = tool_number(colon + 1);

    if (len == 0 || len >= sizeof epoch || low == 0 || low > UINT32_MAX) {
        return 0;
    }
    memcpy(epoch, text, len);
    epoch[len] = '\0';
    uint64_t high = tool_number(epoch);

    return high == 0 || high > UINT32_MAX ? 0 : high << 32 | low;
}

int tool_usage(const char *name, const char *usage)
{
    fprintf(stderr, "usage: lockbus %s %s\n", name, usage);
    return TOOL_USAGE;
}

static int help(FILE *to)
{
    fputs("lockbus: parcel-locker lock boards that open on signatures only\n\n",
          to);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        fprintf(to, "  lockbus %s %s\n        %s\n", commands[i].name,
                commands[i].usage, commands[i].text);
    }
    return to == stdout ? TOOL_OK : TOOL_USAGE;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return &commands[i];
        }
    }
    fprintf(stderr, "lockbus: no command %s; try lockbus help\n", name);
    return NULL;
}

static int help_for(const char *name)
{
    const struct command *command = find_command(name);

    if (command == NULL) {
        return TOOL_USAGE;
    }
    printf("usage: lockbus %s %s\n%s\n", command->name, command->usage,
           command->text);
    return TOOL_OK;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return help(stderr);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("lockbus %s\n", lockbus_version());
        return TOOL_OK;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        return argc > 2 ? help_for(argv[2]) : help(stdout);
    }
    if (argc > 2 && strcmp(argv[2], "--help") == 0) {
        return help_for(argv[1]);
    }
    const struct command *command = find_command(argv[1]);

    return command != NULL ? command->run(argc - 1, argv + 1) : TOOL_USAGE;
}
