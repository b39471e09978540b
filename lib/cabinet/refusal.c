/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Refusals on record, at a bounded pace. Whoever can present things can
 * present very many; so refusals get at most one block a second, alike ones
 * (same rule, same door) are counted instead of repeated, and when there are
 * more kinds than places the last place counts the rest, of whatever door.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

enum { REFUSAL_PACE_MS = 1000 };

void lb_refusal_note(struct lockbus_cabinet *cab,
                     const struct lb_verdict *verdict)
{
    struct lb_refusal *place = NULL;

    for (size_t i = 0; i < LB_REFUSALS && place == NULL; i++) {
        struct lb_refusal *at = &cab->refusal[i];
        bool last = i + 1 == LB_REFUSALS;
        bool alike =
            at->rule == verdict->rule && at->record.door == verdict->door;

        if (at->rule == LOCKBUS_RULE_NONE || alike || last) {
            place = at;
        }
    }
    for (size_t i = 0; i < verdict->records.count; i++) {
        const struct lb_record *record = &verdict->records.rec[i];

        if (record->type != LB_REC_REFUSAL) {
            continue;
        }
        if (place->rule == LOCKBUS_RULE_NONE) {
            place->rule = verdict->rule;
            place->record = *record;
            place->count = 0;
        } else if (place->record.door != verdict->door ||
                   place->rule != verdict->rule) {
            place->record.door = LB_DOOR_NONE;
            place->record.stay = 0;
        }
        place->count++;
    }
    lb_refusal_flush(cab);
}

void lb_refusal_flush(struct lockbus_cabinet *cab)
{
    struct lb_record batch[LB_REFUSALS];
    size_t count = 0;

    if (cab->journal_failed || cab->refusal[0].rule == LOCKBUS_RULE_NONE ||
        (cab->refusals_sent &&
         cab->now_ms - cab->refusals_at_ms < REFUSAL_PACE_MS) ||
        !lb_journal_has_room(cab->journal, false)) {
        return;
    }
    for (size_t i = 0; i < LB_REFUSALS; i++) {
        struct lb_refusal *at = &cab->refusal[i];

        if (at->rule == LOCKBUS_RULE_NONE) {
            break;
        }
        batch[count] = at->record;
        batch[count].powered_ms = cab->gate.powered_ms;
        lb_put_u32(batch[count].body + LB_REFUSAL_COUNT, at->count);
        count++;
    }
    if (lb_write(cab, batch, count)) {
        lb_zero(cab->refusal, sizeof cab->refusal);
        cab->refusals_at_ms = cab->now_ms;
        cab->refusals_sent = true;
    }
}
