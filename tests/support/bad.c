/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "bad.h"
#include "os_pty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WHOLE_MAX = 5 * 1024 * 1024, BIG_LEN = 1024 * 1024, PATH_CAP = 512 };

/* Of one kind, refusals or all others. */
static unsigned count_entries(struct rig *rig, bool refusals)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why;
    struct lockbus_entry entry;
    unsigned count = 0;

    assert_int_equal(lockbus_journal_open(&journal, rig_path(rig, "journal"),
                                          rig->escrow, &why),
                     LOCKBUS_OK);
    do {
        assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                         LOCKBUS_OK);
        if (entry.kind == LOCKBUS_ENTRY_REFUSAL) {
            count += refusals ? entry.count : 0;
        } else {
            count += !refusals && entry.kind != 0;
        }
    } while (entry.kind != 0);
    lockbus_journal_close(&journal);
    return count;
}

unsigned bad_refusals(struct rig *rig)
{
    return count_entries(rig, true);
}

void calm_take(struct calm *calm, struct rig *rig)
{
    calm->pulses = rig_pulses(rig);
    calm->entries = count_entries(rig, false);
    for (uint16_t n = 0; n < RIG_DOORS; n++) {
        calm->latch[n] = rig_latch(rig, n);
        calm->custody[n] = rig_custody(rig, n);
    }
}

void calm_check(const struct calm *calm, struct rig *rig, const char *what)
{
    struct calm now;

    calm_take(&now, rig);
    if (now.pulses != calm->pulses || now.entries != calm->entries) {
        fail_msg("%s: %u pulses, then %u; %u entries, then %u", what,
                 calm->pulses, now.pulses, calm->entries, now.entries);
    }
    for (uint16_t n = 0; n < RIG_DOORS; n++) {
        if (now.latch[n] != calm->latch[n] ||
            now.custody[n] != calm->custody[n]) {
            fail_msg("%s: door %u moved", what, n);
        }
    }
}

/* ---- Files ---------------------------------------------------------------
 */

size_t bad_read(const char *path, uint8_t *buf, size_t cap)
{
    FILE *in = fopen(path, "rb");

    if (in == NULL) {
        fail_msg("%s cannot be read", path);
        return 0;
    }
    size_t len = fread(buf, 1, cap, in);

    (void)fclose(in);
    assert_true(len < cap);
    return len;
}

void bad_write(const char *path, const uint8_t *bytes, size_t len)
{
    (void)unlink(path);
    FILE *out = fopen(path, "wb");

    if (out == NULL || fwrite(bytes, 1, len, out) != len || fclose(out) != 0 ||
        chmod(path, 0600) != 0) {
        fail_msg("%s cannot be written", path);
    }
}

static void aside(char out[PATH_CAP], const char *path)
{
    assert_true(snprintf(out, PATH_CAP, "%s.good", path) < PATH_CAP);
}

static size_t noise(uint8_t *buf, size_t len)
{
    uint32_t dice = 12345;

    for (size_t i = 0; i < len; i++) {
        dice = dice * 1103515245U + 12345U;
        buf[i] = (uint8_t)(dice >> 16 | 0x80U); /* no letter, no zero */
    }
    return len;
}

static size_t with_crlf(uint8_t *out, const uint8_t *in, size_t len)
{
    size_t at = 0;

    for (size_t i = 0; i < len; i++) {
        if (in[i] == '\n') {
            out[at++] = '\r';
        }
        out[at++] = in[i];
    }
    return at;
}

/* Shapes that are regular files, made of the good one's bytes. */
static void put_bytes(const char *path, enum bad_shape shape, const char *from)
{
    uint8_t *good = malloc(WHOLE_MAX), *made = malloc(2 * WHOLE_MAX);

    assert_non_null(good);
    assert_non_null(made);
    size_t len = bad_read(from, good, WHOLE_MAX), made_len = len;

    memcpy(made, good, len);
    if (shape == BAD_EMPTY) {
        made_len = 0;
    } else if (shape == BAD_BIG) {
        memset(made, ';', BIG_LEN);
        for (made_len = 0; made_len < BIG_LEN; made_len += 64) {
            made[made_len + 63] = '\n';
        }
    } else if (shape == BAD_NOISE) {
        made_len = noise(made, len);
    } else if (shape == BAD_NUL) {
        made[len / 2] = 0;
    } else if (shape == BAD_BOM) {
        memcpy(made, "\xEF\xBB\xBF", 3);
        memcpy(made + 3, good, len);
        made_len = len + 3;
    } else if (shape == BAD_CRLF) {
        made_len = with_crlf(made, good, len);
    }
    bad_write(path, made, made_len);
    free(good);
    free(made);
}

void bad_put(const char *path, enum bad_shape shape, const char *other)
{
    char good[PATH_CAP];
    int failed = 0;

    aside(good, path);
    assert_int_equal(rename(path, good), 0);
    switch (shape) {
    case BAD_MISSING:
        break;
    case BAD_FOLDER:
        failed = mkdir(path, 0700);
        break;
    case BAD_FIFO:
        failed = mkfifo(path, 0600);
        break;
    case BAD_ENDLESS:
        failed = symlink("/dev/zero", path);
        break;
    case BAD_LOOP:
        failed = symlink(path, path);
        break;
    case BAD_NOWHERE:
        failed = symlink("/nonexistent/file", path);
        break;
    case BAD_LINK:
        failed = symlink(good, path);
        break;
    case BAD_PUBLIC:
        put_bytes(path, shape, good);
        failed = chmod(path, 0666);
        break;
    case BAD_OTHER:
        put_bytes(path, shape, other);
        break;
    case BAD_EMPTY:
    case BAD_BIG:
    case BAD_NOISE:
    case BAD_NUL:
    case BAD_BOM:
    case BAD_CRLF:
        put_bytes(path, shape, good);
        break;
    }
    assert_int_equal(failed, 0);
}

void bad_undo(const char *path)
{
    char good[PATH_CAP];

    aside(good, path);
    os_temp_remove(path); /* a folder with what was put into it */
    assert_int_equal(rename(good, path), 0);
}
