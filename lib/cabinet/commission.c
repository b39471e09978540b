/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The first blocks of a journal, and amendments of the door map. Both run
 * without ports: nothing can move while the map is changed.
 *
 * The journal is made only after the gate, empty but for the manifest,
 * accepted the order; its last record is the commissioning itself, so that a
 * power cut in between leaves a journal that does not open (and no parcel is
 * in a cabinet that was never commissioned).
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORDER_CABINET_ID = 8, ROWS_BATCH = LB_BATCH_MAX };

static enum lockbus_err commit_all(struct lockbus_cabinet *cab,
                                   struct lockbus_error *why)
{
    struct lb_journal_job *job = &cab->journal_job;

    while (lb_journal_begin(cab->journal, job)) {
        lb_journal_run(job);
        lb_journal_end(cab->journal, job);
        if (job->err != LOCKBUS_OK) {
            return lb_storage_why(cab, job->err,
                                  "the journal could not be written", why);
        }
    }
    return LOCKBUS_OK;
}

/* Each batch is durable before the next: nothing here is in a hurry. */
static enum lockbus_err put(struct lockbus_cabinet *cab,
                            const struct lb_record *records, size_t count,
                            struct lockbus_error *why)
{
    uint64_t seq;

    if (count == 0) {
        return LOCKBUS_OK;
    }
    lb_journal_stamp(cab->journal, cab->gate.boot, cab->gate.powered_ms, 0,
                     false);
    enum lockbus_err err =
        lb_journal_append(cab->journal, records, count, &seq);

    if (err != LOCKBUS_OK) {
        return lb_storage_why(cab, err, "the journal could not be written",
                              why);
    }
    return commit_all(cab, why);
}

static enum lockbus_err decide(struct lockbus_cabinet *cab,
                               const struct lb_ask *ask,
                               struct lb_verdict *verdict,
                               struct lockbus_error *why)
{
    lb_gate_decide(&cab->gate, ask, verdict);
    return verdict->kind == LB_VERDICT_DONE
               ? LOCKBUS_OK
               : lb_reason_rule(why, verdict->rule);
}

static enum lockbus_err apply_all(struct lockbus_cabinet *cab,
                                  const struct lb_record *records, size_t count,
                                  struct lockbus_error *why)
{
    for (size_t i = 0; i < count; i++) {
        if (lb_memory_for(cab, &records[i]) != LOCKBUS_OK) {
            return lb_reason(why, LOCKBUS_ERR_NOMEM, "", "out of memory");
        }
        if (!lb_gate_apply(&cab->gate, &records[i])) {
            return lb_reason(why, LOCKBUS_ERR_CORRUPT, "journal",
                             "the gate refused its own record");
        }
    }
    return LOCKBUS_OK;
}

/* BOOT, and at an amendment what the restart itself asks for. `first` holds
 * them back until there is a journal to write to. */
static enum lockbus_err boot(struct lockbus_cabinet *cab, bool write,
                             struct lb_batch *first, struct lockbus_error *why)
{
    struct lb_record record[ROWS_BATCH];
    size_t count;

    lb_gate_clock(&cab->gate, cab->gate.powered_ms); /* the fold is over */
    while ((count = lb_gate_tick(&cab->gate, record, ROWS_BATCH)) != 0) {
        enum lockbus_err err = apply_all(cab, record, count, why);

        if (err != LOCKBUS_OK) {
            return err;
        }
        if (write) {
            err = put(cab, record, count, why);
            if (err != LOCKBUS_OK) {
                return err;
            }
            continue;
        }
        for (size_t i = 0; i < count && first->count < LB_BATCH_MAX; i++) {
            first->rec[first->count++] = record[i];
        }
    }
    return LOCKBUS_OK;
}

/* Applied before it is written: the segment may change in between, and its
 * checkpoint must say what is staged. */
static enum lockbus_err apply_and_put(struct lockbus_cabinet *cab,
                                      const struct lb_record *records,
                                      size_t count, struct lockbus_error *why)
{
    enum lockbus_err err = apply_all(cab, records, count, why);

    return err == LOCKBUS_OK ? put(cab, records, count, why) : err;
}

/* The rows of the new map, then the record that makes them the map. */
static enum lockbus_err write_map(struct lockbus_cabinet *cab,
                                  const struct lb_map_view *map,
                                  const struct lb_verdict *verdict,
                                  struct lockbus_error *why)
{
    struct lb_record record[ROWS_BATCH];
    uint32_t cursor = 0;
    size_t count;

    while ((count = lb_gate_rows(map, &cursor, record, ROWS_BATCH,
                                 cab->gate.powered_ms)) != 0) {
        enum lockbus_err err = apply_and_put(cab, record, count, why);

        if (err != LOCKBUS_OK) {
            return err;
        }
    }
    return apply_and_put(cab, verdict->records.rec, verdict->records.count,
                         why);
}

static struct lb_map_view map_of(const struct lockbus_cabinet *cab)
{
    return (struct lb_map_view){
        .doors = cab->config->door_count,
        .hash = cab->config->map_hash,
        .rows = (const uint8_t(*)[LB_ROW_LEN])cab->map_rows,
    };
}

/* A cabinet of storage only: gate and journal, no buses. */
static enum lockbus_err bare_new(struct lockbus_cabinet **out,
                                 const char *config_path,
                                 struct lockbus_error *why)
{
    enum lockbus_err err = lb_cabinet_new(out, config_path, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    struct lockbus_cabinet *cab = *out;

    cab->map_rows = calloc(cab->door_count, sizeof *cab->map_rows);
    if (cab->map_rows == NULL) {
        return lb_reason(why, LOCKBUS_ERR_NOMEM, "", "out of memory");
    }
    for (uint16_t n = 0; n < cab->door_count; n++) {
        lb_map_row(cab->config, n, cab->map_rows[n]);
    }
    return LOCKBUS_OK;
}

static enum lockbus_err on_commission(void *user,
                                      const struct lb_block_head *head,
                                      const struct lb_record *record)
{
    bool *finished = user;

    (void)head;
    *finished = *finished || record->type == LB_REC_COMMISSION;
    return LOCKBUS_OK;
}

/* Why the folder is in the way: nobody may be told to remove the journal of a
 * cabinet that was commissioned. */
static enum lockbus_err refuse_folder(struct lockbus_cabinet *cab,
                                      struct lockbus_error *why)
{
    bool finished = false;
    struct lb_journal_visitor visitor = {.user = &finished,
                                         .record = on_commission};
    struct lb_journal_snapshot none = {0};
    enum lockbus_err err = lb_journal_open(cab->journal, &cab->store, &visitor,
                                           &none, &cab->recovery);

    bool unfinished =
        err == LOCKBUS_OK && !finished && cab->recovery.folded_from == 0;

    (void)lb_reason(why, LOCKBUS_ERR_USAGE, "journal",
                    unfinished
                        ? "commissioning was not finished: remove the "
                          "journal's folder and commission again"
                        : "this folder holds a journal already: a cabinet is "
                          "commissioned once, then amended (lockbus amend)");
    (void)snprintf(why->file, sizeof why->file, "%s", cab->config->journal);
    return LOCKBUS_ERR_USAGE;
}

static enum lockbus_err new_journal(struct lockbus_cabinet *cab,
                                    const uint8_t cabinet_id[16],
                                    uint8_t escrow[32],
                                    struct lockbus_error *why)
{
    struct lb_journal_visitor nobody = {0};
    struct lb_journal_snapshot none = {0};
    enum lockbus_err err = lb_storage_open(cab, true, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    err = lb_journal_create(&cab->store, cabinet_id, escrow);
    if (err == LOCKBUS_ERR_USAGE) {
        return refuse_folder(cab, why);
    }
    if (err == LOCKBUS_OK) {
        err = lb_journal_open(cab->journal, &cab->store, &nobody, &none,
                              &cab->recovery);
    }
    if (err == LOCKBUS_OK) {
        err = lb_device_load(&cab->archive.device, &cab->store, cabinet_id);
    }
    return err == LOCKBUS_OK
               ? err
               : lb_storage_why(cab, err, "the journal cannot be made", why);
}

/* Which key signs this cabinet's anchors: who has the escrow key learns it
 * from the journal. */
static void device_record(const struct lockbus_cabinet *cab,
                          struct lb_record *record)
{
    *record = (struct lb_record){.type = LB_REC_DEVICE,
                                 .door = LB_DOOR_NONE,
                                 .powered_ms = cab->gate.powered_ms};
    memcpy(record->body, cab->archive.device.key,
           sizeof cab->archive.device.key);
}

struct papers {
    struct lb_ask manifest, order;
    uint8_t *escrow; /* receives the root key */
};

static enum lockbus_err commission(struct lockbus_cabinet *cab,
                                   const struct papers *papers,
                                   struct lockbus_error *why)
{
    const struct lb_ask *order = &papers->order;
    struct lb_batch first = {.count = 0};
    struct lb_verdict keys, map;
    enum lockbus_err err = boot(cab, false, &first, why);

    if (err == LOCKBUS_OK) {
        err = decide(cab, &papers->manifest, &keys, why);
    }
    if (err != LOCKBUS_OK) {
        return err;
    }
    err = apply_all(cab, keys.records.rec, keys.records.count, why);
    if (err != LOCKBUS_OK) {
        return err;
    }
    if ((err = decide(cab, order, &map, why)) != LOCKBUS_OK) {
        return err;
    }
    err =
        new_journal(cab, order->bytes + ORDER_CABINET_ID, papers->escrow, why);
    if (err == LOCKBUS_OK) {
        device_record(cab, &first.rec[first.count++]);
        err = put(cab, first.rec, first.count, why);
    }
    if (err == LOCKBUS_OK) {
        err = put(cab, keys.records.rec, keys.records.count, why);
    }
    return err == LOCKBUS_OK ? write_map(cab, order->map, &map, why) : err;
}

enum lockbus_err
lockbus_cabinet_commission(const char *config_path, const uint8_t *manifest,
                           size_t manifest_len, const uint8_t *order,
                           size_t order_len, uint8_t escrow[32],
                           struct lockbus_error *why)
{
    struct lockbus_cabinet *cab = NULL;

    if (config_path == NULL || manifest == NULL || order == NULL ||
        escrow == NULL || why == NULL) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                         "an argument is missing");
    }
    memset(why, 0, sizeof *why);
    enum lockbus_err err = bare_new(&cab, config_path, why);

    if (err == LOCKBUS_OK) {
        struct lb_map_view map = map_of(cab);
        struct papers papers = {
            .manifest = {.kind = LB_ASK_MANIFEST,
                         .bytes = manifest,
                         .len = manifest_len},
            .order = {.kind = LB_ASK_COMMISSION,
                      .bytes = order,
                      .len = order_len,
                      .map = &map},
            .escrow = escrow,
        };
        err = commission(cab, &papers, why);
    }
    lockbus_cabinet_close(&cab);
    return err;
}

/* The one that was lost cannot be had again; two persons signed for this. */
static enum lockbus_err new_device(struct lockbus_cabinet *cab,
                                   struct lockbus_error *why)
{
    struct lb_record record;
    enum lockbus_err err = lb_device_make(&cab->store, cab->gate.cabinet_id);

    if (err == LOCKBUS_OK) {
        err = lb_device_load(&cab->archive.device, &cab->store,
                             cab->gate.cabinet_id);
    }
    if (err != LOCKBUS_OK) {
        return lb_storage_why(cab, err, "the device key cannot be made", why);
    }
    device_record(cab, &record);
    return put(cab, &record, 1, why);
}

static enum lockbus_err amend(struct lockbus_cabinet *cab,
                              const struct lb_ask *order,
                              struct lockbus_error *why)
{
    struct lb_verdict verdict;
    enum lockbus_err err = lb_storage_open(cab, false, why);

    if (err == LOCKBUS_OK) {
        err = lb_storage_recover(cab, why);
    }
    if (err == LOCKBUS_OK) {
        err = boot(cab, true, NULL, why);
    }
    if (err == LOCKBUS_OK) {
        err = decide(cab, order, &verdict, why);
        if (err == LOCKBUS_ERR_DENIED) {
            struct lockbus_error unused; /* the rule is what the host hears */

            (void)(put(cab, verdict.records.rec, verdict.records.count,
                       &unused) == LOCKBUS_OK);
        }
    }
    if (err == LOCKBUS_OK && !cab->archive.device.ok) {
        err = new_device(cab, why);
    }
    return err == LOCKBUS_OK ? write_map(cab, order->map, &verdict, why) : err;
}

enum lockbus_err lockbus_cabinet_amend(const char *config_path,
                                       const uint8_t *order, size_t order_len,
                                       struct lockbus_error *why)
{
    struct lockbus_cabinet *cab = NULL;

    if (config_path == NULL || order == NULL || why == NULL) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                         "an argument is missing");
    }
    memset(why, 0, sizeof *why);
    enum lockbus_err err = bare_new(&cab, config_path, why);

    if (err == LOCKBUS_OK) {
        struct lb_map_view map = map_of(cab);
        struct lb_ask ask = {.kind = LB_ASK_COMMISSION,
                             .bytes = order,
                             .len = order_len,
                             .map = &map};
        err = amend(cab, &ask, why);
    }
    lockbus_cabinet_close(&cab);
    return err;
}
