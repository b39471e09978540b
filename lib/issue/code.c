/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Codes: the door's number, which is no secret, and a random secret that the
 * release seed is sealed under. The letters are Crockford's base32: no I, L,
 * O or U, so that a code survives being read aloud.
 */

#include <lockbus/issue.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "signer.h"

#include <stdio.h>
#include <string.h>

enum {
    SECRET_MIN = 6,
    SECRET_MAX = 32,
    LETTERS_DEFAULT = 8,
    DIGITS_DEFAULT = 10,
    DIGIT_DOORS = 1000, /* a keypad of digits says doors in three digits */
    GROUP = 4,
    OPS_MAX = 10,
    MEMORY_MIN = 8,
    MEMORY_MAX = 262144
};

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* A byte below the largest multiple of `count` that a byte can hold, so that
 * every character is as likely as any other. */
static bool draw(char *out, unsigned count)
{
    unsigned bound = 256 - 256 % count;
    uint8_t byte;

    do {
        if (!lb_crypto_random(&byte, 1)) {
            return false;
        }
    } while (byte >= bound);
    *out = alphabet[byte % count];
    return true;
}

static bool draw_all(char *out, unsigned len, bool digits)
{
    unsigned drawn = 0;

    while (drawn < len && draw(out + drawn, digits ? 10 : 32)) {
        drawn++;
    }
    return drawn == len;
}

/* The door, then the secret in groups of four or three. */
static void show(char code[LOCKBUS_CODE_TEXT_MAX], bool digits, uint16_t door,
                 const char *secret, size_t len)
{
    size_t groups = (len + GROUP - 1) / GROUP;
    size_t at = digits ? 3 : 2;

    if (digits) {
        code[0] = alphabet[door / 100];
        code[1] = alphabet[door / 10 % 10];
        code[2] = alphabet[door % 10];
    } else {
        code[0] = alphabet[door / 32];
        code[1] = alphabet[door % 32];
    }
    for (size_t g = 0; g < groups; g++) {
        size_t size = (len + groups - 1 - g) / groups;

        code[at++] = '-';
        memcpy(code + at, secret, size);
        at += size;
        secret += size;
    }
    code[at] = '\0';
}

/* Puts defaults in, then checks: what comes out is what is used. */
static enum lockbus_err settle(struct lockbus_code_form *form, uint16_t door,
                               struct lockbus_error *why)
{
    if (form->secret_len == 0) {
        form->secret_len = form->digits ? DIGITS_DEFAULT : LETTERS_DEFAULT;
    }
    if (form->opslimit == 0) {
        form->opslimit = LB_SEAL_OPS_DEFAULT;
    }
    if (form->memory_kib == 0) {
        form->memory_kib = LB_SEAL_MEM_DEFAULT;
    }
    if (form->secret_len < SECRET_MIN || form->secret_len > SECRET_MAX) {
        return lb_issue_refuse(why, "secret_len", "6 to 32 characters");
    }
    if (form->opslimit > OPS_MAX) {
        return lb_issue_refuse(why, "opslimit", "1 to 10");
    }
    if (form->memory_kib < MEMORY_MIN || form->memory_kib > MEMORY_MAX) {
        return lb_issue_refuse(why, "memory_kib", "8 to 262144");
    }
    if (door >= LB_ISSUE_DOORS || (form->digits && door >= DIGIT_DOORS)) {
        return lb_issue_refuse(why, "door",
                               "doors are 0 to 1023, to 999 on digits");
    }
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_issue_code(char code[LOCKBUS_CODE_TEXT_MAX],
                                    uint8_t seal[LOCKBUS_SEAL_LEN],
                                    const struct lockbus_code_form *form,
                                    uint16_t door, const uint8_t cabinet_id[16],
                                    uint64_t stay,
                                    const uint8_t release_seed[32],
                                    struct lockbus_error *why)
{
    struct lockbus_code_form use = {0};
    uint8_t ad[LB_SEAL_AD_LEN], sealed[LOCKBUS_SEAL_LEN];
    char secret[SECRET_MAX];
    enum lockbus_err err;

    if (code == NULL || seal == NULL || cabinet_id == NULL ||
        release_seed == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    if (form != NULL) {
        use = *form;
    }
    if ((err = settle(&use, door, why)) != LOCKBUS_OK) {
        return err;
    }
    if (stay == 0) {
        return lb_issue_refuse(why, "stay", "stays begin at 1");
    }
    memcpy(ad, cabinet_id, 16);
    lb_put_u16(ad + 16, door);
    lb_put_u64(ad + 18, stay);
    err = LOCKBUS_ERR_IO;
    if (lb_crypto_init() && draw_all(secret, use.secret_len, use.digits)) {
        err = lb_crypto_seal(sealed, release_seed, ad, secret, use.secret_len,
                             use.opslimit, use.memory_kib);
    }
    if (err == LOCKBUS_OK) {
        memcpy(seal, sealed, sizeof sealed);
        show(code, use.digits, door, secret, use.secret_len);
    } else if (err == LOCKBUS_ERR_NOMEM) {
        (void)lb_issue_refuse(why, "memory_kib", "memory is short");
    } else {
        (void)lb_issue_no_random(why);
    }
    if (err != LOCKBUS_OK && why != NULL) {
        why->err = err;
    }
    lb_crypto_wipe(secret, sizeof secret);
    return err;
}
