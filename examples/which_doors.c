/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Which doors opened? Verifies a journal with the escrow key, then prints one
 * line an open that was allowed, and one for what came of it.
 *
 *   which_doors JOURNAL_FOLDER ESCROW_FILE
 */

#include <lockbus/lockbus.h>

#include <stdio.h>
#include <string.h>

static int complain(const struct lockbus_error *why)
{
    char text[LOCKBUS_ERROR_TEXT_MAX];

    lockbus_error_text(why, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    return 1;
}

static void print_key(const uint8_t id[8])
{
    static const uint8_t none[8];

    if (memcmp(id, none, sizeof none) != 0) {
        printf(" key ");
        for (size_t i = 0; i < 8; i++) {
            printf("%02x", id[i]);
        }
    }
}

static void print_entry(const struct lockbus_entry *entry)
{
    if (entry->kind == LOCKBUS_ENTRY_INTENT) {
        printf("boot %u, %llu s powered: door %u may open (%s), intent %u,",
               entry->boot, (unsigned long long)entry->powered_ms / 1000,
               entry->door, entry->what, entry->ref);
        print_key(entry->authority[0]);
        print_key(entry->authority[1]);
        printf("%s\n", entry->by_code ? " by code" : "");
    } else if (entry->kind == LOCKBUS_ENTRY_RESULT) {
        printf("    door %u: %s (intent %u)\n", entry->door, entry->what,
               entry->ref);
    }
}

static enum lockbus_err print_all(const char *folder, const uint8_t key[32],
                                  struct lockbus_error *why)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_entry entry;
    enum lockbus_err err = lockbus_journal_open(&journal, folder, key, why);

    while (err == LOCKBUS_OK) {
        err = lockbus_journal_next(journal, &entry, why);
        if (err != LOCKBUS_OK || entry.kind == 0) {
            break;
        }
        print_entry(&entry);
    }
    lockbus_journal_close(&journal);
    return err;
}

int main(int argc, char **argv)
{
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint8_t key[32];

    if (argc != 3) {
        fprintf(stderr, "usage: which_doors JOURNAL_FOLDER ESCROW_FILE\n");
        return 2;
    }
    if (lockbus_escrow_load(argv[2], key, &why) != LOCKBUS_OK ||
        lockbus_journal_verify(argv[1], key, &report, &why) != LOCKBUS_OK ||
        print_all(argv[1], key, &why) != LOCKBUS_OK) {
        return complain(&why);
    }
    printf("%llu blocks, intact\n", (unsigned long long)report.blocks);
    return 0;
}
