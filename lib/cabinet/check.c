/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "cabinet/cabinet.h"

#include "base/crypto.h"

#include <lockbus/cabinet.h>

#include <stdlib.h>
#include <string.h>

static struct lb_config *config_new(void)
{
    return (struct lb_config *)malloc(sizeof(struct lb_config));
}

enum lockbus_err lockbus_config_check(const char *config_path,
                                      uint8_t map_hash[32], uint16_t *doors,
                                      struct lockbus_error *why)
{
    if (config_path == NULL || map_hash == NULL || doors == NULL ||
        why == NULL || !lb_crypto_init()) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                         "an argument is missing");
    }
    struct lb_config *config = config_new();
    if (config == NULL) {
        return lb_reason(why, LOCKBUS_ERR_NOMEM, "", "out of memory");
    }
    enum lockbus_err err = lb_config_load(config, config_path, why);

    if (err == LOCKBUS_OK) {
        memcpy(map_hash, config->map_hash, sizeof config->map_hash);
        *doors = config->door_count;
        lb_config_free(config);
    }
    free(config);
    return err;
}
