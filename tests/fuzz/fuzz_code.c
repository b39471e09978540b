/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Codes as typed. Mode, text. Bit 0 of the mode: a keypad of digits.
 */

#include "scene.h"

#include "gate/decide.h"

#include <string.h>

static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* A code by the text of docs/GRANTS.md: its door and what is secret in it;
 * false when it is none. */
static bool read_code(const uint8_t *text, size_t len, bool digits,
                      unsigned *door, char *secret)
{
    size_t seen = 0, first = digits ? 3 : 2;

    *door = 0;
    if (len > LB_CODE_TEXT_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = (char)text[i];

        if (c == '-') {
            continue;
        }
        c = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
        c = (char)(digits ? text[i] : (c == 'O' ? '0' : c));
        c = !digits && (c == 'I' || c == 'L') ? '1' : c;
        const char *at = c == '\0' ? NULL : strchr(letters, c);

        if (at == NULL || (digits && at - letters > 9)) {
            return false;
        }
        if (seen < first) {
            *door = *door * (digits ? 10 : 32) + (unsigned)(at - letters);
        } else if (seen - first < LB_CODE_MAX) {
            secret[seen - first] = c;
        } else {
            return false;
        }
        seen++;
    }
    secret[seen > first ? seen - first : 0] = '\0';
    return seen > first;
}

static void derives(const char *secret, bool digits, uint32_t ref)
{
    const struct lb_gate *gate = &scene_now()->gate;
    size_t len = strlen(secret);
    struct lb_derive d;

    must(len * (digits ? 33 : 50) >= 300, "C1: enough of a secret");
    must(lb_gate_derive(gate, ref, &d) && d.password_len == len &&
             memcmp(d.password, secret, len) == 0 && d.seals == 1,
         "what is tried is what was typed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char secret[LB_CODE_MAX + 1] = {0};
    struct lb_verdict verdict;
    struct lb_code code;
    unsigned door;

    if (size == 0) {
        return 0;
    }
    struct lb_ask ask = {.kind = LB_ASK_CODE,
                         .bytes = data + 1,
                         .len = size - 1,
                         .digits = (data[0] & 1) != 0};
    bool form = read_code(ask.bytes, ask.len, ask.digits, &door, secret);

    must(lb_code_read(&code, ask.bytes, ask.len, ask.digits) == form,
         "a code is read alike by two readers");
    must(!form || (code.door == door && code.len == strlen(secret) &&
                   memcmp(code.secret, secret, code.len) == 0),
         "door and secret are what was typed");
    if (scene_ask(&ask, &verdict)) {
        must(verdict.kind == LB_VERDICT_DERIVE, "a code alone opens nothing");
        must(form && door == SCENE_FULL, "C1: a door with a seal");
        derives(secret, ask.digits, verdict.ref);
    }
    return 0;
}
