/**
 * What happens to the owner of lists in chain_scenarios.txt (scenario.h tells the form). A certificate is a
 * letter: a small one has the same owner as the lists, a capital one another. A list is a word of them.
 *
 *     list LIST from WORKER
 *     known LETTER of LIST    another owner has it: the answer to "ask"
 *     cert LETTER of LIST     another list has it: to be answered
 *
 * What goes to several receivers is said in the order of these.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/cert/digest.h"
#include "scanner/owners/chain_owner.h"
#include "tests/unit/owners/scenario.h"

#define WORKERS 3
#define JUDGES  3
#define SELF    1 /* the owner under test */
#define NAMES   128

struct chain_world {
    struct owner_out out;
    struct buf to_worker[WORKERS];
    struct buf to_judge[JUDGES];
    struct chain_owner owner;
    uint64_t strays;
    char names[NAMES][16]; /* of lists that were met */
    size_t name_count;
};

static struct chain_brief brief_of(struct span list)
{
    return (struct chain_brief){.status = CHAIN_TRUSTED,
                                .trusted_by = (uint8_t)list.len,
                                .openssl_level_1 = list.at[list.len - 1],
                                .issuers = UINT32_MAX};
}

/* --- certificates and lists ----------------------------------------------------------------- */

/* The octet that is the "DER" of a letter: the n-th of those that the owner under test owns, or another. */
static uint8_t der_of(char letter)
{
    bool own = letter >= 'a';
    int n = letter - (own ? 'a' : 'A');
    for (unsigned octet = 0; octet < 256; octet++) {
        uint8_t digest[32];
        digest_sha256((struct span){(const uint8_t[]){(uint8_t)octet}, 1}, digest);
        bool is_own = owner_of_key((struct span){digest, sizeof(digest)}, JUDGES) == SELF;
        if (is_own == own && n-- == 0) {
            return (uint8_t)octet;
        }
    }
    cr_assert_fail("no certificate '%c'", letter);
    return 0;
}

static char letter_of(uint8_t der)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (const char *c = letters; *c != '\0'; c++) {
        if (der_of(*c) == der) {
            return *c;
        }
    }
    return '?';
}

static char letter_of_digest(struct span sha256)
{
    for (unsigned octet = 0; octet < 256; octet++) {
        uint8_t digest[32];
        digest_sha256((struct span){(const uint8_t[]){(uint8_t)octet}, 1}, digest);
        if (span_eq(sha256, (struct span){digest, sizeof(digest)})) {
            return letter_of((uint8_t)octet);
        }
    }
    return '?';
}

static void id_of(struct chain_world *w, const char *name, uint8_t id[32])
{
    digest_sha256(span_of(name), id);
    cr_assert_lt(w->name_count, NAMES);
    (void)snprintf(w->names[w->name_count++], sizeof(w->names[0]), "%s", name);
}

static const char *name_of(const struct chain_world *w, struct span id)
{
    for (size_t i = 0; i < w->name_count; i++) {
        uint8_t known[32];
        digest_sha256(span_of(w->names[i]), known);
        if (span_eq(id, (struct span){known, sizeof(known)})) {
            return w->names[i];
        }
    }
    return "?";
}

/* --- what it has done ----------------------------------------------------------------------- */

static void read_certificate(void *arg, struct span der)
{
    (void)arg;
    cr_expect_eq(der.len, 1);
    say("  row of certificate %c\n", letter_of(der.at[0]));
}

static struct chain_brief judge_list(void *arg, const uint8_t chain_id[32],
                                     const uint8_t (*digests)[32], struct span list)
{
    const char *name = name_of(arg, (struct span){chain_id, 32});
    size_t count = list.len / 4;
    say("  row of list %s\n", name);
    cr_expect_eq(strlen(name), count);
    for (size_t i = 0; i < count && i < strlen(name); i++) {
        cr_expect_eq(list.at[4 * i + 3], der_of(name[i]), "%s", name);
        cr_expect_eq(letter_of_digest((struct span){digests[i], 32}), name[i], "%s", name);
    }
    return brief_of(list);
}

static void chain_world_init(void *world)
{
    struct chain_world *w = world;
    *w = (struct chain_world){.strays = 0};
    owner_out_init(&w->out);
    for (size_t i = 0; i < WORKERS; i++) {
        w->to_worker[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    for (size_t i = 0; i < JUDGES; i++) {
        w->to_judge[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    w->out.division = (struct division){.parts = WORKERS, .count = WORKERS};
    w->out.judge_count = JUDGES;
    w->out.self = SELF;
    w->out.to_worker = w->to_worker;
    w->out.to_judge = w->to_judge;
    const struct chain_judging judging = {
        .certificate = read_certificate, .list = judge_list, .arg = w};
    chain_owner_init(&w->owner, &judging, &w->out);
}

static void chain_world_deinit(void *world)
{
    struct chain_world *w = world;
    chain_owner_deinit(&w->owner);
    owner_out_deinit(&w->out);
    for (size_t i = 0; i < WORKERS; i++) {
        buf_deinit(&w->to_worker[i]);
    }
    for (size_t i = 0; i < JUDGES; i++) {
        buf_deinit(&w->to_judge[i]);
    }
}

/* --- commands ------------------------------------------------------------------------------- */

static void say_message(struct chain_world *w, enum message_kind kind, struct span body,
                        const struct buf *to)
{
    if (kind == MESSAGE_CERT_NEW) {
        struct message_cert_new m = message_get_cert_new(body);
        cr_expect_eq(out_to_judge(&w->out, m.sha256), to, "the owner of the certificate");
        cr_expect_neq(to, &w->to_judge[SELF], "our own need no message");
        cr_expect_eq(letter_of_digest(m.sha256), letter_of(m.der.at[0]));
        say("  ask %c of %s\n", letter_of(m.der.at[0]), name_of(w, m.chain_id));
    } else if (kind == MESSAGE_CERT_KNOWN) {
        struct message_cert_known m = message_get_cert_known(body);
        cr_expect_eq(out_to_judge(&w->out, m.chain_id), to, "the owner of the list");
        say("  answer %c of %s\n", letter_of_digest(m.sha256), name_of(w, m.chain_id));
    } else {
        struct message_chain_known m = message_get_chain_known(body);
        const char *name = name_of(w, m.chain_id);
        cr_assert_eq(kind, MESSAGE_CHAIN_KNOWN);
        cr_expect_eq(m.brief.status, CHAIN_TRUSTED);
        cr_expect_eq(m.brief.trusted_by, 4 * strlen(name));
        cr_expect_eq(m.brief.openssl_level_1, der_of(name[strlen(name) - 1]));
        cr_expect_eq(m.issuers, UINT32_MAX);
        say("  tell %u of %s\n", (unsigned)(to - w->to_worker), name);
    }
}

static void say_messages(struct chain_world *w, struct buf *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span in = buf_span(&messages[i]);
        enum message_kind kind = MESSAGE_STOP;
        for (struct span body; message_next(&in, &kind, &body);) {
            say_message(w, kind, body, &messages[i]);
        }
        buf_reset(&messages[i]);
    }
}

/* --- events --------------------------------------------------------------------------------- */

static void list_event(struct chain_world *w, const char *name, uint16_t from)
{
    uint8_t id[32];
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    for (const char *c = name; *c != '\0'; c++) {
        buf_put(&list, (struct span){(const uint8_t[]){0, 0, 1, der_of(*c)}, 4});
    }
    id_of(w, name, id);
    struct message_chain_new m = {
        .from = from, .chain_id = {id, sizeof(id)}, .list = buf_span(&list)};
    chain_on_new(&w->owner, &m);
    buf_deinit(&list);
}

static void chain_event(void *world, char *const *word, size_t count)
{
    struct chain_world *w = world;
    uint8_t id[32];
    uint8_t sha256[32];
    cr_assert_eq(count, 4, "no event: %s", word[0]);
    if (strcmp(word[0], "list") == 0) {
        list_event(w, word[1], (uint16_t)atoi(word[3]));
    } else {
        uint8_t der = der_of(word[1][0]);
        digest_sha256((struct span){&der, 1}, sha256);
        id_of(w, word[3], id);
        if (strcmp(word[0], "known") == 0) {
            chain_on_cert_known(&w->owner,
                                &(struct message_cert_known){.chain_id = {id, sizeof(id)},
                                                             .sha256 = {sha256, sizeof(sha256)}});
        } else {
            cr_assert_str_eq(word[0], "cert", "no event");
            chain_on_cert_new(&w->owner,
                              &(struct message_cert_new){.chain_id = {id, sizeof(id)},
                                                         .sha256 = {sha256, sizeof(sha256)},
                                                         .der = {&der, 1}});
        }
    }
    say_messages(w, w->to_judge, JUDGES);
    say_messages(w, w->to_worker, WORKERS);
    if (w->owner.strays > w->strays) {
        say("  stray\n");
        w->strays = w->owner.strays;
    }
}

static const struct scenario_form form = {.file = "chain_scenarios.txt",
                                          .init = chain_world_init,
                                          .deinit = chain_world_deinit,
                                          .event = chain_event};

Test(chain_owner, scenarios)
{
    static struct chain_world w;
    hash_secret_init();
    size_t count = scenarios_run(&form, &w);
    cr_assert_geq(count, 16, "%zu scenarios were read", count);
}

#define MANY 1000 /* more lists than the first tables hold */

static struct chain_brief count_list(void *arg, const uint8_t chain_id[32],
                                     const uint8_t (*digests)[32], struct span list)
{
    uint32_t *judged = arg;
    (void)digests;
    (*judged)++;
    cr_expect_eq(list.len, 4);
    return (struct chain_brief){.status = CHAIN_TRUSTED, .trusted_by = chain_id[0]};
}

static void many_list(struct chain_world *w, uint32_t n)
{
    uint8_t id[32] = {(uint8_t)n, (uint8_t)(n >> 8)};
    uint8_t list[] = {0, 0, 1, der_of('A')};
    chain_on_new(&w->owner, &(struct message_chain_new){.chain_id = {id, sizeof(id)},
                                                        .list = {list, sizeof(list)}});
}

static void many_known(struct chain_world *w, uint32_t n)
{
    uint8_t id[32] = {(uint8_t)n, (uint8_t)(n >> 8)};
    uint8_t der = der_of('A');
    uint8_t sha256[32];
    digest_sha256((struct span){&der, 1}, sha256);
    chain_on_cert_known(&w->owner,
                        &(struct message_cert_known){.chain_id = {id, sizeof(id)},
                                                     .sha256 = {sha256, sizeof(sha256)}});
}

/* Their answers come in another order, and the place of one that is judged is taken again. */
Test(chain_owner, many_lists_at_once, .init = hash_secret_init)
{
    static struct chain_world w;
    uint32_t judged = 0;
    chain_world_init(&w);
    w.owner.judging.list = count_list;
    w.owner.judging.arg = &judged;
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < MANY; i++) {
            many_list(&w, round * MANY + i);
        }
        cr_expect_eq(judged, round * MANY);
        for (uint32_t i = 0; i < MANY; i++) {
            many_known(&w, round * MANY + i * 7 % MANY);
        }
        cr_expect_eq(judged, (round + 1) * MANY);
    }
    cr_expect_eq(w.owner.count, MANY);
    cr_expect_eq(w.owner.strays, 0);
    struct span in = buf_span(&w.to_worker[0]);
    enum message_kind kind = MESSAGE_STOP;
    uint32_t told = 0;
    for (struct span body; message_next(&in, &kind, &body); told++) {
        struct message_chain_known m = message_get_chain_known(body);
        cr_expect_eq(m.brief.trusted_by, m.chain_id.at[0], "its own verdict");
    }
    cr_expect_eq(told, 2 * MANY);
    chain_world_deinit(&w);
}
