#include <stdio.h>

#include <criterion/criterion.h>

#include "output/result_dir.h"
#include "scanner/cert/digest.h"
#include "scanner/pipeline/judge.h"
#include "scanner/pipeline/rows_out.h"
#include "tests/support/test_ca.h"

#define WORKERS 2
#define JUDGES  3
#define SELF    1 /* the judge under test */

struct chain_world {
    struct scan_params params;
    struct scan scan;
    struct judge judge;
    struct trust_store_octets store;
};

static void read_store(struct trust_store_octets *store)
{
    struct test_cert root =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "Root", .ca = true});
    BIO *pem = BIO_new(BIO_s_mem());
    char *at = NULL;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert_eq(PEM_write_bio_X509(pem, root.cert), 1);
    long len = BIO_get_mem_data(pem, &at);
    cr_assert(trust_store_parse(store, "test", (struct span){(uint8_t *)at, (size_t)len}, &why));
    BIO_free(pem);
    buf_deinit(&why);
    test_cert_free(&root);
}

static void world_init(struct chain_world *cw)
{
    *cw = (struct chain_world){.params = {.output_dir = "results", .format = RESULT_NDJSON}};
    hash_secret_init();
    read_store(&cw->store);
    cw->params.terms = (struct judging_terms){.at = 1, .stores = &cw->store, .store_count = 1};
    cw->scan.params = &cw->params;
    cw->scan.worker_count = WORKERS;
    cw->scan.judge_count = JUDGES;
    judge_init(&cw->judge, &cw->scan, SELF);
    cw->judge.recorder.judge = chain_judge_new(&cw->params.terms);
}

static void world_deinit(struct chain_world *cw)
{
    chain_judge_free(cw->judge.recorder.judge);
    judge_deinit(&cw->judge);
    trust_store_deinit(&cw->store);
}

/* Letter n of those whose certificate this judge owns, or another. */
static char letter(bool own, size_t n)
{
    for (int c = 33; c < 127; c++) {
        uint8_t digest[32];
        uint8_t octet = (uint8_t)c;
        digest_sha256((struct span){&octet, 1}, digest);
        bool is_own = owner_of_key((struct span){digest, sizeof(digest)}, JUDGES) == SELF;
        if (is_own == own && n-- == 0) {
            return (char)c;
        }
    }
    cr_assert_fail("not enough letters");
    return '\0';
}

/* A list of `certs`, each one octet of "DER", as seen_tls.list has it. */
static void show(struct chain_world *cw, const char *certs, uint16_t from)
{
    uint8_t id[32] = {0};
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    for (const char *c = certs; *c != '\0'; c++) {
        buf_put(&list, (struct span){(const uint8_t[]){0, 0, 1, (uint8_t)*c}, 4});
    }
    digest_sha256(span_of(certs), id);
    struct message_chain_new m = {
        .from = from, .chain_id = {id, sizeof(id)}, .list = buf_span(&list)};
    chain_on_new(&cw->judge, &m);
    buf_deinit(&list);
}

/* Takes what goes to other judges; `chains` gets the chain that each certificate was asked for. */
static size_t take_asked(struct chain_world *cw, uint32_t chains[16])
{
    size_t count = 0;
    for (uint32_t i = 0; i < JUDGES; i++) {
        struct span in = buf_span(&cw->judge.judge_outbox[i]);
        enum message_kind kind = MESSAGE_STOP;
        for (struct span body; message_next(&in, &kind, &body);) {
            struct message_cert_new m = message_get_cert_new(body);
            uint8_t digest[32];
            digest_sha256(m.der, digest);
            cr_expect_eq(kind, MESSAGE_CERT_NEW);
            cr_expect_eq(m.from, SELF, "the answer comes to the owner of the chain");
            cr_expect_eq(m.der.len, 1);
            cr_expect(span_eq(m.sha256, (struct span){digest, sizeof(digest)}));
            cr_expect_eq(owner_of_key(m.sha256, JUDGES), i, "the judge that owns it");
            cr_expect_neq(i, SELF, "our own need no message");
            cr_assert_lt(count, 16);
            chains[count++] = m.chain;
        }
        buf_reset(&cw->judge.judge_outbox[i]);
    }
    return count;
}

/* The workers that were told, as "worker ", once for each list. */
static void take_told(struct chain_world *cw, char out[128])
{
    out[0] = '\0';
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct span in = buf_span(&cw->judge.outbox[i]);
        enum message_kind kind = MESSAGE_STOP;
        for (struct span body; message_next(&in, &kind, &body);) {
            cr_expect_eq(kind, MESSAGE_CHAIN_KNOWN);
            struct message_chain_known m = message_get_chain_known(body);
            cr_expect_eq(m.brief.status, CHAIN_UNPARSABLE, "one octet is no certificate");
            size_t len = strlen(out);
            (void)snprintf(out + len, 128 - len, "%u ", i);
        }
        buf_reset(&cw->judge.outbox[i]);
    }
}

static void expect_told(struct chain_world *cw, const char *want, uint64_t rows)
{
    char told[128];
    take_told(cw, told);
    cr_expect_str_eq(told, want);
    cr_expect_eq(cw->judge.rows->table[TABLE_CHAINS].rows, rows);
}

static void know(struct chain_world *cw, uint32_t chain)
{
    chain_on_cert_known(&cw->judge, &(struct message_cert_known){.chain = chain});
}

Test(chain_work, one_row_after_all_of_its_certificates)
{
    static struct chain_world cw;
    uint32_t asked[16];
    char abc[] = {letter(false, 0), letter(true, 0), letter(false, 1), '\0'};
    world_init(&cw);
    show(&cw, abc, 0);
    cr_assert_eq(take_asked(&cw, asked), 2);
    cr_expect_eq(cw.judge.rows->table[TABLE_CERTIFICATES].rows, 1, "our own at once");
    know(&cw, asked[0]);
    expect_told(&cw, "", 0);
    show(&cw, abc, 1); /* waits with the first */
    cr_expect_eq(take_asked(&cw, asked), 0, "asked for once");
    know(&cw, 0);
    expect_told(&cw, "0 1 ", 1);
    show(&cw, abc, 0);
    cr_expect_eq(take_asked(&cw, asked), 0);
    expect_told(&cw, "0 ", 1);
    world_deinit(&cw);
}

Test(chain_work, a_list_of_our_own_certificates_needs_no_other_judge)
{
    static struct chain_world cw;
    uint32_t asked[16];
    char ab[] = {letter(true, 0), letter(true, 1), '\0'};
    world_init(&cw);
    show(&cw, ab, 1);
    cr_expect_eq(take_asked(&cw, asked), 0);
    expect_told(&cw, "1 ", 1);
    cr_expect_eq(cw.judge.rows->table[TABLE_CERTIFICATES].rows, 2);
    world_deinit(&cw);
}

/* Another order is another chain (RFC 8446 section 4.4.2: the order is the server's); a list may
 * hold a certificate twice. */
Test(chain_work, chains_are_told_apart)
{
    static struct chain_world cw;
    uint32_t asked[16];
    char ab[] = {letter(false, 0), letter(false, 1), '\0'};
    char ba[] = {ab[1], ab[0], '\0'};
    char aa[] = {ab[0], ab[0], '\0'};
    world_init(&cw);
    show(&cw, ab, 0);
    show(&cw, ba, 0);
    show(&cw, aa, 0);
    cr_assert_eq(take_asked(&cw, asked), 6);
    know(&cw, 1);
    know(&cw, 0);
    know(&cw, 2);
    expect_told(&cw, "", 0);
    know(&cw, 2);
    expect_told(&cw, "0 ", 1);
    know(&cw, 0);
    know(&cw, 1);
    expect_told(&cw, "0 0 ", 3);
    world_deinit(&cw);
}

/* More chains than the first table holds, and one left open at the end. */
Test(chain_work, many_chains)
{
    static struct chain_world cw;
    uint32_t asked[16];
    world_init(&cw);
    for (uint32_t i = 0; i < 100; i++) {
        char certs[] = {letter(false, i % 10), letter(false, 10 + i / 10), '\0'};
        show(&cw, certs, 0);
        cr_assert_eq(take_asked(&cw, asked), 2);
        know(&cw, asked[0]);
        if (i != 50) {
            know(&cw, asked[1]);
        }
    }
    cr_expect_eq(cw.judge.rows->table[TABLE_CHAINS].rows, 99);
    world_deinit(&cw);
}

/* No cut of the stream of rows leaves a key without its row: what is named comes first. */
Test(rows_out, leaves_in_the_order_in_which_rows_name_one_another)
{
    static const enum table_id before_domains[] = {TABLE_CERTIFICATES, TABLE_CHAINS, TABLE_SERVICES,
                                                   TABLE_ENDPOINTS, TABLE_HOSTS};
    struct scan_params params = {.output_dir = "results", .format = RESULT_BOTH};
    struct row_sink *sink = rows_out_new(&params);
    struct buf messages = BUF_INIT(BUF_NO_LIMIT);
    for (int t = 0; t < TABLE_COUNT; t++) {
        buf_putf(&sink->table[t].ndjson, "n%d\n", t);
        buf_putf(&sink->table[t].csv, "c%d\n", t);
        sink->table[t].rows = (uint64_t)t + 1;
    }
    rows_out_add(sink, &messages);
    struct span in = buf_span(&messages);
    enum message_kind kind = MESSAGE_STOP;
    size_t place[TABLE_COUNT] = {0};
    size_t count = 0;
    for (struct span body; message_next(&in, &kind, &body); count++) {
        struct message_rows m = message_get_rows(body);
        cr_assert_eq(kind, MESSAGE_ROWS);
        cr_assert_lt(m.table, TABLE_COUNT);
        cr_expect_eq(m.count, m.table + 1U);
        cr_expect_eq(m.octets.at[0], m.format == ROW_FORMAT_CSV ? 'c' : 'n');
        place[m.table] = count;
    }
    cr_expect_eq(count, 2 * TABLE_COUNT, "every table in both formats");
    for (size_t i = 1; i < sizeof(before_domains) / sizeof(before_domains[0]); i++) {
        cr_expect_lt(place[before_domains[i - 1]], place[before_domains[i]]);
        cr_expect_lt(place[before_domains[i]], place[TABLE_DOMAINS]);
    }
    buf_reset(&messages);
    rows_out_add(sink, &messages);
    cr_expect_eq(messages.len, 0, "the sink was emptied");
    buf_deinit(&messages);
    rows_out_free(sink);
}
