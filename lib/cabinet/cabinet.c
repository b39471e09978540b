/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Opening and closing: all memory of a cabinet is allocated here, and in
 * what lb_bus_new(), lb_worker_new() and lb_line_new() allocate for it.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A manifest file need not exist: the journal has the manifest in force. */
static enum lockbus_err read_manifest_file(struct lockbus_cabinet *cab,
                                           const char *path,
                                           struct lockbus_error *why)
{
    if (path[0] == '\0') {
        return LOCKBUS_OK;
    }
    enum lockbus_err err =
        lb_file_read(path, cab->file_manifest, sizeof cab->file_manifest,
                     &cab->file_manifest_len, LB_FILE_ANY, why);

    cab->file_manifest_there = err == LOCKBUS_OK;
    if (err == LOCKBUS_ERR_IO && why->sys_errno == ENOENT) {
        memset(why, 0, sizeof *why);
        return LOCKBUS_OK;
    }
    return err;
}

static struct lockbus_cabinet *cabinet_new(void)
{
    struct lockbus_cabinet *cab = calloc(1, sizeof *cab);

    if (cab != NULL) {
        cab->loop.epoll = -1;
        cab->loop.timer = -1;
    }
    return cab;
}

/* The journal must be commissioned, and for exactly this wiring. */
static enum lockbus_err check_map(const struct lockbus_cabinet *cab,
                                  struct lockbus_error *why)
{
    if (!cab->gate.commissioned) {
        (void)lb_reason(why, LOCKBUS_ERR_CORRUPT, "journal",
                        "commissioning was not finished: remove this folder "
                        "and commission again");
        (void)snprintf(why->file, sizeof why->file, "%s", cab->config->journal);
        return LOCKBUS_ERR_CORRUPT;
    }
    if (!lb_same(cab->gate.map_hash, cab->config->map_hash, LB_HASH_LEN)) {
        (void)lb_reason(why, LOCKBUS_ERR_DENIED, "doors",
                        "this door map is not the commissioned one: put the "
                        "old file back, or have an amendment signed (lockbus "
                        "amend)");
        (void)snprintf(why->file, sizeof why->file, "%s", cab->config->file);
        why->rule = LOCKBUS_RULE_K5;
        return LOCKBUS_ERR_DENIED;
    }
    return LOCKBUS_OK;
}

/* Threads and descriptors come last: without them nothing moves. */
static enum lockbus_err start(struct lockbus_cabinet *cab,
                              const struct lockbus_options *options,
                              struct lockbus_error *why)
{
    bool inline_only = options != NULL && options->without_worker;
    enum lockbus_err err = lb_worker_new(&cab->worker, inline_only);

    if (err == LOCKBUS_OK) {
        err = lb_loop_open(&cab->loop);
    }
    int ended = err == LOCKBUS_OK ? lb_worker_fd(cab->worker) : -1;

    if (ended >= 0) {
        err = lb_loop_keep(&cab->loop, ended);
    }
    if (err != LOCKBUS_OK) {
        return lb_reason(why, err, "", "a thread or descriptor is lacking");
    }
    lb_memory_lock(&cab->derive_job, sizeof cab->derive_job,
                   &cab->locked_in_memory);
    return LOCKBUS_OK;
}

static enum lockbus_err open_into(struct lockbus_cabinet *cab,
                                  const struct lockbus_options *options,
                                  struct lockbus_error *why)
{
    const struct lb_config *config = cab->config;
    enum lockbus_err err = lb_storage_open(cab, false, why);

    if (err == LOCKBUS_OK) {
        err = lb_storage_recover(cab, why);
    }
    if (err == LOCKBUS_OK) {
        err = check_map(cab, why);
    }
    if (err == LOCKBUS_OK && lb_memory_trim(cab) != LOCKBUS_OK) {
        err = lb_reason(why, LOCKBUS_ERR_NOMEM, "", "out of memory");
    }
    if (err == LOCKBUS_OK) {
        err = read_manifest_file(cab, config->manifest, why);
    }
    if (err == LOCKBUS_OK) {
        err = lb_trace_open(&cab->trace, options, why);
    }
    if (err == LOCKBUS_OK) {
        err = lb_cabinet_wire(cab, options, why);
    }
    return err == LOCKBUS_OK ? start(cab, options, why) : err;
}

enum lockbus_err lb_cabinet_new(struct lockbus_cabinet **out,
                                const char *config_path,
                                struct lockbus_error *why)
{
    *out = NULL;
    if (!lb_crypto_init()) {
        (void)lb_no_random(why);
        return LOCKBUS_ERR_IO;
    }
    struct lb_config *config = calloc(1, sizeof *config);

    if (config == NULL) {
        (void)lb_reason(why, LOCKBUS_ERR_NOMEM, "", "out of memory");
        return LOCKBUS_ERR_NOMEM;
    }
    enum lockbus_err err = lb_config_load(config, config_path, why);

    if (err != LOCKBUS_OK) {
        free(config);
        return err;
    }
    *out = cabinet_new();
    if (*out == NULL) {
        lb_config_free(config);
        free(config);
    }
    if (*out == NULL || lb_memory_new(*out, config) != LOCKBUS_OK) {
        (void)lb_reason(why, LOCKBUS_ERR_NOMEM, "", "out of memory");
        return LOCKBUS_ERR_NOMEM;
    }
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_cabinet_open(struct lockbus_cabinet **out,
                                      const char *config_path,
                                      const struct lockbus_options *options,
                                      struct lockbus_error *why)
{
    struct lockbus_cabinet *cab = NULL;

    if (out == NULL || config_path == NULL || why == NULL ||
        (options != NULL && options->size != sizeof *options) ||
        (options != NULL && options->line_count > LOCKBUS_HOST_LINES)) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                         "an argument is missing or its size is not set");
    }
    memset(why, 0, sizeof *why);
    enum lockbus_err err = lb_cabinet_new(&cab, config_path, why);

    if (err == LOCKBUS_OK) {
        err = open_into(cab, options, why);
    }
    if (err != LOCKBUS_OK) {
        lockbus_cabinet_close(&cab);
        return err;
    }
    *out = cab;
    return LOCKBUS_OK;
}

/* All outputs off before the port is given up: lb_bus_stop() wants polling,
 * and the host's clock is not ours to wait on, so its last time goes on by
 * the operating system's. */
static void stop_buses(struct lockbus_cabinet *cab)
{
    uint64_t last = lb_clock_boot_us(), gone = 0;
    unsigned unknown = 0; /* times that the clock did not say */
    bool stopped = false;

    while (!stopped && cab->polled) {
        uint64_t now = lb_clock_boot_us();

        gone += now > last && last != 0 ? now - last : 0;
        unknown += now == 0;
        last = now;
        stopped = gone > LB_CLOSE_US || unknown > LB_CLOSE_UNKNOWN;
        bool all = true;

        lb_loop_begin(&cab->loop);
        lb_trace_time(cab->trace, cab->now_us + gone);
        for (size_t b = 0; b < cab->bus_count; b++) {
            if (cab->bus[b] != NULL) {
                lb_bus_poll(cab->bus[b], cab->now_us + gone);
                all = lb_bus_stop(cab->bus[b]) && all;
            }
        }
        stopped = stopped || all;
    }
}

/* What is appended goes to the disk before the journal is given up. */
static void finish_journal(struct lockbus_cabinet *cab)
{
    if (cab->worker == NULL || cab->journal == NULL) {
        return;
    }
    lb_refusal_flush(cab, true);
    lb_worker_free(&cab->worker); /* waits for the write that is under way */
    if (cab->journal_busy) {
        /* It may have waited behind a derivation, and never begun. */
        if (!cab->journal_job.ran) {
            lb_journal_run(&cab->journal_job);
        }
        lb_journal_end(cab->journal, &cab->journal_job);
    }
    while (!cab->journal_failed && cab->journal_job.err == LOCKBUS_OK &&
           lb_journal_begin(cab->journal, &cab->journal_job)) {
        lb_journal_run(&cab->journal_job);
        lb_journal_end(cab->journal, &cab->journal_job);
    }
}

void lockbus_cabinet_close(struct lockbus_cabinet **cabinet)
{
    if (cabinet == NULL || *cabinet == NULL) {
        return;
    }
    struct lockbus_cabinet *cab = *cabinet;

    stop_buses(cab);
    for (size_t b = 0; b < cab->bus_count; b++) {
        lb_bus_free(&cab->bus[b]);
        if (cab->line_ours[b]) {
            lb_line_free(&cab->line[b]);
        }
    }
    lb_trace_close(&cab->trace); /* lb_bus_free() closed its lines */
    finish_journal(cab);
    lb_loop_close(&cab->loop);
    if (cab->journal != NULL) {
        lb_journal_close(cab->journal);
    }
    if (cab->store.user != NULL) {
        lb_dir_close(&cab->store);
    }
    lb_memory_free(cab);
    lb_crypto_wipe(cab, sizeof *cab);
    free(cab);
    *cabinet = NULL;
}
