/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issue_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/lockbus-key-XXXXXX";
static char path[64];

static int fresh(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "%s/a.key", folder);
    (void)unlink(path);
    return 0;
}

static struct lockbus_key_file issuer(void)
{
    struct lockbus_key_file key = {.role = "issuer",
                                   .region_first = 5,
                                   .region_last = 9,
                                   .secret = true,
                                   .signer = issue_check_signer(0x5A)};
    return key;
}

static unsigned mode(void)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777U;
}

static void put(const char *text, size_t len, mode_t bits)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, bits), 0);
}

static void a_secret_key_comes_back_and_only_its_owner_reads_it(void **state)
{
    const struct lockbus_key_file key = issuer();
    struct lockbus_key_file back;
    char text[160] = "";
    FILE *f;

    (void)state;
    assert_int_equal(lockbus_key_save(path, &key, NULL), LOCKBUS_OK);
    assert_int_equal(mode(), 0600);
    assert_int_equal(lockbus_key_load(path, &back, NULL), LOCKBUS_OK);
    assert_true(back.secret);
    assert_string_equal(back.role, "issuer");
    assert_int_equal(back.region_first, 5);
    assert_int_equal(back.region_last, 9);
    assert_memory_equal(back.signer.seed, key.signer.seed, 32);
    assert_memory_equal(back.signer.public_key, key.signer.public_key, 32);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    (void)fclose(f);
    assert_string_equal(text, "lockbus-key-v1 issuer 5 9 "
                              "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
                              "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\n");
}

static void a_public_key_is_none_to_sign_with(void **state)
{
    struct lockbus_key_file key = issuer(), back;
    struct lockbus_error why = {0};

    (void)state;
    key.secret = false;
    assert_int_equal(lockbus_key_save(path, &key, NULL), LOCKBUS_OK);
    assert_int_equal(mode(), 0644);
    assert_int_equal(lockbus_key_load(path, &back, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.field, "secret");
    assert_string_equal(why.file, path);
    assert_int_equal(why.line, 1);
    assert_int_equal(lockbus_key_load_public(path, &back, NULL), LOCKBUS_OK);
    assert_false(back.secret);
    assert_true(sodium_is_zero(back.signer.seed, 32));
    assert_memory_equal(back.signer.public_key, key.signer.public_key, 32);
}

static void the_public_half_of_a_secret_key_comes_without_its_seed(void **state)
{
    const struct lockbus_key_file key = issuer();
    struct lockbus_key_file back;

    (void)state;
    assert_int_equal(lockbus_key_save(path, &key, NULL), LOCKBUS_OK);
    assert_int_equal(lockbus_key_load_public(path, &back, NULL), LOCKBUS_OK);
    assert_true(back.secret);
    assert_true(sodium_is_zero(back.signer.seed, 32));
    assert_memory_equal(back.signer.public_key, key.signer.public_key, 32);
}

static void a_key_file_is_never_written_over(void **state)
{
    const struct lockbus_key_file key = issuer();
    struct lockbus_error why = {0};

    (void)state;
    put("mine", 4, 0600);
    assert_int_equal(lockbus_key_save(path, &key, &why), LOCKBUS_ERR_USAGE);
    assert_int_equal(
        lockbus_key_load(path, &(struct lockbus_key_file){0}, &why),
        LOCKBUS_ERR_CONFIG);
}

static void a_secret_that_others_may_read_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0660, 0601};
    const struct lockbus_key_file key = issuer();
    struct lockbus_key_file back = {0};
    struct lockbus_error why = {0};

    (void)state;
    assert_int_equal(lockbus_key_save(path, &key, NULL), LOCKBUS_OK);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(lockbus_key_load(path, &back, &why),
                         LOCKBUS_ERR_CONFIG);
        assert_string_equal(why.field, "mode");
        assert_true(sodium_is_zero(back.signer.seed, 32));
    }
}

static void keys_that_do_not_fit_are_not_saved(void **state)
{
    struct lockbus_key_file key = issuer();
    struct lockbus_error why = {0};

    (void)state;
    key.signer.public_key[0] ^= 1;
    assert_int_equal(lockbus_key_save(path, &key, &why), LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "key");
    key = issuer();
    memcpy(key.role, "king", 5);
    assert_int_equal(lockbus_key_save(path, &key, &why), LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "role");
    memcpy(key.role, "root", 5);
    assert_int_equal(lockbus_key_save(path, &key, &why), LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "region");
    assert_int_not_equal(access(path, F_OK), 0);
}

static void a_missing_file_is_told(void **state)
{
    struct lockbus_key_file key;
    struct lockbus_error why = {0};

    (void)state;
    assert_int_equal(lockbus_key_load(path, &key, &why), LOCKBUS_ERR_IO);
    assert_string_equal(why.file, path);
}

#define SEED "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
#define ALL " 0 4294967295 "

static struct row {
    const char *name, *text;
    size_t len; /* 0: to the zero byte */
} rows[] = {
    {"nothing", "", 0},
    {"a head alone", "lockbus-key-v1 ", 0},
    {"another version", "lockbus-key-v2 root" ALL SEED "\n", 0},
    {"no newline", "lockbus-key-v1 root" ALL SEED, 0},
    {"two lines", "lockbus-key-v1 root" ALL SEED "\n\n", 0},
    {"a carriage return", "lockbus-key-v1 root" ALL SEED "\r\n", 0},
    {"two blanks", "lockbus-key-v1  root" ALL SEED "\n", 0},
    {"no such role", "lockbus-key-v1 king" ALL SEED "\n", 0},
    {"a root with a region", "lockbus-key-v1 root 1 2 " SEED "\n", 0},
    {"regions the wrong way", "lockbus-key-v1 issuer 9 5 " SEED "\n", 0},
    {"a region beyond 32 bits", "lockbus-key-v1 issuer 0 4294967296 " SEED "\n",
     0},
    {"a leading zero", "lockbus-key-v1 issuer 05 9 " SEED "\n", 0},
    {"a sign", "lockbus-key-v1 issuer +5 9 " SEED "\n", 0},
    {"capitals",
     "lockbus-key-v1 root" ALL
     "5A5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\n",
     0},
    {"a digit short",
     "lockbus-key-v1 root" ALL
     "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5\n",
     0},
    {"a digit long", "lockbus-key-v1 root" ALL SEED "0\n", 0},
    {"a zero byte", "lockbus-key-v1 root" ALL SEED "\n\0", 112},
    {"a public key that is none",
     "lockbus-pub-v1 root" ALL
     "0000000000000000000000000000000000000000000000000000000000000000\n",
     0},
};

static void a_malformed_key_file_is_refused(void **state)
{
    const struct row *row = *state;
    struct lockbus_key_file key = {0};
    struct lockbus_error why = {0};
    size_t len = strlen(row->text);

    put(row->text, row->len != 0 ? len + 1 : len, 0600);
    assert_int_equal(lockbus_key_load(path, &key, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.file, path);
    assert_int_equal(key.role[0], 0);
}

static const uint8_t root_key[32] = {0xAB, 1, 2, 3};

static void an_escrow_key_comes_back_and_only_its_owner_reads_it(void **state)
{
    struct lockbus_error why;
    uint8_t back[32] = {0};

    (void)state;
    assert_int_equal(lockbus_escrow_save(path, root_key, &why), LOCKBUS_OK);
    assert_int_equal(mode(), 0600);
    assert_int_equal(lockbus_escrow_load(path, back, &why), LOCKBUS_OK);
    assert_memory_equal(back, root_key, sizeof back);
    assert_int_equal(lockbus_escrow_save(path, root_key, &why),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(chmod(path, 0640), 0);
    memset(back, 0, sizeof back);
    assert_int_equal(lockbus_escrow_load(path, back, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.field, "mode");
    assert_string_equal(why.file, path);
    assert_int_equal(back[0], 0);
    assert_int_equal(lockbus_escrow_load(NULL, back, &why), LOCKBUS_ERR_USAGE);
    (void)unlink(path);
    assert_int_equal(lockbus_escrow_load(path, back, &why), LOCKBUS_ERR_IO);
}

static void what_is_no_escrow_key_is_refused(void **state)
{
    static const char digits[] = "ab01020300000000000000000000000000"
                                 "000000000000000000000000000000";
    char text[80];
    uint8_t back[32] = {0};
    struct lockbus_error why;

    (void)state;
    assert_int_equal(strlen(digits), 64);
    put(digits, 64, 0600); /* a last newline may be missing */
    assert_int_equal(lockbus_escrow_load(path, back, &why), LOCKBUS_OK);
    assert_memory_equal(back, root_key, sizeof back);
    memset(back, 0, sizeof back);
    const struct {
        const char *end;
        size_t cut;
    } bad[] = {{"", 63}, {"\n", 63}, {"0", 64}, {"\n\n", 64}, {"g", 63}};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(text, sizeof text, "%.*s%s", (int)bad[i].cut, digits,
                       bad[i].end);
        put(text, strlen(text), 0600);
        memset(&why, 0, sizeof why);
        assert_int_equal(lockbus_escrow_load(path, back, &why),
                         LOCKBUS_ERR_CONFIG);
        assert_string_equal(why.file, path);
        assert_int_not_equal(why.text[0], 0);
        assert_int_equal(back[0], 0);
    }
}

static void refused(const char *what, const char *field)
{
    struct lockbus_key_file key = {0};
    struct lockbus_error why = {0};

    if (lockbus_key_load(path, &key, &why) != LOCKBUS_ERR_CONFIG ||
        strcmp(why.file, path) != 0 || strcmp(why.field, field) != 0 ||
        why.text[0] == '\0') {
        fail_msg("%s: %s:%u: %s: %s", what, why.file, why.line, why.field,
                 why.text);
    }
    assert_int_equal(key.role[0], 0);
}

static void a_key_file_cut_or_stretched_anywhere_is_refused(void **state)
{
    const struct lockbus_key_file key = issuer();
    struct lockbus_key_file back;
    char text[2048];
    FILE *f;

    (void)state;
    assert_int_equal(lockbus_key_save(path, &key, NULL), LOCKBUS_OK);
    f = fopen(path, "r");
    assert_non_null(f);
    size_t len = fread(text, 1, sizeof text, f);

    (void)fclose(f);
    memset(text + len, ' ', sizeof text - len);
    for (size_t cut = 0; cut < sizeof text; cut++) {
        if (cut != len) {
            put(text, cut, 0600);
            refused("a cut", cut < 160 ? "form" : "length");
        }
    }
    put(text, len, 0600);
    assert_int_equal(lockbus_key_load(path, &back, NULL), LOCKBUS_OK);
}

static void what_is_no_file_of_a_key_is_refused_without_waiting(void **state)
{
    static const char bom[] = "\xEF\xBB\xBFlockbus-key-v1 root" ALL SEED "\n";

    (void)state;
    put(bom, sizeof bom - 1, 0600);
    refused("a byte-order mark", "form");
    put("[cabinet]\nname = a\n", 19, 0600);
    refused("a configuration", "form");
    (void)unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    refused("a folder", "type");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused("a FIFO", "type");
    (void)unlink(path);
    assert_int_equal(symlink("/dev/zero", path), 0);
    refused("an endless file", "type");
    (void)unlink(path);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            a_secret_key_comes_back_and_only_its_owner_reads_it, fresh),
        cmocka_unit_test_setup(a_public_key_is_none_to_sign_with, fresh),
        cmocka_unit_test_setup(
            the_public_half_of_a_secret_key_comes_without_its_seed, fresh),
        cmocka_unit_test_setup(a_key_file_is_never_written_over, fresh),
        cmocka_unit_test_setup(a_secret_that_others_may_read_is_refused, fresh),
        cmocka_unit_test_setup(keys_that_do_not_fit_are_not_saved, fresh),
        cmocka_unit_test_setup(a_missing_file_is_told, fresh),
        cmocka_unit_test_setup(
            an_escrow_key_comes_back_and_only_its_owner_reads_it, fresh),
        cmocka_unit_test_setup(what_is_no_escrow_key_is_refused, fresh),
        cmocka_unit_test_setup(a_key_file_cut_or_stretched_anywhere_is_refused,
                               fresh),
        cmocka_unit_test_setup(
            what_is_no_file_of_a_key_is_refused_without_waiting, fresh),
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    static struct CMUnitTest row_tests[ROWS];
    int failed;

    if (sodium_init() < 0 || mkdtemp(folder) == NULL) {
        return 1;
    }
    for (size_t i = 0; i < ROWS; i++) {
        row_tests[i] =
            (struct CMUnitTest){.name = rows[i].name,
                                .test_func = a_malformed_key_file_is_refused,
                                .setup_func = fresh,
                                .initial_state = &rows[i]};
    }
    failed = cmocka_run_group_tests_name("key files", tests, NULL, NULL) +
             cmocka_run_group_tests_name("bad files", row_tests, NULL, NULL);
    (void)unlink(path);
    (void)rmdir(folder);
    return failed;
}
