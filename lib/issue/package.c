/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The DepositPackage: a grant and perhaps its seal, in protobuf. It arrives
 * from the network, so its decoder gets a fixed piece of stack instead of
 * the heap and can never take more than that, whatever the bytes say.
 */

#include <lockbus/issue.h>

#include "package.pb-c.h"
#include "signer.h"

#include <stdalign.h>
#include <string.h>

enum {
    /*
     * Enough for any LOCKBUS_PACKAGE_MAX bytes: 256 fields of two bytes each
     * take protobuf-c five slabs of descriptions (480 of 32 bytes), as many
     * unknown fields (24 bytes) and their data (rounded to 16).
     */
    ARENA_LEN = 32 * 1024,
    ARENA_ALIGN = 16
};

struct arena {
    alignas(ARENA_ALIGN) uint8_t bytes[ARENA_LEN];
    size_t used;
};

static void *take(void *user, size_t len)
{
    struct arena *arena = user;
    uint8_t *piece = arena->bytes + arena->used;

    if (len > ARENA_LEN - arena->used) {
        return NULL;
    }
    arena->used += (len + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (arena->used > ARENA_LEN) {
        arena->used = ARENA_LEN;
    }
    return piece;
}

/* The whole arena goes at once, with the stack. */
static void give_back(void *user, void *piece)
{
    (void)user;
    (void)piece;
}

enum lockbus_err lockbus_package_read(const uint8_t *package,
                                      size_t package_len,
                                      uint8_t grant[LOCKBUS_GRANT_LEN],
                                      uint8_t seal[LOCKBUS_SEAL_LEN],
                                      size_t *seal_len)
{
    struct arena arena;
    ProtobufCAllocator allocator = {take, give_back, &arena};
    const Lockbus__DepositPackage *read;

    if (package == NULL || grant == NULL || seal == NULL || seal_len == NULL ||
        package_len == 0 || package_len > LOCKBUS_PACKAGE_MAX) {
        return LOCKBUS_ERR_USAGE;
    }
    arena.used = 0;
    read = lockbus__deposit_package__unpack(&allocator, package_len, package);
    if (read == NULL || read->grant.len != LOCKBUS_GRANT_LEN ||
        (read->seal.len != 0 && read->seal.len != LOCKBUS_SEAL_LEN)) {
        return LOCKBUS_ERR_USAGE;
    }
    memcpy(grant, read->grant.data, LOCKBUS_GRANT_LEN);
    if (read->seal.len != 0) {
        memcpy(seal, read->seal.data, LOCKBUS_SEAL_LEN);
    }
    *seal_len = read->seal.len;
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_package_write(uint8_t out[LOCKBUS_PACKAGE_MAX],
                                       size_t *len,
                                       const uint8_t grant[LOCKBUS_GRANT_LEN],
                                       const uint8_t *seal)
{
    uint8_t grant_copy[LOCKBUS_GRANT_LEN], seal_copy[LOCKBUS_SEAL_LEN];
    Lockbus__DepositPackage package = LOCKBUS__DEPOSIT_PACKAGE__INIT;

    if (out == NULL || len == NULL || grant == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    /* protobuf-c wants bytes that it could write to, though it never does */
    memcpy(grant_copy, grant, sizeof grant_copy);
    package.grant.data = grant_copy;
    package.grant.len = sizeof grant_copy;
    if (seal != NULL) {
        memcpy(seal_copy, seal, sizeof seal_copy);
        package.seal.data = seal_copy;
        package.seal.len = sizeof seal_copy;
    }
    if (lockbus__deposit_package__get_packed_size(&package) >
        LOCKBUS_PACKAGE_MAX) {
        return LOCKBUS_ERR_USAGE;
    }
    *len = lockbus__deposit_package__pack(&package, out);
    return LOCKBUS_OK;
}
