/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Which doors opened? Reads a journal and prints one line an open.
 *
 *   which_doors JOURNAL_FOLDER
 */

#include <lockbus/lockbus.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why;
    struct lockbus_entry entry;
    enum lockbus_err err;

    if (argc != 2) {
        return 2;
    }
    err = lockbus_journal_open(&journal, argv[1], NULL, &why);
    while (err == LOCKBUS_OK) {
        err = lockbus_journal_next(journal, &entry, &why);
        if (err != LOCKBUS_OK || entry.kind == 0) {
            break;
        }
        if (entry.kind == LOCKBUS_ENTRY_INTENT) {
            printf("block %llu: door %u was allowed to open (%s), intent %u, "
                   "by key %02x%02x%02x%02x...\n",
                   (unsigned long long)entry.block, entry.door, entry.what,
                   entry.ref, entry.authority[0][0], entry.authority[0][1],
                   entry.authority[0][2], entry.authority[0][3]);
        } else if (entry.kind == LOCKBUS_ENTRY_RESULT) {
            printf("           door %u: %s (intent %u)\n", entry.door,
                   entry.what, entry.ref);
        }
    }
    lockbus_journal_close(&journal);
    if (err != LOCKBUS_OK) {
        fprintf(stderr, "%s: %s\n", lockbus_err_name(err), why.text);
        return 1;
    }
    return 0;
}
