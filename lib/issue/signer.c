/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "signer.h"

#include "base/bytes.h"
#include "base/crypto.h"

#include <stdio.h>
#include <string.h>

enum lockbus_err lb_issue_refuse(struct lockbus_error *why, const char *field,
                                 const char *text)
{
    if (why != NULL) {
        memset(why, 0, sizeof *why);
        why->err = LOCKBUS_ERR_USAGE;
        (void)snprintf(why->field, sizeof why->field, "%s", field);
        (void)snprintf(why->text, sizeof why->text, "%s", text);
    }
    return LOCKBUS_ERR_USAGE;
}

enum lockbus_err lb_issue_no_random(struct lockbus_error *why)
{
    (void)lb_issue_refuse(why, "random", "the system gives no random bytes");
    if (why != NULL) {
        why->err = LOCKBUS_ERR_IO;
    }
    return LOCKBUS_ERR_IO;
}

enum lockbus_err lockbus_signer_generate(struct lockbus_signer *signer)
{
    uint8_t seed[32];
    enum lockbus_err err;

    if (signer == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    if (!lb_crypto_init()) {
        return LOCKBUS_ERR_IO;
    }
    err = lb_crypto_random(seed, sizeof seed)
              ? lockbus_signer_from_seed(signer, seed)
              : LOCKBUS_ERR_IO;
    lb_crypto_wipe(seed, sizeof seed);
    return err;
}

enum lockbus_err lockbus_signer_from_seed(struct lockbus_signer *signer,
                                          const uint8_t seed[32])
{
    if (signer == NULL || seed == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    if (!lb_crypto_init()) {
        return LOCKBUS_ERR_IO;
    }
    memset(signer, 0, sizeof *signer);
    memcpy(signer->seed, seed, sizeof signer->seed);
    lb_crypto_public(signer->public_key, seed);
    return LOCKBUS_OK;
}

void lockbus_signer_wipe(struct lockbus_signer *signer)
{
    if (signer != NULL) {
        lb_crypto_wipe(signer->seed, sizeof signer->seed);
    }
}

void lockbus_hash(uint8_t out[32], const uint8_t *bytes, size_t len)
{
    lb_crypto_hash(out, bytes, len);
}

/* A module gets the very bytes to sign; it needs no knowledge of prefixes. */
static enum lockbus_err sign_outside(uint8_t signature[LB_ISSUE_SIG],
                                     const struct lb_issue_message *message,
                                     const struct lockbus_signer *signer)
{
    uint8_t bytes[LB_SIGNED_MAX];
    size_t head = strlen(message->prefix) + 1;

    if (head > LB_ISSUE_PREFIX_MAX || message->len > sizeof bytes - head) {
        return LOCKBUS_ERR_USAGE;
    }
    memcpy(bytes, message->prefix, head);
    memcpy(bytes + head, message->body, message->len);
    return signer->sign(signer->user, bytes, head + message->len, signature);
}

enum lockbus_err lb_issue_sign(uint8_t signature[LB_ISSUE_SIG],
                               const struct lb_issue_message *message,
                               const struct lockbus_signer *signer,
                               struct lockbus_error *why)
{
    enum lockbus_err err = LOCKBUS_OK;

    if (!lb_crypto_init()) {
        return lb_issue_no_random(why);
    }
    if (signer->sign != NULL) {
        err = sign_outside(signature, message, signer);
    } else if (!lb_crypto_sign(signature, message->prefix, message->body,
                               message->len, signer->seed)) {
        err = LOCKBUS_ERR_USAGE;
    }
    if (err != LOCKBUS_OK) {
        (void)lb_issue_refuse(why, "signer", "the signer gave no signature");
        if (why != NULL) {
            why->err = err;
        }
        return err;
    }
    if (!lb_crypto_verify(message->prefix, message->body, message->len,
                          signature, signer->public_key)) {
        return lb_issue_refuse(why, "signer",
                               "its signature does not fit its public key");
    }
    return LOCKBUS_OK;
}

bool lb_issue_before(const uint8_t *a, const uint8_t *b)
{
    size_t i = 0;

    while (i < LB_ISSUE_KEY_ID - 1 && a[i] == b[i]) {
        i++;
    }
    return a[i] < b[i];
}

/* By key_id; a list of ten at most. */
static void sort(const struct lockbus_signer **signers, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const struct lockbus_signer *one = signers[i];
        size_t at = i;

        while (at > 0 &&
               lb_issue_before(one->public_key, signers[at - 1]->public_key)) {
            signers[at] = signers[at - 1];
            at--;
        }
        signers[at] = one;
    }
}

enum lockbus_err lb_issue_sign_all(uint8_t *out,
                                   const struct lb_issue_message *message,
                                   const struct lockbus_signer **signers,
                                   size_t count, struct lockbus_error *why)
{
    sort(signers, count);
    for (size_t i = 1; i < count; i++) {
        if (lb_same(signers[i - 1]->public_key, signers[i]->public_key,
                    LB_ISSUE_KEY_ID)) {
            return lb_issue_refuse(why, "signer", "one key signs twice");
        }
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t *entry = out + i * LB_ISSUE_SIGNED;
        enum lockbus_err err =
            lb_issue_sign(entry + LB_ISSUE_KEY_ID, message, signers[i], why);

        if (err != LOCKBUS_OK) {
            return err;
        }
        memcpy(entry, signers[i]->public_key, LB_ISSUE_KEY_ID);
    }
    return LOCKBUS_OK;
}
