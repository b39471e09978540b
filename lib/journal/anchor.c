/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The device key, and what it signs: which block is the journal's last. Kept
 * elsewhere, that shows later that blocks are missing or are others. The key
 * vouches for nothing else, and opens nothing.
 */

#include "journal/journal.h"

#include "base/bytes.h"
#include "base/crypto.h"

#include <string.h>

/* The file: magic, format, cabinet, seed, digest of all before it. */
enum {
    FILE_FORMAT = 4,
    FILE_CABINET = 8,
    FILE_SEED = 24,
    FILE_DIGEST = 56,
    FORMAT = 1
};

enum {
    ANCHOR_VERSION = 4,
    ANCHOR_TRUSTED = 5,
    ANCHOR_CABINET = 8,
    ANCHOR_BLOCK = 24,
    ANCHOR_DIGEST = 32,
    ANCHOR_BOOT = 64,
    ANCHOR_POWERED = 72,
    ANCHOR_UNIX = 80,
    ANCHOR_SIGNATURE = 88
};

_Static_assert((int)LB_DEVICE_FILE_LEN == FILE_DIGEST + LB_HASH_LEN &&
                   (int)LB_ANCHOR_LEN == ANCHOR_SIGNATURE + LB_SIG_LEN,
               "nothing follows");

static const char device_name[] = "device";
static const uint8_t device_magic[4] = {'L', 'B', 'V', '1'};
static const uint8_t anchor_magic[4] = {'L', 'B', 'A', '1'};

static void encode(uint8_t out[LB_DEVICE_FILE_LEN],
                   const uint8_t cabinet_id[16], const uint8_t seed[32])
{
    memset(out, 0, LB_DEVICE_FILE_LEN);
    memcpy(out, device_magic, sizeof device_magic);
    lb_put_u16(out + FILE_FORMAT, FORMAT);
    memcpy(out + FILE_CABINET, cabinet_id, 16);
    memcpy(out + FILE_SEED, seed, LB_SEED_LEN);
    lb_crypto_hash(out + FILE_DIGEST, out, FILE_DIGEST);
}

enum lockbus_err lb_device_make(const struct lb_store *store,
                                const uint8_t cabinet_id[16])
{
    uint8_t file[LB_DEVICE_FILE_LEN], seed[LB_SEED_LEN];

    if (!lb_crypto_random(seed, sizeof seed)) {
        return LOCKBUS_ERR_IO;
    }
    encode(file, cabinet_id, seed);
    enum lockbus_err err =
        store->save(store->user, device_name, file, sizeof file);

    lb_crypto_wipe(seed, sizeof seed);
    lb_crypto_wipe(file, sizeof file);
    return err;
}

enum lockbus_err lb_device_load(struct lb_device *device,
                                const struct lb_store *store,
                                const uint8_t cabinet_id[16])
{
    uint8_t file[LB_STORE_FILE_MAX], again[LB_DEVICE_FILE_LEN];
    size_t len = 0;
    enum lockbus_err err =
        store->load(store->user, device_name, file, sizeof file, &len);

    memset(device, 0, sizeof *device);
    if (err == LOCKBUS_OK && len == LB_DEVICE_FILE_LEN) {
        /* There is one spelling of it and no more. */
        encode(again, cabinet_id != NULL ? cabinet_id : file + FILE_CABINET,
               file + FILE_SEED);
        device->ok = lb_crypto_same(again, file, sizeof again);
        lb_crypto_wipe(again, sizeof again);
    }
    if (device->ok) {
        memcpy(device->seed, file + FILE_SEED, LB_SEED_LEN);
        lb_crypto_public(device->key, device->seed);
    }
    lb_crypto_wipe(file, sizeof file);
    return err;
}

bool lb_anchor_make(const struct lb_journal *journal,
                    const struct lb_device *device, uint8_t out[LB_ANCHOR_LEN])
{
    const struct lb_journal_mark *last = &journal->last;

    if (!device->ok || journal->durable == 0) {
        return false;
    }
    memset(out, 0, LB_ANCHOR_LEN);
    memcpy(out, anchor_magic, sizeof anchor_magic);
    out[ANCHOR_VERSION] = 1;
    out[ANCHOR_TRUSTED] = last->trusted ? 1 : 0;
    memcpy(out + ANCHOR_CABINET, journal->cabinet_id, 16);
    lb_put_u64(out + ANCHOR_BLOCK, journal->durable - 1);
    memcpy(out + ANCHOR_DIGEST, last->digest, LB_HASH_LEN);
    lb_put_u32(out + ANCHOR_BOOT, last->boot);
    lb_put_u64(out + ANCHOR_POWERED, last->powered_ms);
    lb_put_u64(out + ANCHOR_UNIX, last->unix_s);
    return lb_crypto_sign(out + ANCHOR_SIGNATURE, "lockbus/anchor/v1", out,
                          ANCHOR_SIGNATURE, device->seed);
}
