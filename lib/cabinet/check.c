/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "cabinet/cabinet.h"

#include "base/crypto.h"

#include <lockbus/cabinet.h>

#include <stdio.h>
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
        why == NULL) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                         "an argument is missing");
    }
    if (!lb_crypto_init()) {
        return lb_no_random(why);
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

/* Of a journal's folder, whoever writes it meanwhile. */
static enum lockbus_err read_device(const char *folder, uint8_t key[32],
                                    struct lockbus_error *why)
{
    struct lb_store store;
    struct lb_device device = {.ok = false};
    enum lockbus_err err = lb_dir_open(&store, folder, false, true, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    err = lb_device_load(&device, &store, NULL);
    if (err != LOCKBUS_OK) {
        lb_dir_last_error(&store, why);
    } else if (!device.ok) {
        err = lb_reason(why, LOCKBUS_ERR_CORRUPT, "device",
                        "the journal's device key is missing or damaged");
        (void)snprintf(why->file, sizeof why->file, "%s", folder);
    } else {
        memcpy(key, device.key, sizeof device.key);
    }
    lb_crypto_wipe(&device, sizeof device);
    lb_dir_close(&store);
    return err;
}

enum lockbus_err lockbus_device_key(const char *config_path, uint8_t key[32],
                                    struct lockbus_error *why)
{
    if (config_path == NULL || key == NULL || why == NULL ||
        !lb_crypto_init()) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                         "an argument is missing");
    }
    struct lb_config *config = config_new();

    if (config == NULL) {
        return lb_reason(why, LOCKBUS_ERR_NOMEM, "", "out of memory");
    }
    enum lockbus_err err = lb_config_load(config, config_path, why);

    if (err == LOCKBUS_OK) {
        err = read_device(config->journal, key, why);
        lb_config_free(config);
    }
    free(config);
    return err;
}
