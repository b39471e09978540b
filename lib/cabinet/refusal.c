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

/* The place for a refusal: one that is alike, a free one, or the last. */
static struct lb_refusal *place_for(struct lockbus_cabinet *cab,
                                    const struct lb_verdict *verdict)
{
    struct lb_refusal *at = cab->refusal;

    for (size_t i = 0; i + 1 < LB_REFUSALS; i++, at++) {
        if (at->count == 0 ||
            (at->rule == verdict->rule && at->record.door == verdict->door)) {
            break;
        }
    }
    return at;
}

void lb_refusal_note(struct lockbus_cabinet *cab,
                     const struct lb_verdict *verdict)
{
    struct lb_refusal *at = place_for(cab, verdict);

    for (size_t i = 0; i < verdict->records.count; i++) {
        const struct lb_record *record = &verdict->records.rec[i];

        if (record->type != LB_REC_REFUSAL) {
            continue;
        }
        if (at->count == 0) {
            at->rule = verdict->rule;
            at->record = *record;
        } else if (at->record.door != verdict->door ||
                   at->rule != verdict->rule) {
            /* the last place: several rules, doors and keys */
            at->rule = LOCKBUS_RULE_NONE;
            at->record.kind = 0;
            at->record.door = LB_DOOR_NONE;
            at->record.stay = 0;
            lb_zero(at->record.body, sizeof at->record.body);
        }
        at->count++;
    }
    lb_refusal_flush(cab, false);
}

void lb_refusal_flush(struct lockbus_cabinet *cab, bool now)
{
    struct lb_record batch[LB_REFUSALS];
    size_t count = 0;
    bool paced = cab->refusals_sent &&
                 cab->now_ms - cab->refusals_at_ms < REFUSAL_PACE_MS;

    if (cab->journal_failed || cab->refusal[0].count == 0 || (paced && !now) ||
        !lb_journal_has_room(cab->journal, now)) {
        return;
    }
    while (count < LB_REFUSALS && cab->refusal[count].count != 0) {
        batch[count] = cab->refusal[count].record;
        batch[count].powered_ms = cab->gate.powered_ms;
        lb_put_u32(batch[count].body + LB_REFUSAL_COUNT,
                   cab->refusal[count].count);
        count++;
    }
    if (lb_write(cab, batch, count)) {
        lb_zero(cab->refusal, sizeof cab->refusal);
        cab->refusals_at_ms = cab->now_ms;
        cab->refusals_sent = true;
    }
}
