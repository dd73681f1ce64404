#include "scanner/replay/analyze.h"

#include "scanner/base/memory.h"
#include "scanner/cert/cert_names.h"
#include "scanner/record/completions.h"
#include "scanner/record/problem_tables.h"
#include "scanner/replay/judge_rows.h"
#include "scanner/replay/table_reader.h"
#include "scanner/shipped/shipped_intermediates.h"
#include "scanner/trust/incomplete_chains.h"
#include "scanner/trust/intermediate_pool.h"

/* --- tables --------------------------------------------------------------------------------- */

static void on_line(struct analysis *a, const struct table_step *step, struct table_reader *r,
                    struct span line)
{
    struct facts row;
    bool read = row_reading_begin(&a->reading, step->table, line, &row);
    if (read && a->lean != NULL &&
        (!lean_rows_complete(a->lean, &row, a->why) ||
         (step->keeps && !lean_rows_keep(a->lean, &row, a->why)))) {
        analysis_stop(a, ANALYZE_FATAL);
        return;
    }
    if (read) {
        bool dated = facts_has(&row, ROW_COLUMN_OBSERVED_AT);
        row_sink_set_time(&a->out.sink, dated ? facts_time_ms(&row, ROW_COLUMN_OBSERVED_AT)
                                              : a->results.started_unix_ms);
        step->on_row(a, &row);
    }
    if (a->listener != NULL && !a->listener->go_on(a->listener->arg)) {
        analysis_stop(a, ANALYZE_FATAL);
    }
    if (a->reading.why.len > 0 && a->end == ANALYZE_COMPLETE) {
        table_reader_blame(r, a->why);
        buf_put(a->why, buf_span(&a->reading.why));
        analysis_stop(a, ANALYZE_UNUSABLE);
    } else if (!new_results_take(&a->out, false)) {
        analysis_stop(a, ANALYZE_ROWS_LOST);
    }
}

static void run_step(struct analysis *a, const struct table_step *step)
{
    struct results_table table;
    if ((step->newer && !results_has_table(&a->results, step->table)) ||
        (step->of_groups && !results_may_infer(&a->results)) ||
        (step->of_end && a->listener != NULL) ||
        (step->ahead && !results_table_ahead(&a->results, &table))) {
        return;
    }
    struct table_reader *r =
        step->ahead || results_table(&a->results, step->table, &table, a->why)
            ? table_reader_new(a->results.path, table.name, table.octets, a->why)
            : NULL;
    if (r == NULL) {
        analysis_stop(a, ANALYZE_UNUSABLE);
        return;
    }
    table_reader_expect(r, table.rows);
    enum table_read got = TABLE_READ_LINE;
    while (a->end == ANALYZE_COMPLETE && got == TABLE_READ_LINE) {
        struct span line;
        got = table_reader_next(r, &line, a->why);
        if (got == TABLE_READ_LINE) {
            on_line(a, step, r, line);
        }
    }
    if (got == TABLE_READ_FAILED || got == TABLE_READ_BAD) {
        analysis_stop(a, got == TABLE_READ_FAILED ? ANALYZE_FATAL : ANALYZE_UNUSABLE);
    }
    table_reader_free(r);
}

static void expect_domains_of_policies(struct analysis *a)
{
    if (a->policies > 0) {
        buf_putf(a->why, "%s: %llu rows of policies belong to no domain", a->results.path,
                 (unsigned long long)a->policies);
        analysis_stop(a, ANALYZE_UNUSABLE);
    }
}

static void on_completion(void *arg)
{
    struct analysis *a = arg;
    if (!new_results_take(&a->out, false)) {
        analysis_stop(a, ANALYZE_ROWS_LOST);
    }
}

static void complete_chains(struct analysis *a)
{
    const struct incomplete_chains *of = &a->chains.incomplete;
    const struct issuer_sets *sets = a->chains.issuers;
    const struct issuer_hosts *hosts = a->issuer_hosts;
    struct issuer_senders *senders = issuer_senders_new(&sets, 1, &hosts, 1);
    struct chain_judge *browser = a->fetched != NULL ? chain_judge_new(&a->terms) : NULL;
    const struct completions c = {.judge = a->judge,
                                  .browser = browser,
                                  .fetched = a->fetched,
                                  .pool = a->chains.pool,
                                  .senders = senders,
                                  .of = &of,
                                  .of_count = 1,
                                  .counts = &a->counts,
                                  .book = a->book};
    intermediate_pool_merge(a->chains.pool, a->known_before);
    a->completions_whole = report_completions(&a->out.sink, &c, on_completion, a);
    issuer_senders_free(senders);
    chain_judge_free(browser);
    if (!a->completions_whole) {
        buf_put_text(a->why, "temporary file: rows of completions are missing");
        analysis_stop(a, ANALYZE_FATAL);
    }
}

static void tell_problems(struct analysis *a)
{
    const struct problem_tables t = {
        .book = a->book, .profiles = a->terms.profiles, .on_row = on_completion, .arg = a};
    if (!report_problem_tables(&a->out.sink, &t, a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
    }
}

/* --- beginning and end ---------------------------------------------------------------------- */

static bool set_terms(struct analysis *a, const struct analyze_params *p)
{
    if ((p->stores == NULL && !results_read_stores(&a->results, a->why)) ||
        (p->profiles == NULL && !results_read_profiles(&a->results, a->why)) ||
        !results_read_operators(&a->results, a->why) ||
        !results_read_shared_operators(&a->results, a->why) ||
        (p->intermediates == NULL && !results_read_intermediates(&a->results, a->why))) {
        return false;
    }
    bool given = p->intermediates != NULL;
    a->intermediates = given ? p->intermediates : a->results.intermediates;
    a->intermediates_count = given ? p->intermediates_count : a->results.intermediates_count;
    a->known_before = known_intermediates_new(a->intermediates, a->intermediates_count, a->why);
    if (a->known_before == NULL) {
        return false;
    }
    a->profiles = p->profiles != NULL ? p->profiles : a->results.profiles;
    a->terms = (struct judging_terms){
        .at = p->at != INT64_MIN ? p->at : a->results.at,
        .stores = p->stores != NULL ? p->stores : a->results.stores,
        .store_count = p->stores != NULL ? p->store_count : a->results.store_count,
        .known = a->known_before,
        .trust_ad = p->trust_ad != TRUTH_UNKNOWN ? p->trust_ad == TRUTH_YES : a->results.trust_ad,
        .profiles = a->profiles != NULL ? &a->profiles->profiles : NULL,
        .operators = a->results.operators,
    };
    if (a->terms.at == INT64_MIN) {
        buf_putf(a->why, "%s/manifest.json: has no time of judgement; give --at", p->results);
        return false;
    }
    return true;
}

void analysis_init(struct analysis *a, struct buf *why)
{
    *a = (struct analysis){.why = why,
                           .list = BUF_INIT(BUF_NO_LIMIT),
                           .other_list = BUF_INIT(BUF_NO_LIMIT),
                           .dane_list = BUF_INIT(BUF_NO_LIMIT),
                           .speaker_key = BUF_INIT(BUF_NO_LIMIT),
                           .speaker_line = BUF_INIT(BUF_NO_LIMIT),
                           .policy_line = BUF_INIT(BUF_NO_LIMIT),
                           .body = BUF_INIT(BUF_NO_LIMIT),
                           .leaf = BUF_INIT(BUF_NO_LIMIT),
                           .names = BUF_INIT(CERT_NAMES_PACKED_MAX),
                           .key = BUF_INIT(BUF_NO_LIMIT)};
    row_reading_init(&a->reading);
    row_reading_init(&a->speaker_reading);
    row_reading_init(&a->policy_reading);
}

bool analysis_keep_lean(struct analysis *a, size_t memory_octets, struct buf *why)
{
    if (results_are_lean(&a->results)) {
        a->lean = lean_rows_new(true, memory_octets, why);
    }
    return a->lean != NULL || !results_are_lean(&a->results);
}

void analysis_deinit(struct analysis *a)
{
    lean_rows_free(a->lean);
    counts_deinit(&a->counts);
    new_results_deinit(&a->out);
    row_reading_deinit(&a->reading);
    row_reading_deinit(&a->speaker_reading);
    row_reading_deinit(&a->policy_reading);
    recorder_deinit(&a->recorder);
    chain_recorder_deinit(&a->chains);
    chain_judge_free(a->judge);
    known_free(a->known);
    intermediate_pool_free(a->known_before);
    fetched_issuers_free(a->fetched);
    issuer_hosts_free(a->issuer_hosts);
    fact_book_free(a->book);
    results_deinit(&a->results);
    buf_deinit(&a->list);
    buf_deinit(&a->other_list);
    buf_deinit(&a->dane_list);
    buf_deinit(&a->speaker_key);
    buf_deinit(&a->speaker_line);
    buf_deinit(&a->policy_line);
    buf_deinit(&a->body);
    buf_deinit(&a->leaf);
    buf_deinit(&a->names);
    buf_deinit(&a->key);
}

static bool can_be_made_anew(struct analysis *a)
{
    bool whole = results_are_whole(&a->results);
    if (!whole) {
        buf_putf(a->why,
                 "%s: what rows are made of was left out (--detail summary, --tables or "
                 "--columns), so they cannot be made anew",
                 a->results.path);
    }
    return whole;
}

static bool analyze_begin(struct analysis *a, const struct analyze_params *p)
{
    size_t memory = p->memory_octets > 0 ? p->memory_octets : KNOWN_MEMORY_OCTETS;
    struct results_table ahead;
    if (!results_open(&a->results, p->results, a->why) ||
        !results_have_ndjson(&a->results, a->why) || !can_be_made_anew(a) || !set_terms(a, p) ||
        !new_results_open(&a->out, p, results_table_ahead(&a->results, &ahead), a->why)) {
        analysis_stop(a, ANALYZE_UNUSABLE);
        return false;
    }
    if (a->results.scan_id[0] != '\0') {
        row_sink_set_scan(&a->out.sink, a->results.scan_id);
    }
    counts_init(&a->counts, a->results.ports, a->results.port_count);
    a->judge = chain_judge_new(&a->terms);
    a->issuer_hosts = issuer_hosts_new();
    a->book = fact_book_new(memory / FACT_OCTETS);
    recorder_init(&a->recorder, &a->out.sink, &a->terms, &a->counts, a->issuer_hosts, a->book,
                  memory);
    chain_recorder_init(&a->chains, &a->out.sink, &a->terms, &a->counts, 0, 1, a->book);
    a->chains.judge = a->judge;
    a->known = known_new(memory, a->why);
    if (a->known == NULL || !analysis_keep_lean(a, memory, a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
    } else if (p->of_shards) {
        lean_rows_of_shards(a->lean);
    }
    return a->end == ANALYZE_COMPLETE;
}

static bool finish(struct analysis *a)
{
    const struct manifest_trust_ad trust_ad = {
        .setting = a->terms.trust_ad ? "yes" : "no",
        .trusted = a->terms.trust_ad,
        .reason = "given to analyze",
    };
    struct operator_summary operators;
    operator_totals_sum(&a->recorder.operators, 1, &operators);
    const struct reanalysis now = {
        .terms = &a->terms,
        .trust_ad = a->out.params->trust_ad != TRUTH_UNKNOWN ? &trust_ad : NULL,
        .profiles = a->profiles,
        .counts = &a->counts,
        .shape = a->out.params->shape,
        .operators = &operators,
        .of_shards = a->out.params->of_shards,
        .intermediates = {.shipped = shipped_intermediates_name(),
                          .files = a->intermediates,
                          .file_count = a->intermediates_count,
                          .known = intermediate_pool_count(a->chains.pool),
                          .truncated = intermediate_pool_truncated(a->chains.pool),
                          .whole = a->completions_whole},
    };
    bool kept = new_results_finish(&a->out, &a->results, &now);
    operator_summary_deinit(&operators);
    return kept;
}

/* A database that failed finds nothing: its error comes before what followed from it. */
static void look_for_failed_databases(struct analysis *a)
{
    const char *error = a->known != NULL ? known_error(a->known) : NULL;
    error = error == NULL ? recorder_error(&a->recorder) : error;
    if (error != NULL) {
        buf_reset(a->why);
        buf_put_text(a->why, error);
        a->end = ANALYZE_FATAL;
    }
}

void analysis_read_tables(struct analysis *a)
{
    for (size_t i = 0; i < TABLE_STEPS && a->end == ANALYZE_COMPLETE; i++) {
        run_step(a, &table_steps[i]);
    }
    if (a->end == ANALYZE_COMPLETE) {
        expect_domains_of_policies(a);
    }
    look_for_failed_databases(a);
}

static void analyze_tables(struct analysis *a)
{
    analysis_read_tables(a);
    row_sink_set_time(&a->out.sink, a->results.last_rows_unix_ms);
    if (a->end == ANALYZE_COMPLETE) {
        complete_chains(a);
    }
    if (a->end == ANALYZE_COMPLETE) {
        tell_problems(a);
    }
    if (a->end == ANALYZE_COMPLETE && !finish(a)) {
        analysis_stop(a, ANALYZE_ROWS_LOST);
    }
    if (a->end == ANALYZE_ROWS_LOST && new_results_reader_is_gone(&a->out)) {
        a->end = ANALYZE_READER_GONE;
    } else if (a->end == ANALYZE_ROWS_LOST) {
        new_results_blame(&a->out, a->why);
    }
}

enum analyze_end analyze_run(const struct analyze_params *p, struct buf *why)
{
    struct analysis *a = memory_new(1, sizeof(*a));
    analysis_init(a, why);
    if (analyze_begin(a, p)) {
        analyze_tables(a);
    }
    enum analyze_end end = a->end;
    if (end == ANALYZE_UNUSABLE || end == ANALYZE_FATAL) {
        new_results_discard(&a->out);
    }
    analysis_deinit(a);
    free(a);
    return end;
}
