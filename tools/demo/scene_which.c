/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "scenes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    unsigned opened[DOORS], forced[DOORS];
    uint32_t ref[ANSWERS_MAX]; /* the intent of each answer; 0: none */
};

static struct answer *new_answer(struct stage *stage, struct reading *reading,
                                 const struct lockbus_entry *entry)
{
    if (stage->answers == ANSWERS_MAX) {
        return NULL;
    }
    struct answer *answer = &stage->answer[stage->answers];

    *answer = (struct answer){.powered_ms = entry->powered_ms,
                              .what = entry->what,
                              .by_code = entry->by_code};
    reading->ref[stage->answers++] = entry->ref;
    (void)snprintf(answer->label, sizeof answer->label, "%s",
                   stage_label(entry->door));
    return answer;
}

static void take_entry(struct stage *stage, struct reading *reading,
                       const struct lockbus_entry *entry)
{
    struct answer *answer;

    if (entry->kind == LOCKBUS_ENTRY_REFUSAL) {
        stage->figures.refusals += entry->count;
    }
    if (entry->door >= DOORS) {
        return;
    }
    if (entry->kind == LOCKBUS_ENTRY_INTENT) {
        answer = new_answer(stage, reading, entry);
        if (answer != NULL) {
            memcpy(answer->authority, entry->authority[0], 8);
            answer->signed_by = true;
            answer->result = "not known";
        }
    } else if (entry->kind == LOCKBUS_ENTRY_ALARM &&
               strcmp(entry->what, "forced") == 0) {
        reading->forced[entry->door]++;
        answer = new_answer(stage, reading, entry);
        if (answer != NULL) {
            answer->result = "opened";
            reading->ref[stage->answers - 1] = 0;
        }
    } else if (entry->kind == LOCKBUS_ENTRY_RESULT) {
        reading->opened[entry->door] += strcmp(entry->what, "opened") == 0;
        for (size_t i = stage->answers; i-- > 0;) {
            if (reading->ref[i] == entry->ref && entry->ref != 0) {
                stage->answer[i].result = entry->what;
                break;
            }
        }
    }
}

static bool read_journal(struct stage *stage, const char *path,
                         struct reading *reading)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_entry entry = {.kind = LOCKBUS_ENTRY_BOOT};
    enum lockbus_err err;

    if (lockbus_journal_open(&journal, path, stage->escrow, &why) !=
        LOCKBUS_OK) {
        return false;
    }
    while ((err = lockbus_journal_next(journal, &entry, &why)) == LOCKBUS_OK &&
           entry.kind != 0) {
        take_entry(stage, reading, &entry);
    }
    lockbus_journal_close(&journal);
    return err == LOCKBUS_OK;
}

static bool same_as_seen(struct stage *stage, const struct reading *reading)
{
    struct figures *figures = &stage->figures;
    bool same = true;

    for (unsigned d = 0; d < DOORS; d++) {
        figures->opens += reading->opened[d];
        figures->doors_opened += reading->opened[d] != 0;
        figures->forced += reading->forced[d];
        same = same && reading->opened[d] == stage->opened[d] &&
               reading->forced[d] == stage->forced[d];
    }
    for (size_t i = 0; i < stage->answers; i++) {
        figures->unknown += strcmp(stage->answer[i].result, "opened") != 0;
    }
    return same;
}

static bool leaves_agree(const struct stage *stage)
{
    for (unsigned d = 0; d < DOORS; d++) {
        if (stage->moved[d] != (stage->opened[d] + stage->forced[d] != 0)) {
            return false;
        }
    }
    return true;
}

bool scene_which(struct stage *stage)
{
    static struct reading reading;
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct figures *figures = &stage->figures;
    char path[WORLD_PATH + 64], said[SAID_MAX];

    stage_scene(stage, "\"Which doors?\"");
    stage_close(stage);
    (void)snprintf(path, sizeof path, "%s/journal", stage->world.dir);
    bool intact = lockbus_journal_verify(path, stage->escrow, &report, &why) ==
                      LOCKBUS_OK &&
                  report.intact && report.tags_checked;

    stage_check(stage, intact,
                "the journal verifies from its first block with the operator's "
                "key");
    bool read = read_journal(stage, path, &reading);
    bool same = same_as_seen(stage, &reading);

    figures->blocks = report.blocks;
    figures->records = report.records;
    stage_check(stage, read && same,
                "it names exactly the %u opens of %u doors that the host was "
                "told of, each with its authority",
                figures->opens, figures->doors_opened);
    stage_check(stage,
                read && figures->forced == 1 &&
                    figures->unknown == stage->unsure + 1,
                "and beside them, by name: %u door forced, and %u open of "
                "which it is not known what came",
                figures->forced, figures->unknown);
    stage_check(stage, stage_ask_moved(stage, said) && leaves_agree(stage),
                "and the simulated leaves agree: no other door ever moved");
    stage_note(stage, "%u refusals, %llu blocks, %llu records",
               figures->refusals, (unsigned long long)figures->blocks,
               (unsigned long long)figures->records);
    return true;
}
