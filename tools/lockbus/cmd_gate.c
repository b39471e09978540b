/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "tool.h"

int cmd_gate(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return tool_usage("gate", "FILE...");
}
