/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The worked examples of docs/GRANTS.md and docs/JOURNAL.md, printed from the
 * code: `docs_examples grants` and `docs_examples journal`. A test holds the
 * pages against them and reads them with other people's cryptography.
 */

#include "gate_signer.h"

#include "base/bytes.h"
#include "journal/chain.h"

#include <stdio.h>
#include <string.h>

enum { D = 5, LINE = 32, STAY = 101, OPSLIMIT = 1, MEMORY_KIB = 8 };
enum { DEVICE = 30, ARCHIVE = 31 };

static const char secret[] = "K7QW2M9X";

struct person {
    const char *name;
    uint8_t number;
};

static const struct person people[] = {
    {"root A", ROOT_A},   {"root B", ROOT_B},         {"root C", ROOT_C},
    {"issuer", ISSUER},   {"operations", OPERATIONS}, {"security", SECURITY},
    {"courier", COURIER}, {"recipient", RECIPIENT},   {"returns", OPERATOR},
};

struct field {
    size_t len;
    const char *text;
};

/* Lines of at most 32 bytes; a run of zeros is one line. */
static void rows(const uint8_t *bytes, const struct field *fields, size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        size_t end = at + fields[i].len;
        const char *text = fields[i].text;

        if (fields[i].len > 4 && lb_all_zero(bytes + at, fields[i].len)) {
            (void)printf("%4zu  00 x %-59zu  %s\n", at, fields[i].len, text);
            at = end;
            continue;
        }
        while (at < end) {
            size_t n = end - at < LINE ? end - at : LINE;

            (void)printf("%4zu  ", at);
            for (size_t b = 0; b < n; b++) {
                (void)printf("%02x", bytes[at + b]);
            }
            (void)printf("%*s%s\n", (int)(*text == '\0' ? 0 : 66 - 2 * n), "",
                         text);
            text = "";
            at += n;
        }
    }
}

static void thing(const char *title, const char *more, const char *name)
{
    (void)printf("**%s**%s\n\n```hex %s\n", title, more, name);
}

#define SHOW(bytes, fields)                                                    \
    rows(bytes, fields, sizeof(fields) / sizeof(fields)[0]);                   \
    (void)puts("```\n")

static void show_keys(void)
{
    (void)puts("| who | seed | public key |\n|---|---|---|");
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        uint8_t key[LB_KEY_LEN];

        gate_key(key, people[i].number);
        (void)printf("| %s | `%02x` x 32 | `", people[i].name,
                     people[i].number);
        for (size_t b = 0; b < sizeof key; b++) {
            (void)printf("%02x", key[b]);
        }
        (void)puts("` |");
    }
    (void)puts("");
}

static void show_grant(void)
{
    static const struct field fields[] = {
        {5, "LBD1, version 1"},
        {1, "2 uses of the recipient, 3 of the courier"},
        {2, "door 5"},
        {16, "cabinet_id"},
        {8, "stay 9:101"},
        {8, "not_before 1790000000"},
        {4, "valid_for_s 86400"},
        {4, "return_after_s 259200"},
        {16, "parcel_ref"},
        {32, "courier_pk"},
        {32, "release_pk"},
        {32, "return_pk"},
        {8, "key_id of the issuer"},
        {64, "signature by the issuer"},
    };
    const struct gate_grant grant = {.door = D,
                                     .stay = STAY,
                                     .courier = COURIER,
                                     .release = RECIPIENT,
                                     .back = OPERATOR,
                                     .return_after_s = 259200};
    uint8_t bytes[LB_GRANT_LEN];

    gate_make_grant(bytes, &grant);
    thing("A deposit grant",
          ", signed over `lockbus/deposit/v1`, 0, bytes 0 to "
          "159",
          "grant");
    SHOW(bytes, fields);
}

static void show_proof(void)
{
    static const struct field fields[] = {
        {5, "LBP1, version 1"},
        {1, "kind 1, release"},
        {2, "door 5"},
        {16, "cabinet_id"},
        {8, "stay 9:101"},
        {16, "challenge"},
        {64, "signature by the recipient"},
    };
    uint8_t bytes[LB_PROOF_LEN];

    gate_make_proof(bytes, 1, D, STAY, RECIPIENT);
    thing("A proof of release",
          ", signed over `lockbus/proof/v1`, 0, bytes 0 to "
          "47",
          "proof");
    SHOW(bytes, fields);
}

static void show_order(void)
{
    static const struct field fields[] = {
        {5, "LBS1, version 1"},
        {1, "action 4, clear"},
        {2, "door 5"},
        {16, "cabinet_id"},
        {8, "order_no 9:7"},
        {8, "not_after 1790086400"},
        {16, "challenge"},
        {4, "reason 0"},
        {4, "zero"},
        {8, "key_id, the lower one"},
        {64, "signature"},
        {8, "key_id, the higher one"},
        {64, "signature"},
    };
    uint8_t bytes[LB_ORDER_LEN];

    gate_make_order(bytes, 4, D, 7);
    thing("A service order",
          ", signed over `lockbus/service/v1`, 0, bytes 0 to "
          "63",
          "order");
    SHOW(bytes, fields);
}

static size_t the_manifest(uint8_t bytes[LB_MANIFEST_MAX])
{
    return gate_make_manifest(bytes, 1, EPOCH, NOBODY);
}

static void show_manifest(void)
{
    static const struct field fields[] = {
        {5, "LBM1, version 1"},
        {1, "7 keys"},
        {1, "threshold of roots 2"},
        {1, "zero"},
        {16, "operator_id"},
        {4, "manifest_no 1"},
        {4, "epoch 9"},
        {8, "issued_at 1789900000"},
        {2, "max_open_occupied 2, max_open_vacant 4"},
        {2, "interlock_hold_s 300"},
        {2, "burst 6, per_hour 60"},
        {2, "return_burst 3, return_per_hour 60"},
        {2, "service_burst 2, service_per_hour 4"},
        {2, "code_tries 5, code_tries_per_hour 3"},
        {2, "reopen_window_s 120"},
        {2, "ajar_after_s 60"},
        {2, "max_grant_hours 256"},
        {2, "challenge_ttl_s 120"},
        {2, "service_ttl_s 900"},
        {2, "code_min_bits 30, zero"},
        {16, "role 1, root; all regions"},
        {32, "root A"},
        {16, "role 1, root; all regions"},
        {32, "root B"},
        {16, "role 1, root; all regions"},
        {32, "root C"},
        {16, "role 2, issuer; all regions"},
        {32, "issuer"},
        {16, "role 3, operations; all regions"},
        {32, "operations"},
        {16, "role 4, security; all regions"},
        {32, "security"},
        {16, "role 3, operations; all regions"},
        {32, "another one, seed 07 x 32"},
        {8, "key_id, the lower one"},
        {64, "signature by root A or B"},
        {8, "key_id, the higher one"},
        {64, "signature by the other"},
    };
    uint8_t bytes[LB_MANIFEST_MAX];

    (void)the_manifest(bytes);
    thing("A manifest",
          ", signed over `lockbus/manifest/v1`, 0, bytes 0 to 399", "manifest");
    SHOW(bytes, fields);
}

static void show_commission(void)
{
    static const struct field fields[] = {
        {5, "LBC1, version 1"},
        {1, "kind 0, first"},
        {2, "20 doors"},
        {16, "cabinet_id"},
        {8, "order_no 9:1"},
        {32, "hash of the door map: here of the text `a map`"},
        {32, "hash of the manifest above, all of it"},
        {4, "region 3"},
        {12, "zero"},
        {8, "key_id, the lower one"},
        {64, "signature"},
        {8, "key_id, the higher one"},
        {64, "signature"},
    };
    uint8_t bytes[LB_COMMISSION_LEN] = "LBC1\1";
    uint8_t manifest[LB_MANIFEST_MAX];

    lb_put_u16(bytes + 6, SCENE_DOORS);
    memcpy(bytes + 8, gate_cabinet, 16);
    lb_put_u64(bytes + 24, gate_stay(1));
    lb_crypto_hash(bytes + 32, (const uint8_t *)"a map", 5);
    lb_crypto_hash(bytes + 64, manifest, the_manifest(manifest));
    lb_put_u32(bytes + 96, REGION);
    gate_sign_pair(bytes, 112, "lockbus/commission/v1", OPERATIONS, SECURITY);
    thing("A commissioning order",
          ", signed over `lockbus/commission/v1`, 0, "
          "bytes 0 to 111",
          "commission");
    SHOW(bytes, fields);
}

/* The salt and nonce are random, so this one is kept, and opened here. */
static const char kept_seal[] =
    "4c425831010100000100000008000000f5a0cdae8e69e24b01c3d197f706c80e"
    "1c8ee98f0730d4f21178b3b3aa46c9b2c2dedec37681803914f7b160fe410e49"
    "c00c5ddcd5d99b42be24abc654c3653aa7beff0706da0fb88761f07a497b025f"
    "20eb23c06acf0e25";

static bool show_seal(void)
{
    static const struct field fields[] = {
        {5, "LBX1, version 1"},
        {1, "kdf 1, Argon2id13"},
        {2, "zero"},
        {4, "opslimit 1"},
        {4, "memory 8 KiB"},
        {16, "salt"},
        {24, "nonce"},
        {48, "the sealed seed and its tag"},
    };
    uint8_t bytes[LB_SEAL_LEN], ad[LB_SEAL_AD_LEN], seed[LB_SEED_LEN],
        wanted[LB_SEED_LEN];

    if (!lb_unhex(bytes, sizeof bytes, kept_seal, strlen(kept_seal))) {
        return false;
    }
    memcpy(ad, gate_cabinet, 16);
    lb_put_u16(ad + 16, D);
    lb_put_u64(ad + 18, gate_stay(STAY));
    gate_seed(wanted, RECIPIENT);
    if (lb_crypto_unseal(seed, bytes, ad, secret, strlen(secret)) !=
            LOCKBUS_OK ||
        memcmp(seed, wanted, sizeof seed) != 0) {
        return false;
    }
    thing("A sealed release",
          " of the recipient's seed under the code "
          "`05-K7QW-2M9X`: door 5, and the secret `K7QW2M9X`. Costs this low "
          "are for examples",
          "seal");
    SHOW(bytes, fields);
    return true;
}

/* ---- The journal --------------------------------------------------------- */

static void fill_head(struct lb_block_head *head, uint64_t number)
{
    memset(head, 0, sizeof *head);
    memcpy(head->cabinet_id, gate_cabinet, 16);
    head->number = head->key_index = number;
    head->boot = 1;
    head->powered_ms = 60000 + 1000 * number;
    head->unix_s = 1790000000 + number;
    head->trusted = true;
}

static const struct field block_fields[] = {
    {4, "LBJ1"},
    {2, "format 1"},
    {1, "number of records"},
    {1, "the wall time was trusted"},
    {16, "cabinet_id"},
    {8, "block number"},
    {4, "segment 0"},
    {4, "boot 1"},
    {8, "key index"},
    {8, "powered time, ms"},
    {8, "wall time"},
    {32, "before"},
    {32, "zero"},
};

static const struct field tail_fields[] = {
    {32, "digest"}, {32, "tag"}, {4, "CRC-32C"}, {60, "zero"}};

/* One line list a block: header, its records' fields, zeros, tail. */
static void show_block(const uint8_t block[LB_BLOCK_LEN],
                       const struct field *records, size_t count)
{
    struct field fields[40];
    size_t at = sizeof block_fields / sizeof block_fields[0];
    size_t len = LB_BLOCK_RECORDS;

    memcpy(fields, block_fields, sizeof block_fields);
    for (size_t i = 0; i < count; i++) {
        fields[at++] = records[i];
        len += records[i].len;
    }
    fields[at++] = (struct field){LB_BLOCK_DIGEST - len, "no more records"};
    memcpy(&fields[at], tail_fields, sizeof tail_fields);
    at += sizeof tail_fields / sizeof tail_fields[0];
    rows(block, fields, at);
    (void)puts("```\n");
}

static const struct field boot_record[] = {{1, "BOOT"},
                                           {1, "kind 0"},
                                           {2, "of the cabinet"},
                                           {4, "ref: boot 1"},
                                           {8, "stay 0"},
                                           {8, "powered ms"},
                                           {104, "no more of BOOT"}};

static const struct field intent_record[] = {{1, "INTENT"},
                                             {1, "kind 1, release"},
                                             {2, "door 5"},
                                             {4, "ref: intent 1"},
                                             {8, "stay 9:101"},
                                             {8, "powered ms"},
                                             {1, "custody 3, OCCUPIED"},
                                             {1, "the leaf was shut"},
                                             {1, "not by code"},
                                             {1, "zero"},
                                             {8, "order_no"},
                                             {4, "reason"},
                                             {8, "the signer's key_id"},
                                             {16, "challenge"},
                                             {64, "the proof's signature"}};

static void show_anchor(const uint8_t digest[LB_HASH_LEN])
{
    static const struct field fields[] = {
        {5, "LBA1, version 1"},
        {1, "the wall time was trusted"},
        {2, "zero"},
        {16, "cabinet_id"},
        {8, "block 1"},
        {32, "its digest"},
        {4, "its boot"},
        {4, "zero"},
        {8, "its powered time, ms"},
        {8, "its wall time"},
        {64, "signature by the device key"},
    };
    struct lb_device device = {.ok = true};
    struct lb_journal journal = {.durable = 2,
                                 .last = {.powered_ms = 61000,
                                          .unix_s = 1790000001,
                                          .boot = 1,
                                          .trusted = true}};
    uint8_t bytes[LB_ANCHOR_LEN];

    memcpy(journal.cabinet_id, gate_cabinet, 16);
    memcpy(journal.last.digest, digest, LB_HASH_LEN);
    gate_seed(device.seed, DEVICE);
    (void)lb_anchor_make(&journal, &device, bytes);
    thing("The anchor of block 1",
          ", by the device key whose seed is `1e` x 32, over "
          "`lockbus/anchor/v1`, 0, bytes 0 to 87",
          "anchor");
    SHOW(bytes, fields);
}

static void show_receipt(const uint8_t digest[LB_HASH_LEN])
{
    static const struct field fields[] = {
        {5, "LBR1, version 1"},
        {3, "zero"},
        {16, "cabinet_id"},
        {8, "block 1"},
        {32, "its digest"},
        {8, "issued_at 1790000060"},
        {8, "key_id of the archive key"},
        {64, "signature by the archive key"},
    };
    uint8_t bytes[LB_RECEIPT_LEN] = "LBR1\1", seed[LB_SEED_LEN];

    memcpy(bytes + 8, gate_cabinet, 16);
    lb_put_u64(bytes + 24, 1);
    memcpy(bytes + 32, digest, LB_HASH_LEN);
    lb_put_u64(bytes + 64, 1790000060);
    gate_key(seed, ARCHIVE);
    memcpy(bytes + 72, seed, 8);
    gate_seed(seed, ARCHIVE);
    (void)lb_crypto_sign(bytes + 80, "lockbus/receipt/v1", bytes, 72, seed);
    thing("Its receipt",
          ", by the archive key whose seed is `1f` x 32, over "
          "`lockbus/receipt/v1`, 0, bytes 0 to 71",
          "receipt");
    SHOW(bytes, fields);
}

static void show_journal(void)
{
    uint8_t key[LB_HASH_LEN], block[LB_BLOCK_LEN] = {0}, proof[LB_PROOF_LEN];
    struct lb_block_head head;
    struct lb_record record = {.type = LB_REC_BOOT,
                               .door = LB_DOOR_NONE,
                               .ref = 1,
                               .powered_ms = 60000};

    memset(key, 0x4b, sizeof key);
    fill_head(&head, 0);
    head.count = 1;
    lb_record_encode(block + LB_BLOCK_RECORDS, &record);
    lb_block_seal(block, &head, key);
    thing("Block 0", ", whose key, K0, is `4b` x 32", "block0");
    show_block(block, boot_record, sizeof boot_record / sizeof boot_record[0]);

    fill_head(&head, 1);
    head.count = 1;
    memcpy(head.before, block + LB_BLOCK_DIGEST, LB_HASH_LEN);
    memset(block, 0, sizeof block);
    gate_make_proof(proof, 1, D, STAY, RECIPIENT);
    record = (struct lb_record){.type = LB_REC_INTENT,
                                .kind = LB_OPEN_RELEASE,
                                .door = D,
                                .ref = 1,
                                .stay = gate_stay(STAY),
                                .powered_ms = 61000};
    record.body[LB_INTENT_CUSTODY] = LB_CUSTODY_OCCUPIED;
    gate_key(key, RECIPIENT);
    memcpy(record.body + LB_INTENT_SIGNER, key, 8);
    memcpy(record.body + LB_INTENT_CHALLENGE, proof + 32, 16);
    memcpy(record.body + LB_INTENT_SIG, proof + 48, LB_SIG_LEN);
    lb_record_encode(block + LB_BLOCK_RECORDS, &record);
    memset(key, 0x4b, sizeof key);
    lb_key_evolve(key);
    lb_block_seal(block, &head, key);
    thing("Block 1",
          ", a release by the proof of docs/GRANTS.md. Its key is "
          "BLAKE2b-256 of `lockbus/journal/next`, 0, keyed with K0",
          "block1");
    show_block(block, intent_record,
               sizeof intent_record / sizeof intent_record[0]);
    show_anchor(block + LB_BLOCK_DIGEST);
    show_receipt(block + LB_BLOCK_DIGEST);
}

/* ---- main ---------------------------------------------------------------- */

/* A new one for kept_seal. */
static int make_seal(void)
{
    uint8_t bytes[LB_SEAL_LEN], ad[LB_SEAL_AD_LEN], seed[LB_SEED_LEN];
    char text[2 * LB_SEAL_LEN + 1];

    memcpy(ad, gate_cabinet, 16);
    lb_put_u16(ad + 16, D);
    lb_put_u64(ad + 18, gate_stay(STAY));
    gate_seed(seed, RECIPIENT);
    if (lb_crypto_seal(bytes, seed, ad, secret, strlen(secret), OPSLIMIT,
                       MEMORY_KIB) != LOCKBUS_OK) {
        return 1;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    for (size_t i = 0; i < 2 * LB_SEAL_LEN; i += 64) {
        (void)printf("    \"%.64s\"\n", text + i);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2 || !lb_crypto_init()) {
        return 2;
    }
    if (strcmp(argv[1], "seal") == 0) {
        return make_seal();
    }
    if (strcmp(argv[1], "journal") == 0) {
        show_journal();
        return 0;
    }
    if (strcmp(argv[1], "grants") != 0) {
        return 2;
    }
    show_keys();
    show_grant();
    show_proof();
    show_order();
    show_commission();
    show_manifest();
    return show_seal() ? 0 : 1;
}
