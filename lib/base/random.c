/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Random bytes from the kernel, and nowhere else. libsodium's own function
 * ends the process when the kernel refuses; ours says so, and whoever asked
 * gives up what it was about to do.
 */

#include "base/crypto.h"

#include <errno.h>
#include <sys/random.h>

bool lb_crypto_random(uint8_t *out, size_t len)
{
    size_t have = 0;

    while (have < len) {
        ssize_t got = getrandom(out + have, len - have, 0);

        if (got < 0 && errno != EINTR) {
            lb_crypto_wipe(out, len);
            return false;
        }
        have += got > 0 ? (size_t)got : 0;
    }
    return true;
}
