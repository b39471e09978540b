/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "journal/journal.h"

#include "base/bytes.h"

/* Offsets of a record's head; base/record.h has the layout in words. */
enum {
    REC_TYPE = 0,
    REC_KIND = 1,
    REC_DOOR = 2,
    REC_REF = 4,
    REC_STAY = 8,
    REC_POWERED = 16,
    REC_BODY = 24
};

_Static_assert(REC_BODY + LB_RECORD_BODY == LB_RECORD_LEN, "record layout");

void lb_record_encode(uint8_t out[LB_RECORD_LEN],
                      const struct lb_record *record)
{
    out[REC_TYPE] = record->type;
    out[REC_KIND] = record->kind;
    lb_put_u16(out + REC_DOOR, record->door);
    lb_put_u32(out + REC_REF, record->ref);
    lb_put_u64(out + REC_STAY, record->stay);
    lb_put_u64(out + REC_POWERED, record->powered_ms);
    lb_copy(out + REC_BODY, record->body, LB_RECORD_BODY);
}

bool lb_record_decode(struct lb_record *record,
                      const uint8_t bytes[LB_RECORD_LEN])
{
    /* Type 0 is an empty slot; doors stop at LB_DOOR_MAX - 1. The bodies'
     * own reserved bytes are the gate's to judge. */
    uint16_t door = lb_get_u16(bytes + REC_DOOR);

    if (bytes[REC_TYPE] == LB_REC_NONE ||
        (door >= LB_DOOR_MAX && door != LB_DOOR_NONE)) {
        return false;
    }
    record->type = bytes[REC_TYPE];
    record->kind = bytes[REC_KIND];
    record->door = door;
    record->ref = lb_get_u32(bytes + REC_REF);
    record->stay = lb_get_u64(bytes + REC_STAY);
    record->powered_ms = lb_get_u64(bytes + REC_POWERED);
    lb_copy(record->body, bytes + REC_BODY, LB_RECORD_BODY);
    return true;
}
