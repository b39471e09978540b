/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Copies of what is known, for the host to look at. Lines and boards are in
 * lines.c.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

#include <lockbus/lockbus.h>

#include <stdio.h>
#include <string.h>

enum { LABEL_MAX = 15 }; /* of lockbus_door.label, less its zero byte */

const char *lockbus_version(void)
{
    return LOCKBUS_VERSION;
}

enum lockbus_err lockbus_cabinet_info(const struct lockbus_cabinet *cabinet,
                                      struct lockbus_cabinet_info *info)
{
    if (cabinet == NULL || info == NULL || info->size != sizeof *info) {
        return LOCKBUS_ERR_USAGE;
    }
    const struct lb_gate *gate = &cabinet->gate;

    memset(info, 0, sizeof *info);
    info->size = (uint32_t)sizeof *info;
    memcpy(info->name, cabinet->config->name, sizeof info->name);
    memcpy(info->cabinet_id, gate->cabinet_id, sizeof info->cabinet_id);
    info->doors = cabinet->door_count;
    info->manifest_no = gate->manifest.number;
    info->epoch = gate->manifest.epoch;
    info->region = gate->region;
    info->powered_s = gate->powered_ms / 1000;
    info->time_floor_s = gate->floor_s;
    info->journal_ok = !cabinet->journal_failed;
    info->keys_locked_in_memory = cabinet->locked_in_memory;
    info->journal_blocks = lb_journal_durable(cabinet->journal);
    info->journal_first = (uint64_t)cabinet->archive.first * LB_SEGMENT_BLOCKS;
    info->journal_acknowledged =
        cabinet->archive.has_receipt
            ? lb_receipt_block(cabinet->archive.receipt)
            : UINT64_MAX;
    info->memory_bytes = lb_memory_bytes(cabinet);
    info->boards = (unsigned)cabinet->board_count;
    info->buses = (unsigned)cabinet->bus_count;
    for (size_t i = 0; i < cabinet->board_count; i++) {
        info->boards_present += cabinet->boards[i].here;
    }
    for (size_t b = 0; b < cabinet->bus_count; b++) {
        struct lb_bus_counters counters;

        lb_bus_counters(cabinet->bus[b], &counters);
        info->requests += counters.requests;
        info->replies += counters.replies;
        info->timeouts += counters.timeouts;
        info->crc_errors += counters.crc_errors;
        info->rounds += counters.rounds;
    }
    return LOCKBUS_OK;
}

static void custody_of(const struct lb_gate_door *from, uint64_t powered_ms,
                       struct lockbus_door *door)
{
    door->custody = (enum lockbus_custody)from->custody;
    door->content = (enum lockbus_content)from->content;
    door->blocked = from->blocked;
    door->frozen = from->frozen;
    door->stay = from->stay;
    memcpy(door->parcel_ref, from->parcel_ref, sizeof door->parcel_ref);
    door->release_uses_left =
        (uint8_t)(from->release_uses - from->release_spent);
    door->courier_uses_left =
        (uint8_t)(from->courier_uses - from->courier_spent);
    door->seals = (uint8_t)((from->seals & 1U) + (from->seals >> 1 & 1U));
    door->return_in_s = UINT64_MAX;
    if (!lb_all_zero(from->return_pk, LB_KEY_LEN)) {
        door->return_in_s = from->return_due_ms <= powered_ms
                                ? 0
                                : (from->return_due_ms - powered_ms) / 1000;
    }
}

static uint64_t open_for_ms(const struct lockbus_cabinet *cab, uint16_t number)
{
    const struct lb_slot *slot = &cab->slots[number];
    const struct lb_gate_door *door = &cab->gate_doors[number];

    if (!slot->leaf_known || !slot->leaf_open || !door->leaf_was_open) {
        return 0;
    }
    /* Just now is a time too: 0 says that it is not open. */
    return cab->gate.powered_ms > door->open_at_ms
               ? cab->gate.powered_ms - door->open_at_ms
               : 1;
}

enum lockbus_err lockbus_door_at(const struct lockbus_cabinet *cabinet,
                                 uint16_t number, struct lockbus_door *door,
                                 struct lockbus_error *why)
{
    if (cabinet == NULL || door == NULL) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                         "an argument is missing");
    }
    if (door->size != sizeof *door) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "size",
                         "set it to the size of the struct before asking");
    }
    if (number >= cabinet->door_count || !cabinet->slots[number].used) {
        return lb_no_door(why, number);
    }
    const struct lb_slot *slot = &cabinet->slots[number];
    const struct lb_config_door wired = lb_config_door(cabinet->config, number);

    memset(door, 0, sizeof *door);
    door->size = (uint32_t)sizeof *door;
    door->number = number;
    memcpy(door->label, wired.label, sizeof door->label);
    (void)snprintf(door->door_size, sizeof door->door_size, "%s", wired.size);
    (void)snprintf(door->remark, sizeof door->remark, "%s", wired.remark);
    door->board = cabinet->boards[slot->board].number;
    door->channel = (uint8_t)(slot->channel + 1);
    door->latch = (enum lockbus_latch)slot->latch.state;
    door->assumed = !slot->sensor;
    door->ajar =
        slot->latch.state == LB_LATCH_AJAR ||
        (slot->latch.state == LB_LATCH_FORCED && slot->latch.ajar_alarms != 0);
    door->open_for_ms = open_for_ms(cabinet, number);
    custody_of(&cabinet->gate_doors[number], cabinet->gate.powered_ms, door);
    return LOCKBUS_OK;
}

enum lockbus_err lb_no_door(struct lockbus_error *why, uint16_t number)
{
    char text[64];

    (void)snprintf(text, sizeof text, "no door has the number %u",
                   (unsigned)number);
    return lb_reason(why, LOCKBUS_ERR_USAGE, "door", text);
}

/* What a host hands us need not be fit to be shown to a person. */
static bool is_label(const char *label)
{
    size_t len = 0;

    for (; label[len] != '\0'; len++) {
        if (len == LABEL_MAX || label[len] < '!' || label[len] > '~') {
            return false;
        }
    }
    return len != 0;
}

enum lockbus_err lockbus_door_find(const struct lockbus_cabinet *cabinet,
                                   const char *label, uint16_t *number,
                                   struct lockbus_error *why)
{
    char text[64];

    if (cabinet == NULL || label == NULL || number == NULL) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                         "an argument is missing");
    }
    for (uint16_t n = 0; n < cabinet->door_count; n++) {
        const struct lb_config_door door = lb_config_door(cabinet->config, n);

        if (door.used && strcmp(door.label, label) == 0) {
            *number = n;
            return LOCKBUS_OK;
        }
    }
    if (!is_label(label)) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "label",
                         "a label has 1 to 15 printable characters");
    }
    (void)snprintf(text, sizeof text, "no door is labelled %s", label);
    return lb_reason(why, LOCKBUS_ERR_USAGE, "label", text);
}
