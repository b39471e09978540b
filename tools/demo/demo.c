/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A cabinet of 12 boards and 96 doors, from commissioning to an attack and
 * its aftermath, on the real library and a simulated bus. Every sentence that
 * is printed with a tick was checked; one that did not hold makes the exit
 * code 1.
 */

#include "simulator.h"
#include "world.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    BOARDS = 12,
    DOORS = 96,
    PARCELS = 5,
    SHUT_AFTER_MS = 2300,
    WAIT_MS = 9000
};

struct demo {
    struct world world;
    struct simulator sim;
    struct lockbus_cabinet *cab;
    struct parcel parcel[PARCELS];
    uint8_t escrow[32];
    unsigned checks, broken;
    /* what the journal must show in the end: opens by door */
    unsigned opened[DOORS];
};

static uint64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void check(struct demo *demo, bool holds, const char *sentence)
{
    demo->checks++;
    demo->broken += !holds;
    printf("  %s %s\n", holds ? "[ok]" : "[BROKEN]", sentence);
    (void)fflush(stdout);
}

static void title(const char *text)
{
    printf("\n%s\n", text);
    (void)fflush(stdout);
}

/* One turn of the host's loop; what ended `ticket`, or NONE. */
static enum lockbus_event_kind turn(struct demo *demo, uint32_t ticket,
                                    struct lockbus_event *end)
{
    struct lockbus_event event;
    enum lockbus_event_kind kind = LOCKBUS_EVENT_NONE;

    if (lockbus_cabinet_poll(demo->cab, now_us()) != LOCKBUS_OK) {
        return LOCKBUS_EVENT_JOURNAL_FAILED;
    }
    while (lockbus_cabinet_next_event(demo->cab, &event)) {
        if (event.kind == LOCKBUS_EVENT_OPENED && event.door < DOORS) {
            demo->opened[event.door]++;
        }
        if (ticket != 0 && event.ticket == ticket &&
            event.kind >= LOCKBUS_EVENT_OPENED &&
            event.kind <= LOCKBUS_EVENT_UNCONFIRMED) {
            *end = event;
            kind = event.kind;
        }
    }
    if (kind == LOCKBUS_EVENT_NONE) {
        struct pollfd fd = {lockbus_cabinet_fd(demo->cab), POLLIN, 0};

        (void)poll(&fd, 1, lockbus_cabinet_timeout_ms(demo->cab, now_us()));
    }
    return kind;
}

static enum lockbus_event_kind finish(struct demo *demo, uint32_t ticket,
                                      struct lockbus_event *end)
{
    uint64_t until = now_us() + WAIT_MS * 1000ULL;
    enum lockbus_event_kind kind = LOCKBUS_EVENT_NONE;

    memset(end, 0, sizeof *end);
    while (kind == LOCKBUS_EVENT_NONE && now_us() < until) {
        kind = turn(demo, ticket, end);
    }
    return kind;
}

static enum lockbus_custody custody(struct demo *demo, uint16_t door)
{
    struct lockbus_door view = {.size = sizeof view};

    return lockbus_door_at(demo->cab, door, &view, NULL) == LOCKBUS_OK
               ? view.custody
               : (enum lockbus_custody)0;
}

static bool wait_custody(struct demo *demo, uint16_t door,
                         enum lockbus_custody wanted)
{
    uint64_t until = now_us() + WAIT_MS * 1000ULL;
    struct lockbus_event unused;

    while (custody(demo, door) != wanted && now_us() < until) {
        (void)turn(demo, 0, &unused);
    }
    return custody(demo, door) == wanted;
}

static void wait_ms(struct demo *demo, uint64_t ms)
{
    uint64_t until = now_us() + ms * 1000;
    struct lockbus_event unused;

    while (now_us() < until) {
        (void)turn(demo, 0, &unused);
    }
}

static const char *label(struct demo *demo, uint16_t door)
{
    static char text[16];
    struct lockbus_door view = {.size = sizeof view};

    (void)snprintf(text, sizeof text, "%s",
                   lockbus_door_at(demo->cab, door, &view, NULL) == LOCKBUS_OK
                       ? view.label
                       : "?");
    return text;
}

/* ---- The story ------------------------------------------------------------
 */

static bool open_cabinet(struct demo *demo)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    char path[WORLD_PATH + 64];

    (void)snprintf(path, sizeof path, "%s/cabinet.ini", demo->world.dir);
    if (lockbus_cabinet_open(&demo->cab, path, NULL, &why) != LOCKBUS_OK) {
        printf("  the cabinet does not open: %s %s\n", why.field, why.text);
        return false;
    }
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_event unused;
    uint64_t until = now_us() + WAIT_MS * 1000ULL;

    do {
        (void)turn(demo, 0, &unused);
    } while (lockbus_cabinet_info(demo->cab, &info) == LOCKBUS_OK &&
             info.boards_present < info.boards && now_us() < until);
    return lockbus_cabinet_time(demo->cab, demo->world.now_unix, true) ==
               LOCKBUS_OK &&
           info.boards_present == info.boards;
}

static bool begin(struct demo *demo, const char *sim_program)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};

    title("1. A new cabinet: 12 boards of 8 doors on one RS-485 line, at "
          "115200 baud");
    if (!simulator_start(&demo->sim, sim_program, demo->world.dir,
                         SHUT_AFTER_MS)) {
        printf("  the simulator did not start\n");
        return false;
    }
    bool made = world_commission(&demo->world, demo->escrow, &why);

    if (!made) {
        printf("  commissioning failed: %s %s (%s)\n", why.field, why.text,
               lockbus_rule_name(why.rule));
    }
    check(demo, made,
          "two persons signed the door map; the journal begins with it");
    bool open = made && open_cabinet(demo);

    check(demo, open, "all 12 boards answer, every output was switched off");
    char reply[512];
    bool none = simulator_ask(&demo->sim, "opened?", reply, sizeof reply) &&
                strncmp(reply, "0", 1) == 0;

    check(demo, none, "starting up moved no latch");
    return open;
}

static void deposit_all(struct demo *demo)
{
    static const uint16_t doors[PARCELS] = {6, 20, 41, 70, 95};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_event end;
    uint32_t ticket = 0;
    char line[160];

    title("2. A courier brings five parcels; each has keys of its own");
    for (size_t i = 0; i < PARCELS; i++) {
        struct parcel *parcel = &demo->parcel[i];

        /* The cabinet lets four empty doors stand open at a time. */
        (void)(i >= 4 &&
               wait_custody(demo, doors[i - 4], LOCKBUS_CUSTODY_OCCUPIED));
        bool ok = world_parcel(&demo->world, parcel, doors[i], true, &why) &&
                  lockbus_deposit_with_key(
                      demo->cab, parcel->package, parcel->package_len,
                      demo->world.courier.seed, &ticket, &why) == LOCKBUS_OK &&
                  finish(demo, ticket, &end) == LOCKBUS_EVENT_OPENED;

        (void)snprintf(line, sizeof line,
                       "door %s opened for its grant; code %s went to the "
                       "recipient",
                       label(demo, doors[i]), ok ? parcel->code : "-");
        check(demo, ok, line);
        if (!ok) {
            printf("      (%s %s %s)\n", lockbus_event_name(end.kind),
                   lockbus_rule_name(why.rule), why.text);
        }
    }
    bool filled = true;

    for (size_t i = 0; i < PARCELS; i++) {
        filled =
            wait_custody(demo, doors[i], LOCKBUS_CUSTODY_OCCUPIED) && filled;
    }
    check(demo, filled, "each was shut again and is OCCUPIED");
}

/* A code; the rule that refused it, or NONE when the door opened. */
static enum lockbus_rule by_code(struct demo *demo, const char *code)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_event end;
    uint32_t ticket = 0;

    if (lockbus_release_with_code(demo->cab, code, &ticket, &why) !=
        LOCKBUS_OK) {
        return why.rule;
    }
    enum lockbus_event_kind kind = finish(demo, ticket, &end);

    return kind == LOCKBUS_EVENT_OPENED ? LOCKBUS_RULE_NONE : end.rule;
}

static void pickup(struct demo *demo)
{
    struct parcel *parcel = &demo->parcel[0];
    char wrong[LOCKBUS_CODE_TEXT_MAX];

    title("3. The recipient of A07 types a code");
    (void)snprintf(wrong, sizeof wrong, "%s", parcel->code);
    size_t last = strlen(wrong) - 1;

    wrong[last] = wrong[last] == 'Z' ? 'Y' : 'Z';
    check(demo, by_code(demo, wrong) == LOCKBUS_RULE_C4,
          "with one letter wrong: refused by C4, and on record");
    check(demo, by_code(demo, parcel->code) == LOCKBUS_RULE_NONE,
          "as it was sent: A07 opened");
    check(demo, wait_custody(demo, parcel->door, LOCKBUS_CUSTODY_VACANT),
          "taken out, shut, a while later A07 is VACANT again");
}

static enum lockbus_rule prove(struct demo *demo, const uint8_t *proof,
                               struct lockbus_event *end)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket = 0;

    memset(end, 0, sizeof *end);
    if (lockbus_open_with_proof(demo->cab, proof, LOCKBUS_PROOF_LEN, &ticket,
                                &why) != LOCKBUS_OK) {
        return why.rule;
    }
    return finish(demo, ticket, end) == LOCKBUS_EVENT_OPENED ? LOCKBUS_RULE_NONE
                                                             : end->rule;
}

static void replay_and_forgery(struct demo *demo)
{
    struct parcel *parcel = &demo->parcel[1];
    uint8_t proof[LOCKBUS_PROOF_LEN];
    struct lockbus_event end;
    char line[120];

    title("4. A recipient with an app; somebody listens, and somebody forges");
    bool made = world_proof(&demo->world, demo->cab,
                            (struct world_claim){parcel->door, parcel->stay,
                                                 LOCKBUS_PROOF_RELEASE,
                                                 &demo->world.issuer},
                            proof);

    check(demo, made && prove(demo, proof, &end) == LOCKBUS_RULE_P6,
          "a proof signed by the issuer instead of the parcel's key: P6");
    made = world_proof(&demo->world, demo->cab,
                       (struct world_claim){parcel->door, parcel->stay,
                                            LOCKBUS_PROOF_RELEASE,
                                            &parcel->release},
                       proof);
    (void)snprintf(line, sizeof line, "the recipient's own proof: %s opened",
                   label(demo, parcel->door));
    check(demo, made && prove(demo, proof, &end) == LOCKBUS_RULE_NONE, line);
    check(demo, prove(demo, proof, &end) == LOCKBUS_RULE_P5,
          "the very same bytes a moment later: P5, its challenge is spent");
    (void)wait_custody(demo, parcel->door, LOCKBUS_CUSTODY_VACANT);
}

static bool new_manifest(struct demo *demo)
{
    uint8_t manifest[LOCKBUS_MANIFEST_MAX];
    size_t len = 0;
    uint32_t ticket = 0;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_event end;

    demo->world.manifest_no++;
    demo->world.epoch++;
    bool ok = world_manifest(&demo->world, manifest, &len, &why) &&
              lockbus_manifest(demo->cab, manifest, len, &ticket, &why) ==
                  LOCKBUS_OK &&
              finish(demo, ticket, &end) == LOCKBUS_EVENT_DONE;

    if (!ok) {
        printf("      (%s %s)\n", lockbus_rule_name(why.rule), why.text);
    }
    return ok;
}

/* What the attacker can try on one door with gateway and issuer key. */
static bool attack(struct demo *demo, uint16_t door, unsigned *tries)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_door view = {.size = sizeof view};
    uint8_t proof[LOCKBUS_PROOF_LEN];
    struct parcel own;
    uint32_t ticket = 0;
    bool allowed = false;

    if (lockbus_door_at(demo->cab, door, &view, NULL) != LOCKBUS_OK) {
        return false;
    }
    for (unsigned kind = LOCKBUS_PROOF_RELEASE; kind <= LOCKBUS_PROOF_CANCEL;
         kind++) {
        uint64_t stay = view.stay != 0 ? view.stay : 1;

        ++*tries;
        allowed = (world_proof(&demo->world, demo->cab,
                               (struct world_claim){
                                   door, stay, (enum lockbus_proof_kind)kind,
                                   &demo->world.issuer},
                               proof) &&
                   lockbus_open_with_proof(demo->cab, proof, sizeof proof,
                                           &ticket, &why) == LOCKBUS_OK) ||
                  allowed;
    }
    ++*tries;
    if (world_parcel(&demo->world, &own, door, false, &why) &&
        lockbus_deposit_with_key(demo->cab, own.package, own.package_len,
                                 demo->world.courier.seed, &ticket,
                                 &why) == LOCKBUS_OK) {
        allowed = true;
    }
    return allowed;
}

static void the_night(struct demo *demo)
{
    unsigned full = 0, full_opened = 0, vacant = 0, vacant_opened = 0;
    unsigned tries = 0;
    char line[200];

    title("5. The night: an attacker holds the gateway and the issuer's key "
          "and tries every door");
    check(demo, new_manifest(demo),
          "(the operator had raised the epoch since the deposits, as every "
          "week)");
    for (uint16_t door = 0; door < DOORS; door++) {
        bool occupied = custody(demo, door) == LOCKBUS_CUSTODY_OCCUPIED;
        bool allowed = attack(demo, door, &tries);

        full += occupied;
        vacant += !occupied;
        full_opened += occupied && allowed;
        vacant_opened += !occupied && allowed;
        for (int i = 0; i < 3; i++) {
            struct lockbus_event unused;
            (void)turn(demo, 0, &unused);
        }
    }
    (void)snprintf(line, sizeof line,
                   "doors with parcels behind them: %u attacked, %u opened",
                   full, full_opened);
    check(demo, full == PARCELS - 2 && full_opened == 0, line);
    printf("       empty doors: %u attacked, %u opened (nothing is in them; at "
           "most 4 stand\n       open at a time); %u attempts in all\n",
           vacant, vacant_opened, tries);
    wait_ms(demo, SHUT_AFTER_MS + 3000);
}

static void recovery(struct demo *demo)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel stolen;
    uint32_t ticket = 0;
    char line[160];

    title("6. The morning: one manifest, signed by two roots");
    demo->world.distrusted_from = demo->world.epoch;
    uint8_t seed[32];

    memset(seed, 0x77, sizeof seed);
    if (lockbus_signer_from_seed(&demo->world.issuer, seed) != LOCKBUS_OK) {
        demo->broken++;
        return;
    }
    check(demo, new_manifest(demo),
          "a new issuer, the stolen key distrusted, the next epoch");
    struct lockbus_signer fresh = demo->world.issuer;

    demo->world.issuer = demo->world.old_issuer;
    bool refused =
        world_parcel(&demo->world, &stolen, 50, false, &why) &&
        lockbus_deposit_with_key(demo->cab, stolen.package, stolen.package_len,
                                 demo->world.courier.seed, &ticket,
                                 &why) == LOCKBUS_ERR_DENIED &&
        why.rule == LOCKBUS_RULE_D2;

    demo->world.issuer = fresh;
    check(demo, refused, "the stolen key fills no door any more: D2");
    for (size_t i = 2; i < PARCELS; i++) {
        struct parcel *parcel = &demo->parcel[i];

        (void)snprintf(line, sizeof line,
                       "%s opens to the code its recipient has had all along",
                       label(demo, parcel->door));
        check(demo, by_code(demo, parcel->code) == LOCKBUS_RULE_NONE, line);
        (void)wait_custody(demo, parcel->door, LOCKBUS_CUSTODY_VACANT);
    }
}

/* ---- Which doors? -----------------------------------------------------------
 */

static void which_doors(struct demo *demo)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_entry entry;
    unsigned opened[DOORS] = {0}, refusals = 0;
    char path[WORLD_PATH + 64], reply[2048];

    title("7. \"Which doors?\"");
    lockbus_cabinet_close(&demo->cab);
    (void)snprintf(path, sizeof path, "%s/journal", demo->world.dir);
    bool intact = lockbus_journal_verify(path, demo->escrow, &report, &why) ==
                      LOCKBUS_OK &&
                  report.intact && report.tags_checked;

    check(demo, intact,
          "the journal verifies from its first block with the operator's key");
    if (lockbus_journal_open(&journal, path, demo->escrow, &why) !=
        LOCKBUS_OK) {
        check(demo, false, "the journal can be read");
        return;
    }
    while (lockbus_journal_next(journal, &entry, &why) == LOCKBUS_OK &&
           entry.kind != 0) {
        if (entry.kind == LOCKBUS_ENTRY_RESULT && entry.door < DOORS &&
            strcmp(entry.what, "opened") == 0) {
            opened[entry.door]++;
        }
        refusals += entry.kind == LOCKBUS_ENTRY_REFUSAL ? entry.count : 0;
    }
    lockbus_journal_close(&journal);
    unsigned total = 0, doors = 0;
    bool same = true;

    for (uint16_t d = 0; d < DOORS; d++) {
        total += opened[d];
        doors += opened[d] != 0;
        same = same && opened[d] == demo->opened[d];
    }
    printf("       %u opens of %u doors, %u refusals, %llu blocks\n", total,
           doors, refusals, (unsigned long long)report.blocks);
    check(demo, same, "it names exactly the opens that the host was told of");
    bool told = simulator_ask(&demo->sim, "opened?", reply, sizeof reply) &&
                (unsigned)strtoul(reply, NULL, 10) == doors;

    check(demo, told,
          "and the simulated leaves agree: no other door ever moved");
}

int main(int argc, char **argv)
{
    static struct demo demo;

    if (argc != 4) {
        fprintf(stderr, "usage: %s LOCKBUS-SIM PROFILES WORKDIR\n", argv[0]);
        return 2;
    }
    (void)mkdir(argv[3], 0700);
    char port[WORLD_PATH + 16];

    (void)snprintf(port, sizeof port, "pty:%s/bus", argv[3]);
    if (!world_init(&demo.world, argv[3], 1, (uint64_t)time(NULL))) {
        return 1;
    }
    demo.world.limits.reopen_window_s = 3;
    demo.world.limits.burst = 20;
    if (!world_config(&demo.world, BOARDS, port, argv[2], 115200) ||
        !begin(&demo, argv[1])) {
        printf("\nthe demo could not begin\n");
        simulator_stop(&demo.sim);
        return 1;
    }
    deposit_all(&demo);
    pickup(&demo);
    replay_and_forgery(&demo);
    the_night(&demo);
    recovery(&demo);
    which_doors(&demo);
    simulator_stop(&demo.sim);
    printf("\n%u of %u statements held\n", demo.checks - demo.broken,
           demo.checks);
    return demo.broken == 0 ? 0 : 1;
}
