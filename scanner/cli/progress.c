#include "scanner/cli/progress.h"

#include "scanner/base/text.h"

/*  name in CSV, Prometheus type and name, field, help */
#define PROGRESS_NUMBERS(X)                                                                     \
    X(lines_total, "gauge", "lines", "Lines of the input, 0 while unknown.")                    \
    X(lines_read, "counter", "lines_read_total", "Lines read from the input.")                  \
    X(sessions_in_flight, "gauge", "sessions_in_flight", "TCP connections open or connecting.") \
    X(sessions_done, "counter", "sessions_total", "Sessions that ended.")                       \
    X(sessions_failed, "counter", "sessions_failed_total",                                      \
      "Sessions that ended without a handshake, or without an answer to an additional probe.")  \
    X(services_waiting, "gauge", "services_waiting", "Services that wait for a rate limit.")    \
    X(sessions_paused, "gauge", "sessions_paused", "Sessions to be tried again after a pause.") \
    X(dns_pending, "gauge", "dns_pending", "DNS queries without an answer so far.")             \
    X(dns_queries, "counter", "dns_queries_total", "DNS queries sent.")                         \
    X(rows_written, "counter", "rows_written_total", "Rows written, all tables.")               \
    X(octets_written, "counter", "octets_written_total", "Octets written, all files.")          \
    X(lines_parked, "gauge", "lines_parked", "Lines put aside while their hosts wait.")         \
    X(short_fallen, "counter", "short_handshakes_fallen_total",                                 \
      "Sessions of no-sni-short that a whole one follows because they could not go on.")

double progress_rate(const struct progress_snapshot *now, const struct progress_mark *mark)
{
    uint64_t done = progress_lines_done(now);
    if (now->elapsed_ms <= mark->elapsed_ms || done < mark->lines_done) {
        return 0;
    }
    return (double)(done - mark->lines_done) * 1000 / (double)(now->elapsed_ms - mark->elapsed_ms);
}

/* @return PROGRESS_UNKNOWN: nothing came to its end */
static uint64_t seconds_by_rate(uint64_t lines, double rate)
{
    return rate > 0 ? (uint64_t)((double)lines / rate) : PROGRESS_UNKNOWN;
}

static uint64_t waiting_s(const struct progress_snapshot *now)
{
    return (now->waiting_ms + 999) / 1000;
}

/* The last lines take longer than those that the rate was of: slow servers, second chances. */
#define RATE_SPEAKS_FROM_S 60

uint64_t progress_eta_s(const struct progress_snapshot *now, const struct progress_mark *mark)
{
    uint64_t done = progress_lines_done(now);
    if (now->lines_total <= done) { /* or estimated too low */
        return now->input_ended ? 0 : PROGRESS_UNKNOWN;
    }
    uint64_t by_rate = seconds_by_rate(now->lines_total - done, progress_rate(now, mark));
    if (by_rate == PROGRESS_UNKNOWN && now->input_ended && now->waiting_ms > 0) {
        by_rate = 0; /* less than a line a minute: all that is left waits */
    }
    if (now->waiting_ms == PROGRESS_UNKNOWN || by_rate == PROGRESS_UNKNOWN) {
        return PROGRESS_UNKNOWN;
    }
    uint64_t waiting = waiting_s(now);
    if (waiting < by_rate) {
        return by_rate >= RATE_SPEAKS_FROM_S || !now->input_ended ? by_rate : PROGRESS_UNKNOWN;
    }
    return waiting > 0 ? waiting : PROGRESS_UNKNOWN;
}

/* What waits begins then, and may take long. */
static bool eta_is_least(const struct progress_snapshot *now, uint64_t eta_s)
{
    return eta_s > 0 && eta_s != PROGRESS_UNKNOWN && eta_s == waiting_s(now);
}

/** "0:01:05" */
static void put_duration(struct buf *b, uint64_t seconds)
{
    buf_putf(b, "%llu:%02u:%02u", (unsigned long long)(seconds / 3600),
             (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

static void put_eta(struct buf *b, uint64_t seconds, bool is_least)
{
    buf_put_text(b, is_least ? ", ETA at least " : ", ETA ");
    if (seconds == PROGRESS_UNKNOWN) {
        buf_put_text(b, "unknown");
    } else {
        put_duration(b, seconds);
    }
}

static void put_done(struct buf *b, const struct progress_snapshot *now)
{
    uint64_t done = progress_lines_done(now);
    buf_put_u64(b, done);
    if (now->lines_total > 0) {
        buf_put_char(b, '/');
        buf_put_u64(b, now->lines_total);
        /* Never 100 % before the last line: an estimated total may be too small. */
        uint64_t percent = done < now->lines_total ? done * 100 / now->lines_total : 100;
        buf_putf(b, " (%u%%)", (unsigned)(percent == 100 && !now->input_ended ? 99 : percent));
    } else {
        buf_put_text(b, " of ");
        buf_put_u64(b, now->lines_read);
        buf_put_text(b, " read");
    }
}

void progress_put_line(struct buf *b, const struct progress_snapshot *now,
                       const struct progress_mark *mark)
{
    double rate = progress_rate(now, mark);
    uint64_t failed = now->lines_done[ACCOUNT_INCONCLUSIVE] + now->lines_done[ACCOUNT_DNS_FAILED];
    put_duration(b, now->elapsed_ms / 1000);
    buf_put_char(b, ' ');
    put_done(b, now);
    buf_putf(b, rate < 10 ? " %.1f/s" : " %.0f/s", rate);
    buf_putf(b, ", %llu in flight", (unsigned long long)now->sessions_in_flight);
    buf_putf(b, ", %llu waiting", (unsigned long long)now->services_waiting);
    if (now->lines_parked > 0) {
        buf_putf(b, ", %llu lines parked", (unsigned long long)now->lines_parked);
    }
    if (now->sessions_paused > 0) {
        buf_putf(b, ", %llu to try again", (unsigned long long)now->sessions_paused);
    }
    buf_putf(b, ", %llu DNS", (unsigned long long)now->dns_pending);
    buf_putf(b, ", %llu failed", (unsigned long long)failed);
    uint64_t eta_s = progress_eta_s(now, mark);
    if (now->draining) {
        buf_put_text(b, ", stopping");
    } else if (eta_s > 0) {
        put_eta(b, eta_s, eta_is_least(now, eta_s));
    }
}

void progress_put_csv_header(struct buf *b)
{
    buf_put_text(b, "time,elapsed_s");
#define X(field, type, name, help) buf_put_text(b, "," #field);
    PROGRESS_NUMBERS(X)
#undef X
    for (enum account_class c = 0; c < ACCOUNT_CLASS_COUNT; c++) {
        buf_putf(b, ",lines_%s", account_class_word(c));
    }
    buf_put_text(b, ",eta_s\r\n");
}

void progress_put_csv_row(struct buf *b, const struct progress_snapshot *now,
                          const struct progress_mark *mark, int64_t unix_ms)
{
    uint64_t eta_s = progress_eta_s(now, mark);
    text_put_time_ms(b, unix_ms);
    buf_putf(b, ",%.3f", (double)now->elapsed_ms / 1000);
#define X(field, type, name, help) \
    buf_put_char(b, ',');          \
    buf_put_u64(b, now->field);
    PROGRESS_NUMBERS(X)
#undef X
    for (int c = 0; c < ACCOUNT_CLASS_COUNT; c++) {
        buf_put_char(b, ',');
        buf_put_u64(b, now->lines_done[c]);
    }
    buf_put_char(b, ',');
    if (eta_s != PROGRESS_UNKNOWN) {
        buf_put_u64(b, eta_s);
    }
    buf_put_text(b, "\r\n");
}

static void put_metric_head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_putf(b, "# HELP mxcensus_%s %s\n# TYPE mxcensus_%s %s\n", name, help, name, type);
}

#define LAST_SUCCESS "mxcensus_last_success_timestamp_seconds "

static void put_time_metric(struct buf *b, const char *name, const char *help, int64_t unix_ms)
{
    if (unix_ms > 0) {
        put_metric_head(b, name, "gauge", help);
        buf_putf(b, "mxcensus_%s %lld.%03d\n", name, (long long)(unix_ms / 1000),
                 (int)(unix_ms % 1000));
    }
}

static void put_scan_metrics(struct buf *b, const struct scan_record *scan)
{
    put_metric_head(b, "build_info", "gauge", "The version, always 1.");
    buf_put_text(b, "mxcensus_build_info{version=\"" MXCENSUS_VERSION "\"} 1\n");
    put_time_metric(b, "start_timestamp_seconds", "When the scan began, Unix time.",
                    scan->started_ms);
    put_time_metric(b, "end_timestamp_seconds", "When the scan ended, absent while it runs.",
                    scan->ended_ms);
    put_time_metric(b, "last_success_timestamp_seconds",
                    "When the last scan ended with exit code 0 or 10.", scan->last_success_ms);
    put_metric_head(b, "self_test_checks", "gauge", "Checks before the scan, by result.");
    for (enum vantage_result r = 0; r < SELF_TEST_RESULTS; r++) {
        buf_putf(b, "mxcensus_self_test_checks{result=\"%s\"} ", vantage_result_word(r));
        buf_put_u64(b, scan->self_test[r]);
        buf_put_char(b, '\n');
    }
    if (scan->ended_ms > 0) {
        put_metric_head(b, "exit_code", "gauge", "Exit code of the scan, absent while it runs.");
        buf_putf(b, "mxcensus_exit_code %d\n", scan->exit_code);
        put_metric_head(b, "findings", "gauge",
                        "Findings by severity, absent while the scan runs.");
        for (enum severity s = 0; s < SEVERITY_COUNT; s++) {
            buf_putf(b, "mxcensus_findings{severity=\"%s\"} ", severity_word(s));
            buf_put_u64(b, scan->findings[s]);
            buf_put_char(b, '\n');
        }
    }
}

int64_t progress_last_success(struct span metrics)
{
    static const char name[] = "\n" LAST_SUCCESS;
    const size_t len = sizeof(name) - 1;
    const uint8_t *at = metrics.len > 0 ? memmem(metrics.at, metrics.len, name, len) : NULL;
    int64_t ms = 0;
    int decimals = -1; /* before the point */
    if (at == NULL) {
        return 0;
    }
    struct span rest = span_drop(metrics, (size_t)(at - metrics.at) + len);
    for (; rest.len > 0 && rest.at[0] != '\n'; rest = span_drop(rest, 1)) {
        if (rest.at[0] == '.' && decimals < 0) {
            decimals = 0;
        } else if (!ascii_is_digit(rest.at[0]) || decimals == 3 || ms > INT64_MAX / 100000) {
            return 0; /* none of ours */
        } else {
            ms = ms * 10 + (rest.at[0] - '0');
            decimals += decimals >= 0;
        }
    }
    return decimals == 3 ? ms : 0;
}

void progress_put_metrics(struct buf *b, const struct progress_snapshot *now,
                          const struct progress_mark *mark, const struct scan_record *scan)
{
    uint64_t eta_s = progress_eta_s(now, mark);
    put_scan_metrics(b, scan);
    put_metric_head(b, "elapsed_seconds", "gauge", "Time since the start of the scan.");
    buf_putf(b, "mxcensus_elapsed_seconds %.3f\n", (double)now->elapsed_ms / 1000);
#define X(field, type, name, help)         \
    put_metric_head(b, name, type, help);  \
    buf_put_text(b, "mxcensus_" name " "); \
    buf_put_u64(b, now->field);            \
    buf_put_char(b, '\n');
    PROGRESS_NUMBERS(X)
#undef X
    put_metric_head(
        b, "eta_seconds", "gauge",
        "Estimated time to the last row, or the least that it takes; NaN while unknown.");
    buf_put_text(b, "mxcensus_eta_seconds ");
    if (eta_s == PROGRESS_UNKNOWN) {
        buf_put_text(b, "NaN\n");
    } else {
        buf_putf(b, "%llu\n", (unsigned long long)eta_s);
    }
    put_metric_head(b, "lines_done_total", "counter", "Lines whose row is written, by class.");
    for (enum account_class c = 0; c < ACCOUNT_CLASS_COUNT; c++) {
        buf_putf(b, "mxcensus_lines_done_total{class=\"%s\"} ", account_class_word(c));
        buf_put_u64(b, now->lines_done[c]);
        buf_put_char(b, '\n');
    }
}
