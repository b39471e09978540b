/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A cabinet's storage, and how much it is.
 *
 * There are as many of the gate's doors as the configuration has, and more only
 * when the journal names more: doors that the map no longer has keep their stay
 * numbers, so that one which comes back knows its old grants.
 */

#include "cabinet/cabinet.h"

#include "gate/snapshot.h"

#include <stdlib.h>

enum { MORE_DOORS = 16 }; /* at a time, so that a long journal asks seldom */

static enum lockbus_err doors_new(struct lockbus_cabinet *cab, uint16_t count)
{
    struct lb_gate_door *doors =
        realloc(cab->gate_doors, count * sizeof *doors);

    if (doors == NULL) {
        return LOCKBUS_ERR_NOMEM;
    }
    cab->gate_doors = doors;
    lb_gate_resize(&cab->gate, doors, count);
    return LOCKBUS_OK;
}

static enum lockbus_err rows_new(struct lockbus_cabinet *cab)
{
    cab->row_next = calloc(LB_DOOR_MAX, sizeof *cab->row_next);
    if (cab->row_next == NULL) {
        return LOCKBUS_ERR_NOMEM;
    }
    lb_gate_stage(&cab->gate, cab->row_next);
    return LOCKBUS_OK;
}

static bool stages(const struct lb_record *record)
{
    return record->type == LB_REC_ROWS ||
           (record->type == LB_REC_CKPT_ROWS &&
            (record->kind & LB_CKPT_ROWS_NEXT) != 0);
}

enum lockbus_err lb_memory_for(struct lockbus_cabinet *cab,
                               const struct lb_record *record)
{
    uint32_t needed = lb_gate_names(record);
    enum lockbus_err err = LOCKBUS_OK;

    if (needed > cab->gate.door_cap && needed <= LB_DOOR_MAX) {
        needed += MORE_DOORS;
        err = doors_new(
            cab, (uint16_t)(needed < LB_DOOR_MAX ? needed : LB_DOOR_MAX));
    }
    if (err == LOCKBUS_OK && stages(record) && cab->row_next == NULL) {
        err = rows_new(cab);
    }
    return err;
}

enum lockbus_err lb_memory_new(struct lockbus_cabinet *cab,
                               struct lb_config *config)
{
    cab->config = config;
    cab->door_count = config->door_count;
    cab->journal = calloc(1, sizeof *cab->journal);
    lb_gate_init(&cab->gate, NULL, 0);
    return cab->journal == NULL ? LOCKBUS_ERR_NOMEM
                                : doors_new(cab, config->door_count);
}

void lb_memory_free(struct lockbus_cabinet *cab)
{
    lb_memory_unstage(cab);
    free(cab->gate_doors);
    free(cab->journal);
    free(cab->slots);
    free(cab->boards);
    free(cab->port);
    free(cab->map_rows);
    if (cab->config != NULL) {
        lb_config_free(cab->config);
        free(cab->config);
    }
}

size_t lb_memory_bytes(const struct lockbus_cabinet *cab)
{
    size_t bytes = sizeof *cab + sizeof *cab->journal +
                   lb_config_memory(cab->config) +
                   cab->gate.door_cap * sizeof *cab->gate_doors +
                   cab->door_count * sizeof *cab->slots +
                   cab->board_count * sizeof *cab->boards +
                   cab->bus_count * sizeof *cab->port;

    for (size_t b = 0; b < cab->bus_count; b++) {
        bytes += lb_bus_memory(cab->bus[b]);
    }
    return bytes + lb_trace_memory(cab->trace) + lb_dir_memory() +
           lb_worker_memory();
}

/* A map that was staged and never came into force is forgotten: an amendment
 * begins with all rows. */
void lb_memory_unstage(struct lockbus_cabinet *cab)
{
    lb_gate_stage(&cab->gate, NULL);
    free(cab->row_next);
    cab->row_next = NULL;
}

enum lockbus_err lb_memory_trim(struct lockbus_cabinet *cab)
{
    uint16_t needed = cab->door_count;

    lb_memory_unstage(cab);
    for (uint16_t n = needed; n < cab->gate.door_cap; n++) {
        if (cab->gate_doors[n].stay != 0 || cab->gate_doors[n].blocked ||
            n < cab->gate.door_count) {
            needed = (uint16_t)(n + 1);
        }
    }
    return needed == cab->gate.door_cap ? LOCKBUS_OK : doors_new(cab, needed);
}
