#include "scanner/replay/restore.h"

#include "scanner/base/memory.h"
#include "scanner/replay/judge_rows.h"

struct restored {
    struct analysis a;
    struct buf why;
};

struct restored *restored_new(const struct results *results, const struct judging_terms *terms,
                              const struct row_shape *shape, struct fact_book *book,
                              uint32_t number, uint32_t total)
{
    struct restored *r = memory_new(1, sizeof(*r));
    struct analysis *a = &r->a;
    r->why = BUF_INIT(BUF_NO_LIMIT);
    analysis_init(a, &r->why);
    a->results = *results;
    for (size_t i = 0; i < JOURNAL_FILES_MAX; i++) {
        a->results.cut.part[i] =
            true; /* the writer goes on with all, also those that had their name */
    }
    a->terms = *terms;
    a->out.discarded = true;
    row_sink_init(&a->out.sink, true, false, false);
    row_set_shape(a->out.sink.row, shape);
    counts_init(&a->counts, results->ports, results->port_count);
    a->issuer_hosts = issuer_hosts_new();
    recorder_init(&a->recorder, &a->out.sink, &a->terms, &a->counts, a->issuer_hosts, book,
                  KEY_STORE_NO_BOUND);
    chain_recorder_init(&a->chains, &a->out.sink, &a->terms, &a->counts, number, total, book);
    return r;
}

void restored_free(struct restored *r)
{
    if (r != NULL) {
        r->a.results = (struct results){0}; /* borrowed */
        analysis_deinit(&r->a);
        buf_deinit(&r->why);
        free(r);
    }
}

/* What only reading needs. */
static void drop_known(struct analysis *a)
{
    lean_rows_free(a->lean);
    a->lean = NULL;
    chain_judge_free(a->judge);
    a->judge = NULL;
    a->chains.judge = NULL;
    known_free(a->known);
    a->known = NULL;
}

bool restored_read(struct restored *r, const struct restore_listener *listener, struct buf *why)
{
    struct analysis *a = &r->a;
    a->listener = listener;
    a->judge = chain_judge_new(&a->terms);
    a->chains.judge = a->judge;
    a->known = known_new(KNOWN_MEMORY_OCTETS, &r->why);
    if (a->known == NULL || !analysis_keep_lean(a, LEAN_MEMORY_OCTETS, &r->why)) {
        analysis_stop(a, ANALYZE_FATAL);
    }
    analysis_read_tables(a);
    drop_known(a);
    buf_put(why, buf_span(&r->why));
    return a->end == ANALYZE_COMPLETE;
}

const struct scan_counts *restored_counts(const struct restored *r)
{
    return &r->a.counts;
}

struct chain_recorder *restored_chains(struct restored *r)
{
    return &r->a.chains;
}

const struct issuer_hosts *restored_issuer_hosts(const struct restored *r)
{
    return r->a.issuer_hosts;
}

struct operator_totals *restored_operators(struct restored *r)
{
    return r->a.recorder.operators;
}
