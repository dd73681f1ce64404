#include <criterion/criterion.h>

#include "output/result_dir.h"
#include "scanner/flow/message.h"
#include "scanner/pipeline/rows_out.h"
#include "scanner/pipeline/scan_params.h"

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

/* A row that others rest on is there before them, and before its own place is. */
Test(rows_out, what_comes_ahead_is_first)
{
    struct scan_params params = {.output_dir = "results", .format = RESULT_BOTH};
    struct row_sink *sink = rows_out_new(&params);
    struct buf messages = BUF_INIT(BUF_NO_LIMIT);
    struct row_sink_table *endpoints = &sink->table[TABLE_ENDPOINTS];
    struct row_sink_place before = row_sink_place(sink);
    buf_put_text(&endpoints->ndjson, "{}\n");
    buf_put_text(&endpoints->csv, "1\r\n");
    buf_put_text(&sink->table[TABLE_FINDINGS].csv, "1\r\n");
    endpoints->rows = sink->table[TABLE_FINDINGS].rows = 1;
    row_sink_put_ahead(sink, &before, TABLE_ENDPOINTS);
    buf_put_text(&sink->table[TABLE_HOSTS].ndjson, "{}\n");
    sink->table[TABLE_HOSTS].rows = 1;
    rows_out_add(sink, &messages);
    struct span in = buf_span(&messages);
    struct span body;
    enum message_kind kind = MESSAGE_STOP;
    cr_assert(message_next(&in, &kind, &body));
    cr_assert_eq(kind, MESSAGE_ROWS_AHEAD);
    struct message_rows_ahead m = message_get_rows_ahead(body);
    cr_expect_eq(m.count, 1);
    cr_expect(span_eq(m.octets, SPAN_LIT("{}\n")));
    cr_assert(message_next(&in, &kind, &body));
    cr_assert_eq(kind, MESSAGE_ROWS);
    cr_expect_eq(message_get_rows(body).table, TABLE_HOSTS);
    cr_expect_not(message_next(&in, &kind, &body), "of the endpoint nothing else is left");
    buf_deinit(&messages);
    rows_out_free(sink);
}
