/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Grants, proofs and orders. The issuing side refuses what no gate would
 * take, so that a mistake is found where it can be mended: at a desk, not at
 * a door with a courier before it. Results are written only when all is well.
 */

#include <lockbus/issue.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "signer.h"

#include <string.h>

enum {
    GRANT_BODY = 160,
    GRANT_SIG = 168,
    PROOF_BODY = 48,
    ORDER_BODY = 64,
    COMMISSION_BODY = 112,
    USES_MAX = 3
};

static enum lockbus_err check_key(const uint8_t key[32], const char *field,
                                  struct lockbus_error *why)
{
    if (!lb_crypto_point_ok(key)) {
        return lb_issue_refuse(why, field, "this is no proper public key");
    }
    return LOCKBUS_OK;
}

/* Rule D7, as far as it can be told without the cabinet. */
static enum lockbus_err check_grant_keys(const struct lockbus_grant *g,
                                         struct lockbus_error *why)
{
    bool visit = lb_all_zero(g->release_pk, sizeof g->release_pk);
    bool no_return = lb_all_zero(g->return_pk, sizeof g->return_pk);
    enum lockbus_err err = check_key(g->courier_pk, "courier_pk", why);

    if (err == LOCKBUS_OK && !visit) {
        err = check_key(g->release_pk, "release_pk", why);
    }
    if (err == LOCKBUS_OK && !no_return) {
        err = check_key(g->return_pk, "return_pk", why);
    }
    if (err != LOCKBUS_OK) {
        return err;
    }
    if (visit && !no_return) {
        return lb_issue_refuse(why, "return_pk", "a visit has no return");
    }
    if (no_return != (g->return_after_s == 0)) {
        return lb_issue_refuse(why, "return_after_s",
                               "a return key and its time go together");
    }
    if (lb_same(g->courier_pk, g->release_pk, 32)) {
        return lb_issue_refuse(why, "release_pk", "it is the courier's key");
    }
    if (lb_same(g->courier_pk, g->return_pk, 32) ||
        (!no_return && lb_same(g->release_pk, g->return_pk, 32))) {
        return lb_issue_refuse(why, "return_pk", "it is another of the keys");
    }
    return LOCKBUS_OK;
}

static enum lockbus_err check_grant(const struct lockbus_grant *g,
                                    struct lockbus_error *why)
{
    if (g->courier_uses < 1 || g->courier_uses > USES_MAX) {
        return lb_issue_refuse(why, "courier_uses", "1 to 3 uses");
    }
    if (g->release_uses < 1 || g->release_uses > USES_MAX) {
        return lb_issue_refuse(why, "release_uses", "1 to 3 uses");
    }
    if (g->door >= LB_ISSUE_DOORS) {
        return lb_issue_refuse(why, "door", "doors are 0 to 1023");
    }
    if (g->stay == 0) {
        return lb_issue_refuse(why, "stay", "stays begin at 1");
    }
    if (g->not_before >= LB_ISSUE_TIME_END) {
        return lb_issue_refuse(why, "not_before", "seconds since 1970");
    }
    if (g->valid_for_s == 0) {
        return lb_issue_refuse(why, "valid_for_s", "it would never be valid");
    }
    return check_grant_keys(g, why);
}

enum lockbus_err lockbus_issue_grant(uint8_t out[LOCKBUS_GRANT_LEN],
                                     const struct lockbus_grant *grant,
                                     const struct lockbus_signer *issuer,
                                     struct lockbus_error *why)
{
    uint8_t b[LOCKBUS_GRANT_LEN] = "LBD1\1";
    const struct lb_issue_message message = {"lockbus/deposit/v1", b,
                                             GRANT_BODY};
    enum lockbus_err err;

    if (out == NULL || grant == NULL || issuer == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    if ((err = check_grant(grant, why)) != LOCKBUS_OK) {
        return err;
    }
    b[5] = (uint8_t)(grant->courier_uses | grant->release_uses << 4);
    lb_put_u16(b + 6, grant->door);
    memcpy(b + 8, grant->cabinet_id, 16);
    lb_put_u64(b + 24, grant->stay);
    lb_put_u64(b + 32, grant->not_before);
    lb_put_u32(b + 40, grant->valid_for_s);
    lb_put_u32(b + 44, grant->return_after_s);
    memcpy(b + 48, grant->parcel_ref, 16);
    memcpy(b + 64, grant->courier_pk, 32);
    memcpy(b + 96, grant->release_pk, 32);
    memcpy(b + 128, grant->return_pk, 32);
    memcpy(b + GRANT_BODY, issuer->public_key, LB_ISSUE_KEY_ID);
    err = lb_issue_sign(b + GRANT_SIG, &message, issuer, why);
    if (err == LOCKBUS_OK) {
        memcpy(out, b, sizeof b);
    }
    return err;
}

enum lockbus_err lockbus_issue_proof(
    uint8_t out[LOCKBUS_PROOF_LEN], enum lockbus_proof_kind kind, uint16_t door,
    const uint8_t cabinet_id[16], uint64_t stay, const uint8_t challenge[16],
    const struct lockbus_signer *signer, struct lockbus_error *why)
{
    uint8_t b[LOCKBUS_PROOF_LEN] = "LBP1\1";
    const struct lb_issue_message message = {"lockbus/proof/v1", b, PROOF_BODY};
    enum lockbus_err err;

    if (out == NULL || cabinet_id == NULL || challenge == NULL ||
        signer == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    if ((int)kind < LOCKBUS_PROOF_RELEASE || kind > LOCKBUS_PROOF_CANCEL) {
        return lb_issue_refuse(why, "kind", "there is no proof of this kind");
    }
    if (door >= LB_ISSUE_DOORS) {
        return lb_issue_refuse(why, "door", "doors are 0 to 1023");
    }
    if (stay == 0) {
        return lb_issue_refuse(why, "stay", "stays begin at 1");
    }
    b[5] = (uint8_t)kind;
    lb_put_u16(b + 6, door);
    memcpy(b + 8, cabinet_id, 16);
    lb_put_u64(b + 24, stay);
    memcpy(b + 32, challenge, 16);
    err = lb_issue_sign(b + PROOF_BODY, &message, signer, why);
    if (err == LOCKBUS_OK) {
        memcpy(out, b, sizeof b);
    }
    return err;
}

static enum lockbus_err check_order(const struct lockbus_order *order,
                                    struct lockbus_error *why)
{
    if ((int)order->action < LOCKBUS_SERVICE_OPEN ||
        order->action > LOCKBUS_SERVICE_CLEAR) {
        return lb_issue_refuse(why, "action", "there is no such action");
    }
    if (order->door >= LB_ISSUE_DOORS) {
        return lb_issue_refuse(why, "door", "doors are 0 to 1023");
    }
    if (order->order_no == 0) {
        return lb_issue_refuse(why, "order_no", "order numbers begin at 1");
    }
    if (order->not_after == 0 || order->not_after >= LB_ISSUE_TIME_END) {
        return lb_issue_refuse(why, "not_after", "seconds since 1970");
    }
    return LOCKBUS_OK;
}

/* Body and signatures of one or two persons. */
static enum lockbus_err sign_order(uint8_t *out,
                                   const struct lockbus_order *order,
                                   const struct lockbus_signer **signers,
                                   size_t count, struct lockbus_error *why)
{
    uint8_t b[LOCKBUS_ORDER_LEN] = "LBS1\1";
    const struct lb_issue_message message = {"lockbus/service/v1", b,
                                             ORDER_BODY};
    enum lockbus_err err = check_order(order, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    b[5] = (uint8_t)order->action;
    lb_put_u16(b + 6, order->door);
    memcpy(b + 8, order->cabinet_id, 16);
    lb_put_u64(b + 24, order->order_no);
    lb_put_u64(b + 32, order->not_after);
    memcpy(b + 40, order->challenge, 16);
    lb_put_u32(b + 56, order->reason);
    err = lb_issue_sign_all(b + ORDER_BODY, &message, signers, count, why);
    if (err == LOCKBUS_OK) {
        memcpy(out, b, ORDER_BODY + count * LB_ISSUE_SIGNED);
    }
    return err;
}

enum lockbus_err lockbus_issue_order(uint8_t out[LOCKBUS_ORDER_LEN],
                                     const struct lockbus_order *order,
                                     const struct lockbus_signer *first,
                                     const struct lockbus_signer *second,
                                     struct lockbus_error *why)
{
    const struct lockbus_signer *signers[2] = {first, second};

    if (out == NULL || order == NULL || first == NULL || second == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    return sign_order(out, order, signers, 2, why);
}

enum lockbus_err lockbus_issue_order_half(uint8_t out[LOCKBUS_ORDER_HALF_LEN],
                                          const struct lockbus_order *order,
                                          const struct lockbus_signer *signer,
                                          struct lockbus_error *why)
{
    if (out == NULL || order == NULL || signer == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    return sign_order(out, order, &signer, 1, why);
}

enum lockbus_err lockbus_issue_order_join(
    uint8_t out[LOCKBUS_ORDER_LEN], const uint8_t one[LOCKBUS_ORDER_HALF_LEN],
    const uint8_t other[LOCKBUS_ORDER_HALF_LEN], struct lockbus_error *why)
{
    uint8_t b[LOCKBUS_ORDER_LEN];
    struct lockbus_order order;

    if (out == NULL || one == NULL || other == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    if (!lb_same(one, other, ORDER_BODY)) {
        return lb_issue_refuse(why, "half",
                               "the two halves are not of the same order");
    }
    const uint8_t *first = one + ORDER_BODY, *second = other + ORDER_BODY;

    if (lb_same(first, second, LB_ISSUE_KEY_ID)) {
        return lb_issue_refuse(why, "signer", "one key signs twice");
    }
    bool ascending = lb_issue_before(first, second);

    memcpy(b, one, ORDER_BODY);
    memcpy(b + ORDER_BODY, ascending ? first : second, LB_ISSUE_SIGNED);
    memcpy(b + ORDER_BODY + LB_ISSUE_SIGNED, ascending ? second : first,
           LB_ISSUE_SIGNED);
    if (lockbus_order_read(&order, b, sizeof b) != LOCKBUS_OK) {
        return lb_issue_refuse(why, "half", "this is no half of an order");
    }
    memcpy(out, b, sizeof b);
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_issue_commission(
    uint8_t out[LOCKBUS_COMMISSION_LEN], const struct lockbus_commission *order,
    const struct lockbus_signer *first, const struct lockbus_signer *second,
    struct lockbus_error *why)
{
    uint8_t b[LOCKBUS_COMMISSION_LEN] = "LBC1\1";
    const struct lb_issue_message message = {"lockbus/commission/v1", b,
                                             COMMISSION_BODY};
    const struct lockbus_signer *signers[2] = {first, second};
    enum lockbus_err err;

    if (out == NULL || order == NULL || first == NULL || second == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    if (order->doors < 1 || order->doors > LB_ISSUE_DOORS) {
        return lb_issue_refuse(why, "doors", "a cabinet has 1 to 1024 doors");
    }
    if (order->order_no == 0) {
        return lb_issue_refuse(why, "order_no", "order numbers begin at 1");
    }
    b[5] = order->amendment ? 1 : 0;
    lb_put_u16(b + 6, order->doors);
    memcpy(b + 8, order->cabinet_id, 16);
    lb_put_u64(b + 24, order->order_no);
    memcpy(b + 32, order->map_hash, 32);
    memcpy(b + 64, order->manifest_hash, 32);
    lb_put_u32(b + 96, order->region);
    err = lb_issue_sign_all(b + COMMISSION_BODY, &message, signers, 2, why);
    if (err == LOCKBUS_OK) {
        memcpy(out, b, sizeof b);
    }
    return err;
}
