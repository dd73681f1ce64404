#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/record/problem_tables.h"
#include "scanner/record/standing.h"

/** Domains that share one server without STARTTLS, and have a host each. */
struct world {
    struct fact_book *book;
    struct standing_judge standing;
    struct row_sink sink;
    struct domain_verdict verdict;
    struct findings none;
    uint64_t rows;
    uint64_t enough; /* rows after which the reader has enough; 0: never */
    bool halted;
};

static void on_row(void *arg)
{
    struct world *w = arg;
    w->rows++;
    w->halted = w->enough > 0 && w->rows >= w->enough;
}

static void world_new(struct world *w)
{
    hash_secret_init();
    memset(w, 0, sizeof(*w));
    w->book = fact_book_new(FACTS_NO_BOUND);
    standing_init(&w->standing, w->book);
    row_sink_init(&w->sink, true, false, false);
    domain_verdict_init(&w->verdict);
    findings_init(&w->none);
    struct seen_service s = {.address = {.family = 4, .octets = {192, 0, 2, 1}}, .port = 25};
    struct findings f;
    findings_init(&f);
    buf_put_text(findings_add_max(&f, FINDING_STARTTLS_NOT_OFFERED), "no STARTTLS <&>");
    facts_note_service(w->book, &w->standing.facts, &s, &f);
    findings_deinit(&f);
}

static void world_free(struct world *w)
{
    standing_deinit(&w->standing);
    fact_book_free(w->book);
    row_sink_deinit(&w->sink);
    domain_verdict_deinit(&w->verdict);
    findings_deinit(&w->none);
}

static void add_domain(struct world *w, uint64_t line)
{
    char host[40];
    char domain[40];
    (void)snprintf(host, sizeof(host), "mx%llu.example", (unsigned long long)line);
    (void)snprintf(domain, sizeof(domain), "d%llu.example", (unsigned long long)line);
    struct endpoint_brief e = {.address = {.family = 4, .octets = {192, 0, 2, 1}},
                               .port = 25,
                               .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
                               .basis = BASIS_INFERRED};
    struct seen_host h = {.name = span_of(host), .endpoints = &e, .endpoint_count = 1};
    struct seen_mx mx = {.host = span_of(host), .endpoints = &e, .endpoint_count = 1};
    struct seen_domain d = {.input_line = line,
                            .domain = span_of(domain),
                            .mx_kind = MX_KIND_EXPLICIT,
                            .mx = &mx,
                            .mx_count = 1,
                            .mx_total = 1};
    facts_note_host(w->book, &w->standing.facts, &h, &w->none);
    struct domain_standing got = standing_of(&w->standing, &d, &w->verdict, 0, &w->none, &w->none);
    bool broken = fact_book_error(w->book) != NULL; /* the count is known all the same */
    cr_expect_eq(got.problem_count, 1);
    cr_expect(span_eq(got.top_cause, broken
                                         ? (struct span){0}
                                         : SPAN_LIT("starttls.not_offered|server|192.0.2.1|25")));
}

static bool tell(struct world *w, struct buf *why)
{
    const struct problem_tables t = {
        .book = w->book, .on_row = on_row, .arg = w, .halted = &w->halted};
    return report_problem_tables(&w->sink, &t, why);
}

static bool table_has(const struct world *w, enum table_id t, const char *text)
{
    const struct buf *rows = &w->sink.table[t].ndjson;
    return memmem(rows->at, rows->len, text, strlen(text)) != NULL;
}

/* In whichever order they came. */
Test(problem_tables, one_server_and_its_customers)
{
    enum {
        DOMAINS = 500
    };
    struct world w;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    world_new(&w);
    for (uint64_t i = 0; i < DOMAINS; i++) {
        add_domain(&w, (i * 7) % DOMAINS + 1);
    }
    cr_assert(tell(&w, &why));
    cr_expect_eq(why.len, 0);
    cr_expect_eq(w.sink.table[TABLE_PROBLEMS].rows, DOMAINS);
    cr_expect_eq(w.sink.table[TABLE_CAUSES].rows, 1);
    cr_expect(
        table_has(&w, TABLE_CAUSES, "\"domain_count\":500,\"host_count\":500,\"place_count\":500"));
    cr_expect(table_has(&w, TABLE_CAUSES,
                        "\"example_domain\":\"d1.example\",\"evidence\":\"no STARTTLS <&>\""));
    cr_expect(
        table_has(&w, TABLE_PROBLEMS, "\"place_count\":1,\"tested_count\":1,\"inferred_count\":1"));
    const struct buf *rows = &w.sink.table[TABLE_PROBLEMS].ndjson;
    cr_expect_eq(memcmp(rows->at, "{\"schema\":1,", 12), 0);
    const char *line = memchr(rows->at, '\n', rows->len);
    cr_assert_not_null(line);
    cr_expect_not_null(
        memmem(rows->at, (size_t)((const uint8_t *)line - rows->at), ",\"input_line\":1,", 16));
    world_free(&w);
    buf_deinit(&why);
}

Test(problem_tables, whoever_asks_for_the_rows_may_stop_them)
{
    struct world w;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    world_new(&w);
    for (uint64_t i = 1; i <= 20; i++) {
        add_domain(&w, i);
    }
    w.enough = 5;
    cr_expect(tell(&w, &why));
    cr_expect_eq(w.sink.table[TABLE_PROBLEMS].rows, 5);
    cr_expect_eq(w.sink.table[TABLE_CAUSES].rows, 0);
    world_free(&w);
    buf_deinit(&why);
}

Test(problem_tables, a_file_that_could_not_be_written_is_told)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {.rlim_cur = 1, .rlim_max = 1};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct world w;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    world_new(&w);
    for (uint64_t i = 1; i <= 4000; i++) { /* more than lies in memory */
        add_domain(&w, i);
    }
    cr_expect_not(tell(&w, &why));
    buf_put_char(&why, '\0');
    cr_expect_not_null(strstr((const char *)why.at, "temporary file in "), "%s", (char *)why.at);
    world_free(&w);
    buf_deinit(&why);
}
