/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "power.h"

#include <stddef.h>
#include <string.h>

/* What the last read filled, with zeros or with blocks. A start reads on
 * through megabytes of zeros, into one buffer that nobody writes meanwhile. */
static struct {
    const uint8_t *zeros, *blocks;
    size_t zeros_len, blocks_len;
    const struct image *image;
    uint64_t number;
} last;

void image_forget(void)
{
    memset(&last, 0, sizeof last);
}

bool image_is_zero(const uint8_t *bytes, size_t len)
{
    return bytes == last.zeros && len <= last.zeros_len && len != 0;
}

struct kept *image_source(const uint8_t *bytes)
{
    uintptr_t from = (uintptr_t)last.blocks, at = (uintptr_t)bytes;
    uint64_t number = last.number + (at - from) / LB_BLOCK_LEN;

    if (last.blocks == NULL || at < from || at - from >= last.blocks_len ||
        (at - from) % LB_BLOCK_LEN != 0 || number >= last.image->count ||
        last.image->block[number] == NULL) {
        return NULL;
    }
    return (struct kept *)((uintptr_t)last.image->block[number] -
                           offsetof(struct kept, bytes));
}

static const uint8_t *block_at(const struct image *image, uint64_t number)
{
    if (number < image->count) {
        return image->block[number];
    }
    return number == image->count ? image->torn : NULL;
}

static bool all_unwritten(const struct image *image, uint64_t number,
                          size_t blocks)
{
    return number > image->count ||
           (number == image->count && image->torn == NULL) ||
           (blocks == 1 && block_at(image, number) == NULL);
}

static enum lockbus_err range(void *user, uint32_t *first, uint32_t *next)
{
    const struct image *image = user;

    *first = 0;
    *next = image->segments;
    return LOCKBUS_OK;
}

/* Whole blocks, which is all that the library reads. */
static enum lockbus_err read_blocks(void *user, uint32_t segment,
                                    uint32_t offset, uint8_t *buf, size_t len)
{
    const struct image *image = user;
    uint64_t number =
        (uint64_t)segment * LB_SEGMENT_BLOCKS + offset / LB_BLOCK_LEN;

    if (segment >= image->segments || offset % LB_BLOCK_LEN != 0 ||
        len % LB_BLOCK_LEN != 0 || len > LB_SEGMENT_LEN - offset) {
        return LOCKBUS_ERR_IO;
    }
    if (all_unwritten(image, number, len / LB_BLOCK_LEN)) {
        if (!image_is_zero(buf, len)) {
            image_forget();
            memset(buf, 0, len);
            last.zeros = buf;
            last.zeros_len = len;
        }
        return LOCKBUS_OK;
    }
    image_forget();
    last.blocks = buf;
    last.blocks_len = len;
    last.image = image;
    last.number = number;
    for (; len > 0; len -= LB_BLOCK_LEN, buf += LB_BLOCK_LEN) {
        const uint8_t *block = block_at(image, number++);

        if (block != NULL) {
            memcpy(buf, block, LB_BLOCK_LEN);
        } else {
            memset(buf, 0, LB_BLOCK_LEN);
        }
    }
    return LOCKBUS_OK;
}

size_t image_file(const char *name)
{
    static const char *const names[FILES] = {"key", "device", "receipt"};
    size_t i = 0;

    while (i < FILES && strcmp(name, names[i]) != 0) {
        i++;
    }
    return i;
}

static enum lockbus_err load(void *user, const char *name, uint8_t *buf,
                             size_t cap, size_t *len)
{
    const struct image *image = user;
    size_t at = image_file(name);
    const struct small_file *file = at < FILES ? image->file[at] : NULL;

    *len = 0;
    if (file == NULL) {
        return LOCKBUS_OK;
    }
    if (file->len > cap) {
        return LOCKBUS_ERR_IO;
    }
    *len = file->len;
    memcpy(buf, file->bytes, *len);
    return LOCKBUS_OK;
}

static enum lockbus_err no_create(void *user, uint32_t segment)
{
    (void)user;
    (void)segment;
    return LOCKBUS_ERR_IO;
}

static enum lockbus_err no_remove(void *user, uint32_t segment)
{
    return no_create(user, segment);
}

static enum lockbus_err no_write(void *user, uint32_t segment, uint32_t offset,
                                 const uint8_t *buf, size_t len)
{
    (void)user;
    (void)segment;
    (void)offset;
    (void)buf;
    (void)len;
    return LOCKBUS_ERR_IO;
}

static enum lockbus_err no_sync(void *user, uint32_t segment)
{
    const struct image *image = user;

    return segment < image->segments ? LOCKBUS_OK : LOCKBUS_ERR_IO;
}

static enum lockbus_err no_save(void *user, const char *name,
                                const uint8_t *buf, size_t len)
{
    (void)user;
    (void)name;
    (void)buf;
    (void)len;
    return LOCKBUS_ERR_IO;
}

struct lb_store image_store(struct image *image)
{
    return (struct lb_store){.user = image,
                             .range = range,
                             .create = no_create,
                             .remove = no_remove,
                             .read = read_blocks,
                             .write = no_write,
                             .sync = no_sync,
                             .load = load,
                             .save = no_save};
}
