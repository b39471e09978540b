/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LOCKBUS_ERROR_H
#define LOCKBUS_ERROR_H

/*
 * What can go wrong, named by what the caller does next, and which rule of
 * the gate refused. There is no global error number: whatever explains a
 * failure is in the struct lockbus_error that the failing call filled in.
 */

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define LOCKBUS_CHECK __attribute__((warn_unused_result))
#define LOCKBUS_API __attribute__((visibility("default")))
#else
#define LOCKBUS_CHECK
#define LOCKBUS_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum lockbus_err {
    LOCKBUS_OK = 0,
    LOCKBUS_ERR_USAGE = 1,    /* fix your program: an argument is wrong */
    LOCKBUS_ERR_CONFIG = 2,   /* fix the file that is named, at that line */
    LOCKBUS_ERR_BUSY = 3,     /* ask again after the next poll */
    LOCKBUS_ERR_OFFLINE = 4,  /* wait: the board or port is being retried */
    LOCKBUS_ERR_PROTOCOL = 5, /* check the wiring: nonsense on the line */
    LOCKBUS_ERR_IO = 6,       /* a port, file or disk failed */
    LOCKBUS_ERR_DENIED = 7,   /* tell the person: a rule refused */
    LOCKBUS_ERR_CORRUPT = 8,  /* stop and call a human: a record is damaged */
    LOCKBUS_ERR_NOMEM = 9
};

/*
 * The rules that refuse, in the order in which they are tried within a group.
 * docs/GRANTS.md has each in one sentence. The values are stored in journals
 * and never change.
 */
enum lockbus_rule {
    LOCKBUS_RULE_NONE = 0,
    /* a manifest */
    LOCKBUS_RULE_M1 = 0x101,
    LOCKBUS_RULE_M2,
    LOCKBUS_RULE_M3,
    LOCKBUS_RULE_M4,
    LOCKBUS_RULE_M5,
    LOCKBUS_RULE_M6,
    LOCKBUS_RULE_M7,
    /* a deposit: grant and proof together */
    LOCKBUS_RULE_D1 = 0x201,
    LOCKBUS_RULE_D2,
    LOCKBUS_RULE_D3,
    LOCKBUS_RULE_D4,
    LOCKBUS_RULE_D5,
    LOCKBUS_RULE_D6,
    LOCKBUS_RULE_D7,
    LOCKBUS_RULE_D8,
    LOCKBUS_RULE_D9,
    LOCKBUS_RULE_D10,
    LOCKBUS_RULE_D11,
    /* a proof */
    LOCKBUS_RULE_P1 = 0x301,
    LOCKBUS_RULE_P2,
    LOCKBUS_RULE_P3,
    LOCKBUS_RULE_P4,
    LOCKBUS_RULE_P5,
    LOCKBUS_RULE_P6,
    LOCKBUS_RULE_P7,
    LOCKBUS_RULE_P8,
    LOCKBUS_RULE_P9,
    LOCKBUS_RULE_P10,
    /* a sealed release */
    LOCKBUS_RULE_L1 = 0x401,
    LOCKBUS_RULE_L2,
    LOCKBUS_RULE_L3,
    /* a code typed by a person */
    LOCKBUS_RULE_C1 = 0x501,
    LOCKBUS_RULE_C2,
    LOCKBUS_RULE_C3,
    LOCKBUS_RULE_C4,
    /* a service order */
    LOCKBUS_RULE_S1 = 0x601,
    LOCKBUS_RULE_S2,
    LOCKBUS_RULE_S3,
    LOCKBUS_RULE_S4,
    LOCKBUS_RULE_S5,
    LOCKBUS_RULE_S6,
    LOCKBUS_RULE_S7,
    LOCKBUS_RULE_S8,
    /* a commissioning order */
    LOCKBUS_RULE_K1 = 0x701,
    LOCKBUS_RULE_K2,
    LOCKBUS_RULE_K3,
    LOCKBUS_RULE_K4,
    LOCKBUS_RULE_K5,
    LOCKBUS_RULE_K6,
    LOCKBUS_RULE_K7,
    LOCKBUS_RULE_K8,
    /* a receipt for the journal */
    LOCKBUS_RULE_R1 = 0x801,
    LOCKBUS_RULE_R2,
    LOCKBUS_RULE_R3,
    LOCKBUS_RULE_R4,
    LOCKBUS_RULE_R5,
    LOCKBUS_RULE_R6,
    LOCKBUS_RULE_R7
};

/* Why a call failed. Fields that do not apply are zero or empty. */
struct lockbus_error {
    enum lockbus_err err;
    enum lockbus_rule rule; /* with DENIED: the rule that refused */
    int sys_errno;          /* with IO: the operating system's number */
    unsigned line;          /* with CONFIG: line in `file`, from 1; 0: no line
                             * is wrong, but the whole */
    char file[256];         /* with CONFIG, IO, CORRUPT or BUSY: which file,
                             * folder or port */
    char field[32];         /* which field, argument or place in `file` */
    char text[160];         /* one sentence for a person, no newline */
};

/* "OK", "DENIED" ...; "?" for a value that is none. Static storage. */
LOCKBUS_API const char *lockbus_err_name(enum lockbus_err err);

/* "D3", "P10" ...; "-" for NONE, "?" for a value that is none. Static. */
LOCKBUS_API const char *lockbus_rule_name(enum lockbus_rule rule);

/* One sentence that says what the rule found, for staff and logs. Static. */
LOCKBUS_API const char *lockbus_rule_text(enum lockbus_rule rule);

/* What the person at the door is told: a sentence or two of plain English that
 * name no cause which is not that person's business. Static. */
LOCKBUS_API const char *lockbus_rule_advice(enum lockbus_rule rule);

enum { LOCKBUS_ERROR_TEXT_MAX = 512 }; /* room for every error in one line */

/**
 * All of an error in one line for a log or a terminal, as compilers write it:
 * "FILE:LINE: FIELD: SENTENCE (DENIED, rule P5, errno 13)", without what does
 * not apply.
 *
 * @param text  Receives the line and a zero byte, cut where cap is too small;
 *              NULL with cap 0 asks for the length alone.
 *
 * @return the whole line's length without its zero byte; 0 when why is NULL.
 */
LOCKBUS_API size_t lockbus_error_text(const struct lockbus_error *why,
                                      char *text, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
