#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/record/completions.h"

struct take {
    struct row_sink sink;
    size_t rows;
    size_t enough;
    bool halted;
};

static void on_row(void *arg)
{
    struct take *t = arg;
    t->rows++;
    t->halted = t->rows == t->enough;
}

static void add_list(struct incomplete_chains *c, uint8_t number)
{
    uint8_t id[32] = {number};
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(cert_list_add(&list, (struct span){id, sizeof(id)})); /* any octets have a verdict */
    incomplete_chains_add(c, id, buf_span(&list), false);
    buf_deinit(&list);
}

static const struct halt_case {
    const char *name;
    size_t enough; /* rows, then on_row() says so */
    size_t want;
} halt_cases[] = {
    {"never halted", 0, 3},
    {"after the first", 1, 1},
    {"after the last", 3, 3},
};

Test(completions, whoever_asks_for_the_rows_may_stop_them)
{
    hash_secret_init();
    for (size_t i = 0; i < sizeof(halt_cases) / sizeof(halt_cases[0]); i++) {
        const struct halt_case *row = &halt_cases[i];
        struct trust_store_octets store = {0};
        struct judging_terms terms = {.stores = &store, .store_count = 1};
        struct scan_counts *counts = memory_new(1, sizeof(*counts));
        struct incomplete_chains incomplete = {0};
        const struct incomplete_chains *of = &incomplete;
        const uint16_t port = 25;
        struct take t = {.enough = row->enough};
        row_sink_init(&t.sink, true, false, false);
        counts_init(counts, &port, 1);
        for (uint8_t n = 1; n <= 3; n++) {
            add_list(&incomplete, n);
        }
        struct fact_book *book = fact_book_new(FACTS_NO_BOUND);
        struct issuer_senders *senders = issuer_senders_new(NULL, 0, NULL, 0);
        struct completions c = {.judge = chain_judge_new(&terms),
                                .browser = chain_judge_new(&terms),
                                .senders = senders,
                                .pool = intermediate_pool_new(),
                                .of = &of,
                                .of_count = 1,
                                .counts = counts,
                                .book = book,
                                .halted = &t.halted};
        cr_expect(report_completions(&t.sink, &c, on_row, &t), "%s", row->name);
        cr_expect_eq(t.rows, row->want, "%s", row->name);
        cr_expect_eq(t.sink.table[TABLE_COMPLETIONS].rows, row->want, "%s", row->name);
        intermediate_pool_free(c.pool);
        issuer_senders_free(senders);
        fact_book_free(book);
        chain_judge_free(c.judge);
        chain_judge_free(c.browser);
        incomplete_chains_deinit(&incomplete);
        row_sink_deinit(&t.sink);
        free(counts);
    }
}
