/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef TOOL_H
#define TOOL_H

/*
 * The command line tool: one function a subcommand, each in a file of its
 * own (cmd_NAME.c). Exit codes: 0 done, 1 refused or failed, 2 wrong use.
 */

#include <lockbus/error.h>

#include <stddef.h>
#include <stdint.h>

enum { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

/* argv[0] is the subcommand's name. */
typedef int tool_fn(int argc, char **argv);

tool_fn cmd_gate;
tool_fn cmd_ports;
tool_fn cmd_scan;
tool_fn cmd_bench;
tool_fn cmd_check;
tool_fn cmd_keygen;
tool_fn cmd_manifest;
tool_fn cmd_order;
tool_fn cmd_deposit;
tool_fn cmd_visits;
tool_fn cmd_proof;
tool_fn cmd_inspect;
tool_fn cmd_commission;
tool_fn cmd_amend;
tool_fn cmd_watch;
tool_fn cmd_trace;
tool_fn cmd_open;
tool_fn cmd_journal;
tool_fn cmd_anchor;
tool_fn cmd_receipt;
tool_fn cmd_version;

struct tool_command {
    const char *name;
    tool_fn *run;
    /* usage and text may have several lines; the text's first one is what
     * the list of commands shows. */
    const char *usage, *text, *example;
};

/* NULL: there is none. */
const struct tool_command *tool_find(const char *name);
const struct tool_command *tool_at(size_t index);

/* "lockbus: FILE:LINE: FIELD: TEXT (RULE)" on standard error; TOOL_FAILED. */
int tool_complain(const struct lockbus_error *why);

/* A usage line on standard error, the command's own when `usage` is NULL;
 * TOOL_USAGE. What exactly is wrong was said before. */
int tool_usage(const char *name, const char *usage);

#endif
