/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "issue_args.h"

#include <lockbus/lockbus.h>

#include <stdio.h>
#include <string.h>

int tool_complain(const struct lockbus_error *why)
{
    char text[LOCKBUS_ERROR_TEXT_MAX];

    (void)lockbus_error_text(why, text, sizeof text);
    fprintf(stderr, "lockbus: %s\n", text);
    return TOOL_FAILED;
}

int tool_usage(const char *name, const char *usage)
{
    const struct tool_command *command = tool_find(name);

    if (usage == NULL) {
        usage = command != NULL ? command->usage : "";
    }
    fprintf(stderr, "usage: lockbus %s %s\n", name, usage);
    return TOOL_USAGE;
}

/* The first line of a text of several. */
enum { HELP_INDENT = 21, HELP_WIDTH = 79 };

/* A command's first sentence, whole, broken between words. */
static void first_sentence(FILE *to, const char *text)
{
    int column = HELP_INDENT;
    bool ends = false;

    while (*text != '\0' && !ends) {
        int len = (int)strcspn(text, " \n");

        if (column > HELP_INDENT && column + len > HELP_WIDTH) {
            fprintf(to, "\n%*s", HELP_INDENT, "");
            column = HELP_INDENT;
        }
        fprintf(to, "%s%.*s", column > HELP_INDENT ? " " : "", len, text);
        column += len + 1;
        ends = len > 0 && text[len - 1] == '.';
        text += len + (text[len] != '\0');
    }
    fputc('\n', to);
}

static int help(FILE *to)
{
    const struct tool_command *command;

    fputs("lockbus: parcel-locker lock boards that open on signatures only\n\n",
          to);
    for (size_t i = 0; (command = tool_at(i)) != NULL; i++) {
        fprintf(to, "  lockbus %-10s ", command->name);
        first_sentence(to, command->text);
    }
    fputs("\nlockbus COMMAND --help says more, with an example.\n"
          "Exit codes: 0 done, 1 refused or failed, 2 wrong use.\n",
          to);
    return to == stdout ? TOOL_OK : TOOL_USAGE;
}

static int help_for(const struct tool_command *command)
{
    printf("usage: lockbus %s %s\n\n%s\n\nexample: %s\n", command->name,
           command->usage, command->text, command->example);
    return TOOL_OK;
}

int cmd_version(int argc, char **argv)
{
    if (!issue_args(argc, argv, NULL, 0)) {
        return tool_usage(argv[0], NULL);
    }
    printf("lockbus %s\ngrant format %d\njournal format %d\n",
           lockbus_version(), LOCKBUS_GRANT_FORMAT, LOCKBUS_JOURNAL_FORMAT);
    return TOOL_OK;
}

/* --help wins wherever it stands: nobody who asks for it wants it done. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return true;
        }
    }
    return false;
}

static int run(int argc, char **argv)
{
    const struct tool_command *command = tool_find(argv[0]);

    if (command == NULL) {
        fprintf(stderr, "lockbus: no command %s; try lockbus help\n", argv[0]);
        return TOOL_USAGE;
    }
    return command->run(argc, argv);
}

int main(int argc, char **argv)
{
    static char version[] = "version";

    if (argc < 2) {
        return help(stderr);
    }
    if (strcmp(argv[1], "--version") == 0) {
        argv[1] = version;
    }
    bool helps = strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0;

    if (helps && argc < 3) {
        return help(stdout);
    }
    const char *about = helps ? argv[2] : argv[1];

    if ((helps || asks_for_help(argc, argv)) && tool_find(about) != NULL) {
        return help_for(tool_find(about));
    }
    return run(argc - (helps ? 2 : 1), argv + (helps ? 2 : 1));
}
