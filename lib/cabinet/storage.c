/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The folder of the journal: opening it, reading the gate back from it, and
 * telling a person what is wrong with it and what to do.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum lockbus_err reason(const struct lockbus_cabinet *cab,
                               enum lockbus_err err, const char *field,
                               const char *text, struct lockbus_error *why)
{
    (void)lb_reason(why, err, field, text);
    (void)snprintf(why->file, sizeof why->file, "%s", cab->config->journal);
    return err;
}

static enum lockbus_err not_commissioned(const struct lockbus_cabinet *cab,
                                         struct lockbus_error *why)
{
    return reason(cab, LOCKBUS_ERR_CONFIG, "journal",
                  "there is no journal here: commission this cabinet first "
                  "(lockbus commission)",
                  why);
}

enum lockbus_err lb_storage_why(const struct lockbus_cabinet *cab,
                                enum lockbus_err err, const char *text,
                                struct lockbus_error *why)
{
    struct lockbus_error said = {.err = LOCKBUS_OK};

    if (cab->store.user != NULL) {
        lb_dir_last_error(&cab->store, &said);
    }
    if (said.err != err) {
        return reason(cab, err, "journal", text, why);
    }
    *why = said;
    return err;
}

/* The disk's own words; not while the worker uses the disk again. */
void lb_storage_write_failed(struct lockbus_cabinet *cab)
{
    static const char text[] = "it could not be written";
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (lb_archive_at_work(cab)) {
        lb_journal_has_failed(cab, text);
        return;
    }
    (void)lb_storage_why(cab, cab->journal_job.err, text, &why);
    cab->failure_errno = why.sys_errno;
    lb_journal_has_failed(cab, why.text);
}

enum lockbus_err lb_storage_open(struct lockbus_cabinet *cab, bool create,
                                 struct lockbus_error *why)
{
    enum lockbus_err err =
        lb_dir_open(&cab->store, cab->config->journal, create, false, why);

    if (err == LOCKBUS_ERR_IO && why->sys_errno == ENOENT && !create) {
        return not_commissioned(cab, why);
    }
    return err;
}

static enum lockbus_err on_block(void *user, const struct lb_block_head *head)
{
    struct lockbus_cabinet *cab = user;

    lb_gate_block(&cab->gate, head->powered_ms, head->unix_s, head->trusted);
    return LOCKBUS_OK;
}

/* Within a segment whose checkpoint is still coming in, live records may meet
 * a state that lacks what they build on; the checkpoint sets it right. */
static enum lockbus_err on_record(void *user, const struct lb_block_head *head,
                                  const struct lb_record *record)
{
    struct lockbus_cabinet *cab = user;
    if (lb_memory_for(cab, record) != LOCKBUS_OK) {
        return LOCKBUS_ERR_NOMEM;
    }
    bool applied = lb_gate_apply(&cab->gate, record);

    if (head->segment == 0 || record->type == LB_REC_CKPT_END) {
        cab->fold_whole = true;
    }
    return applied || !cab->fold_whole ? LOCKBUS_OK : LOCKBUS_ERR_CORRUPT;
}

static size_t on_snapshot(void *user, uint32_t *cursor, struct lb_record *out,
                          size_t cap)
{
    struct lockbus_cabinet *cab = user;

    return lb_gate_snapshot(&cab->gate, cursor, out, cap);
}

/* The device key, and the operator's last receipt. */
static enum lockbus_err recover_archive(struct lockbus_cabinet *cab,
                                        struct lockbus_error *why)
{
    struct lb_archive *archive = &cab->archive;
    char text[96] = "";

    archive->first = cab->recovery.first_segment;
    enum lockbus_err err =
        lb_device_load(&archive->device, &cab->store, cab->journal->cabinet_id);

    if (err == LOCKBUS_OK) {
        err = lb_receipt_recover(cab, text);
    }
    if (err == LOCKBUS_OK) {
        return LOCKBUS_OK;
    }
    return text[0] != '\0'
               ? reason(cab, err, "receipt", text, why)
               : lb_storage_why(cab, err, "the journal cannot be read", why);
}

enum lockbus_err lb_storage_recover(struct lockbus_cabinet *cab,
                                    struct lockbus_error *why)
{
    struct lb_journal_visitor visitor = {
        .user = cab, .block = on_block, .record = on_record};
    struct lb_journal_snapshot snapshot = {.user = cab, .next = on_snapshot};
    const struct lb_recovery *found = &cab->recovery;
    enum lockbus_err err = lb_journal_open(cab->journal, &cab->store, &visitor,
                                           &snapshot, &cab->recovery);

    if (err == LOCKBUS_OK) {
        cab->base_powered_ms = cab->gate.powered_ms;
        return recover_archive(cab, why);
    }
    if (err == LOCKBUS_ERR_USAGE) {
        return not_commissioned(cab, why);
    }
    if (found->place[0] != '\0') {
        return reason(cab, err, found->place, found->text, why);
    }
    return lb_storage_why(cab, err,
                          err == LOCKBUS_ERR_NOMEM
                              ? "out of memory"
                              : "the journal cannot be read",
                          why);
}
