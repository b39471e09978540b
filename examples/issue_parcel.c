/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What a back end does for one parcel: keys of its own, a code, a grant, and
 * the package that goes to the courier.
 *
 *   issue_parcel ISSUER.key COURIER.pub CABINET_ID_HEX DOOR STAY OUT.pkg
 *
 * STAY is the manifest's epoch x 2^32 plus a number that grows for that door.
 */

#include <lockbus/lockbus.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int fail(const struct lockbus_error *why)
{
    char text[LOCKBUS_ERROR_TEXT_MAX];

    lockbus_error_text(why, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    return 1;
}

static bool read_id(uint8_t id[16], const char *hex)
{
    unsigned byte;

    for (size_t i = 0; i < 16; i++) {
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) {
            return false;
        }
        id[i] = (uint8_t)byte;
    }
    return strlen(hex) == 32;
}

int main(int argc, char **argv)
{
    struct lockbus_key_file issuer, courier;
    struct lockbus_signer release;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_grant grant = {.courier_uses = 2, .release_uses = 2};
    struct lockbus_code_form form = {.secret_len = 8};
    uint8_t bytes[LOCKBUS_GRANT_LEN], seal[LOCKBUS_SEAL_LEN];
    uint8_t package[LOCKBUS_PACKAGE_MAX];
    char code[LOCKBUS_CODE_TEXT_MAX];
    size_t len = 0;

    if (argc != 7 || !read_id(grant.cabinet_id, argv[3])) {
        fprintf(stderr, "usage: issue_parcel ISSUER.key COURIER.pub "
                        "CABINET_ID_HEX DOOR STAY OUT.pkg\n");
        return 2;
    }
    grant.door = (uint16_t)strtoul(argv[4], NULL, 10);
    grant.stay = strtoull(argv[5], NULL, 10);
    grant.not_before = (uint64_t)time(NULL);
    grant.valid_for_s = 24 * 3600;
    if (lockbus_key_load(argv[1], &issuer, &why) != LOCKBUS_OK ||
        lockbus_key_load_public(argv[2], &courier, &why) != LOCKBUS_OK) {
        return fail(&why);
    }
    if (strcmp(issuer.role, "issuer") != 0) {
        fprintf(stderr, "%s is no issuer's secret key\n", argv[1]);
        return 1;
    }
    if (lockbus_signer_generate(&release) != LOCKBUS_OK) {
        return 1;
    }
    memcpy(grant.courier_pk, courier.signer.public_key, 32);
    memcpy(grant.release_pk, release.public_key, 32);
    if (lockbus_issue_grant(bytes, &grant, &issuer.signer, &why) !=
            LOCKBUS_OK ||
        lockbus_issue_code(code, seal, &form, grant.door, grant.cabinet_id,
                           grant.stay, release.seed, &why) != LOCKBUS_OK ||
        lockbus_package_write(package, &len, bytes, seal) != LOCKBUS_OK) {
        return fail(&why);
    }
    FILE *out = fopen(argv[6], "wb");
    bool written = out != NULL && fwrite(package, 1, len, out) == len;

    written = out != NULL && fclose(out) == 0 && written;
    printf("code %s\n", code); /* once; it is kept nowhere */
    lockbus_signer_wipe(&release);
    lockbus_signer_wipe(&issuer.signer);
    return written ? 0 : 1;
}
