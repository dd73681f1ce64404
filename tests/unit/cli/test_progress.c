#include <criterion/criterion.h>

#include "scanner/cli/progress.h"

static const struct progress_snapshot at_work = {
    .elapsed_ms = 65000,
    .lines_total = 10000,
    .lines_read = 1700,
    .lines_done = {[ACCOUNT_TESTED] = 1000, [ACCOUNT_INCONCLUSIVE] = 40, [ACCOUNT_DNS_FAILED] = 2},
    .sessions_in_flight = 300,
    .sessions_done = 5000,
    .services_waiting = 12,
    .dns_pending = 7,
    .octets_written = 123456789012,
};

static void check_line(struct progress_snapshot now, struct progress_mark mark, const char *want)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    progress_put_line(&b, &now, &mark);
    buf_put_char(&b, '\0');
    cr_assert_str_eq((const char *)b.at, want);
    buf_deinit(&b);
}

Test(progress, the_line_tells_what_is_known)
{
    struct progress_snapshot now = at_work;
    struct progress_mark mark = {.elapsed_ms = 5000, .lines_done = 42};
    check_line(now, mark,
               "0:01:05 1042/10000 (10%) 17/s, 300 in flight, 12 waiting, 7 DNS, 42 failed, "
               "ETA 0:08:57");

    mark = (struct progress_mark){.elapsed_ms = 5000, .lines_done = 1012}; /* 30 in a minute */
    check_line(now, mark,
               "0:01:05 1042/10000 (10%) 0.5/s, 300 in flight, 12 waiting, 7 DNS, 42 failed, "
               "ETA 4:58:36");

    now.lines_total = 0; /* a pipe */
    mark = (struct progress_mark){0};
    check_line(now, mark,
               "0:01:05 1042 of 1700 read 16/s, 300 in flight, 12 waiting, 7 DNS, 42 failed, "
               "ETA unknown");

    now.sessions_paused = 3;
    now.lines_parked = 500;
    check_line(now, mark,
               "0:01:05 1042 of 1700 read 16/s, 300 in flight, 12 waiting, 500 lines parked, "
               "3 to try again, 7 DNS, 42 failed, ETA unknown");
    now.lines_parked = 0;

    now.sessions_paused = 0;
    now.lines_total = 1700;
    now.input_ended = true;
    check_line(now, mark,
               "0:01:05 1042/1700 (61%) 16/s, 300 in flight, 12 waiting, 7 DNS, 42 failed, "
               "ETA unknown");
    now.waiting_ms = 252001;
    check_line(now, mark,
               "0:01:05 1042/1700 (61%) 16/s, 300 in flight, 12 waiting, 7 DNS, 42 failed, "
               "ETA at least 0:04:13");
    now.waiting_ms = 0;
    now.input_ended = false;

    now.draining = true;
    now.lines_total = 10000;
    check_line(now, mark,
               "0:01:05 1042/10000 (10%) 16/s, 300 in flight, 12 waiting, 7 DNS, 42 failed, "
               "stopping");
}

Test(progress, no_division_by_nothing_and_no_early_hundred)
{
    struct progress_snapshot now = {0};
    struct progress_mark mark = {0};
    check_line(now, mark,
               "0:00:00 0 of 0 read 0.0/s, 0 in flight, 0 waiting, 0 DNS, 0 failed, ETA unknown");

    now = at_work;
    now.lines_total = 1000; /* estimated too low */
    mark = (struct progress_mark){.elapsed_ms = 65000};
    check_line(now, mark,
               "0:01:05 1042/1000 (99%) 0.0/s, 300 in flight, 12 waiting, 7 DNS, 42 failed, "
               "ETA unknown");
    now.input_ended = true;
    check_line(now, mark,
               "0:01:05 1042/1000 (100%) 0.0/s, 300 in flight, 12 waiting, 7 DNS, 42 failed");

    mark = (struct progress_mark){.elapsed_ms = 1000, .lines_done = 5000}; /* older than now */
    cr_assert_eq(progress_rate(&now, &mark), 0);
}

/* at_work: 8,958 lines are left. */
Test(progress, the_end_is_that_of_what_takes_longest)
{
    static const struct progress_mark fast = {.elapsed_ms = 5000, .lines_done = 142}; /* 15/s */
    static const struct progress_mark no_line = {.elapsed_ms = 5000, .lines_done = 1042};
    static const struct {
        const char *what;
        struct progress_mark mark;
        uint64_t lines_total;
        uint64_t waiting_ms;
        bool input_ended;
        uint64_t eta_s;
    } rows[] = {
        {"by the rate", fast, 10000, 0, true, 597},
        {"what waits is done before", fast, 10000, 590000, true, 597},
        {"140,000 names at two a second", fast, 10000, 70000000, true, 70000},
        {"how long that takes is not known", fast, 10000, PROGRESS_UNKNOWN, true, PROGRESS_UNKNOWN},
        {"no line came to its end", no_line, 10000, 0, true, PROGRESS_UNKNOWN},
        {"none, as one a minute does", no_line, 10000, 70000000, true, 70000},
        {"none, and more are read", no_line, 10000, 70000000, false, PROGRESS_UNKNOWN},
        {"nobody knows how many lines there are", fast, 0, 70000000, false, PROGRESS_UNKNOWN},
        {"more than were estimated", fast, 1000, 0, false, PROGRESS_UNKNOWN},
        {"the last lines are the slow ones", fast, 1900, 0, true, PROGRESS_UNKNOWN},
        {"more than are read", fast, 1900, 0, false, 57},
        {"a second chance begins then", fast, 1900, 60000, true, 60},
        {"never 0 before the last line", fast, 1043, 1, true, 1},
        {"nor anything else", fast, 1043, 0, true, PROGRESS_UNKNOWN},
        {"no line is left", fast, 1042, 0, true, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct progress_snapshot now = at_work;
        now.lines_total = rows[i].lines_total;
        now.waiting_ms = rows[i].waiting_ms;
        now.input_ended = rows[i].input_ended;
        cr_expect_eq(progress_eta_s(&now, &rows[i].mark), rows[i].eta_s, "%s: %llu", rows[i].what,
                     (unsigned long long)progress_eta_s(&now, &rows[i].mark));
    }
}

static size_t count_char(struct span s, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        n += s.at[i] == (uint8_t)c;
    }
    return n;
}

Test(progress, csv_rows_fit_their_header)
{
    struct buf head = BUF_INIT(BUF_NO_LIMIT);
    struct buf row = BUF_INIT(BUF_NO_LIMIT);
    progress_put_csv_header(&head);
    progress_put_csv_row(&row, &at_work, &(struct progress_mark){0}, 1767323045678);
    cr_assert_eq(count_char(buf_span(&head), ','), count_char(buf_span(&row), ','));
    cr_assert_eq(count_char(buf_span(&row), '\n'), 1);
    static const struct span want = SPAN_INIT(
        "2026-01-02T03:04:05.678Z,65.000,10000,1700,300,5000,0,12,0,7,0,0,123456789012,0,");
    cr_assert(span_eq(span_take(buf_span(&row), want.len), want), "%.*s", (int)row.len,
              (const char *)row.at);
    static const struct span begin = SPAN_INIT("time,elapsed_s,lines_total,lines_read,");
    cr_assert(span_eq(span_take(buf_span(&head), begin.len), begin));
    cr_assert(
        span_ends_with(buf_span(&head), SPAN_LIT(",lines_invalid,lines_duplicate,eta_s\r\n")));
    cr_assert(span_ends_with(buf_span(&row), SPAN_LIT(",0,558\r\n")), "%.*s", (int)row.len,
              (const char *)row.at);
    buf_reset(&row);
    struct progress_snapshot unknown = at_work;
    unknown.waiting_ms = PROGRESS_UNKNOWN;
    progress_put_csv_row(&row, &unknown, &(struct progress_mark){0}, 1767323045678);
    cr_assert(span_ends_with(buf_span(&row), SPAN_LIT(",0,\r\n")), "an empty field");
    buf_deinit(&head);
    buf_deinit(&row);
}

Test(progress, metrics_are_prometheus_text)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    progress_put_metrics(&b, &at_work, &(struct progress_mark){0}, &(struct scan_record){0});
    buf_put_char(&b, '\0');
    const char *text = (const char *)b.at;
    static const char *const lines[] = {
        "# TYPE mxcensus_elapsed_seconds gauge\nmxcensus_elapsed_seconds 65.000\n",
        "# TYPE mxcensus_lines_read_total counter\nmxcensus_lines_read_total 1700\n",
        "mxcensus_sessions_in_flight 300\n",
        "# TYPE mxcensus_eta_seconds gauge\nmxcensus_eta_seconds 558\n",
        "mxcensus_lines_done_total{class=\"tested\"} 1000\n",
        "mxcensus_lines_done_total{class=\"dns_failed\"} 2\n",
        "mxcensus_lines_done_total{class=\"duplicate\"} 0\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        cr_assert_not_null(strstr(text, lines[i]), "no %s in\n%s", lines[i], text);
    }
    /* The exposition format wants a line end at the end, and HELP and TYPE once a name. */
    cr_assert_eq(text[b.len - 2], '\n');
    const char *first = strstr(text, "# TYPE mxcensus_lines_done_total");
    cr_assert_null(strstr(first + 1, "# TYPE mxcensus_lines_done_total"));
    buf_deinit(&b);
}

Test(progress, metrics_say_how_a_scan_ended)
{
    struct scan_record scan = {.started_ms = 1767323045678, .last_success_ms = 1767323000001};
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    scan.self_test[VANTAGE_WARNING] = 2;
    progress_put_metrics(&b, &at_work, &(struct progress_mark){0}, &scan);
    cr_assert_eq(progress_last_success(buf_span(&b)), 1767323000001);
    buf_put_char(&b, '\0');
    cr_assert_not_null(strstr((char *)b.at, "\nmxcensus_start_timestamp_seconds 1767323045.678\n"));
    cr_assert_not_null(strstr((char *)b.at, "\nmxcensus_self_test_checks{result=\"warning\"} 2\n"));
    cr_assert_null(strstr((char *)b.at, "exit_code"));
    cr_assert_null(strstr((char *)b.at, "end_timestamp"));
    buf_reset(&b);
    scan.ended_ms = 1767323099000;
    scan.exit_code = 10;
    scan.findings[SEVERITY_ERROR] = 7;
    progress_put_metrics(&b, &at_work, &(struct progress_mark){0}, &scan);
    buf_put_char(&b, '\0');
    cr_assert_not_null(strstr((char *)b.at, "\nmxcensus_end_timestamp_seconds 1767323099.000\n"));
    cr_assert_not_null(strstr((char *)b.at, "\nmxcensus_exit_code 10\n"));
    cr_assert_not_null(strstr((char *)b.at, "\nmxcensus_findings{severity=\"error\"} 7\n"));
    buf_deinit(&b);
}

Test(progress, a_last_success_is_read_from_what_was_written)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"", 0},
        {"x\nmxcensus_last_success_timestamp_seconds 12.345\n", 12345},
        {"x\nmxcensus_last_success_timestamp_seconds 12.345", 12345},
        {"x\nmxcensus_last_success_timestamp_seconds 12\n", 0},
        {"x\nmxcensus_last_success_timestamp_seconds 12.3456\n", 0},
        {"x\nmxcensus_last_success_timestamp_seconds NaN\n", 0},
        {"x\nmxcensus_last_success_timestamp_seconds 99999999999999999999.000\n", 0},
        {"x\n# HELP mxcensus_last_success_timestamp_seconds 1.000\n", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(progress_last_success(span_of(cases[i].text)), cases[i].ms, "%s",
                     cases[i].text);
    }
}
