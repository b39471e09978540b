/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_ARCHIVE_H
#define LB_ARCHIVE_H

/*
 * What is done to the journal beside writing it: anchors, receipts, and
 * segments that are let go. One thing at a time, at the worker.
 */

#include "gate/gate.h"
#include "journal/journal.h"

struct lockbus_cabinet;

enum lb_archive_state {
    LB_ARCHIVE_REST = 0,
    LB_ARCHIVE_COMPARE = 1, /* at the worker: a receipt, with its block */
    LB_ARCHIVE_LOOK = 2,    /* at the worker: which segments are old */
    LB_ARCHIVE_RECORD = 3,  /* what may go is not durable yet */
    LB_ARCHIVE_REMOVE = 4   /* at the worker: it goes */
};

struct lb_archive_job {
    enum lb_archive_state what;
    const struct lb_store *store;
    enum lockbus_err err;
    /* COMPARE */
    uint8_t receipt[LB_RECEIPT_LEN];
    uint64_t above; /* is kept when its block is not below this one */
    enum lb_held held;
    /* LOOK and REMOVE: segments from `first` on, those below `below` */
    uint32_t first, below;
    uint64_t until_ms; /* LOOK: powered time that is old enough */
};

struct lb_archive {
    enum lb_archive_state state;
    bool ended, look;
    bool has_receipt;
    uint8_t receipt[LB_RECEIPT_LEN]; /* the last that was taken */
    uint32_t ticket;                 /* COMPARE */
    uint32_t first, full;            /* segments: the first there is; full */
    uint64_t seq;                    /* RECORD: its block */
    uint64_t alarmed[2];             /* highest block of R4, R5, plus 1 */
    struct lb_device device;
    struct lb_archive_job job;
};

/* ---- acknowledge.c ------------------------------------------------------- */

uint64_t lb_receipt_block(const uint8_t receipt[LB_RECEIPT_LEN]);
/* Whether the last receipt is genuine by the manifest in force; its records. */
bool lb_receipt_stands(struct lockbus_cabinet *cab, struct lb_verdict *verdict);
/* After the fold: CORRUPT with a sentence when the operator has a receipt for
 * what this journal is not. IO. */
enum lockbus_err lb_receipt_recover(struct lockbus_cabinet *cab, char text[96]);
void lb_receipt_compare(struct lb_archive_job *job);
void lb_receipt_compared(struct lockbus_cabinet *cab);

/* ---- archive.c ----------------------------------------------------------- */

/* Hands the job to the worker. */
void lb_archive_start(struct lockbus_cabinet *cab, enum lb_archive_state what);
void lb_archive_advance(struct lockbus_cabinet *cab);
/* Whether the worker has the job. */
bool lb_archive_at_work(const struct lockbus_cabinet *cab);

/* ---- storage.c ----------------------------------------------------------- */

/* The journal's job failed. */
void lb_storage_write_failed(struct lockbus_cabinet *cab);

#endif
