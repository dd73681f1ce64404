#include "scanner/report/summary.h"

#include <inttypes.h>
#include <stdlib.h>

#include "output/json_writer.h"
#include "scanner/analysis/smtp_reach.h"
#include "scanner/base/check.h"
#include "scanner/observation/tls_names.h"
#include "scanner/report/operator_summary.h"
#include "scanner/report/policy_summary.h"
#include "scanner/report/shares.h"

#define SUMMARY_SCHEMA 2

/* By class, then by word: the order does not tell which worker met a reason first. */
static int compare_reasons(const void *left, const void *right)
{
    const struct reason_count *a = left;
    const struct reason_count *b = right;
    return a->class != b->class ? (int)a->class - (int)b->class : strcmp(a->reason, b->reason);
}

static void put_reasons(struct json_writer *w, const struct scan_counts *c)
{
    struct reason_count sorted[COUNT_REASONS_MAX];
    memcpy(sorted, c->reason, c->reason_count * sizeof(sorted[0]));
    qsort(sorted, c->reason_count, sizeof(sorted[0]), compare_reasons);
    json_object_begin(w);
    for (size_t i = 0; i < c->reason_count; i++) {
        if (i == 0 || sorted[i].class != sorted[i - 1].class) {
            json_key(w, account_class_word(sorted[i].class));
            json_object_begin(w);
        }
        json_key_uint(w, sorted[i].reason, sorted[i].count);
        if (i + 1 == c->reason_count || sorted[i + 1].class != sorted[i].class) {
            json_object_end(w);
        }
    }
    json_object_end(w);
}

static void put_classes(struct json_writer *w, const char *key,
                        const uint64_t count[ACCOUNT_CLASS_COUNT])
{
    json_key(w, key);
    json_object_begin(w);
    for (unsigned i = 0; i < ACCOUNT_CLASS_COUNT; i++) {
        json_key_uint(w, account_class_word((enum account_class)i), count[i]);
    }
    json_object_end(w);
}

static void summary_put_account(struct json_writer *w, const struct scan_counts *c)
{
    json_object_begin(w);
    json_key_uint(w, "inputs", c->inputs);
    put_classes(w, "classes", c->account);
    put_classes(w, "inferred",
                c->account_inferred); /* of these, those that rest on such a result */
    json_key_uint(w, "accounted", counts_accounted(c));
    json_key(w, "reasons");
    put_reasons(w, c);
    json_object_end(w);
}

void report_account(struct buf *json, const struct scan_counts *counts)
{
    struct json_writer w = json_writer(json);
    summary_put_account(&w, counts);
}

static void put_service_weighting(struct json_writer *w, const struct service_weighting *s)
{
    json_object_begin(w);
    json_key_uint(w, "total", s->total);
    json_key_uint(w, "not_tested", s->not_tested);
    json_key_uint(w, "inconclusive", s->inconclusive);
    json_key(w, "properties");
    json_object_begin(w);
    for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
        if (property_needs_host((enum property)p)) {
            continue; /* there is none, nor a share */
        }
        put_tally(w, property_word((enum property)p), &s->property[p]);
    }
    json_object_end(w);
    json_object_end(w);
}

static void put_rollups(struct json_writer *w, const uint64_t n[ROLLUP_COUNT])
{
    json_key_uint(w, rollup_word(ROLLUP_ALL), n[ROLLUP_ALL]);
    json_key_uint(w, rollup_word(ROLLUP_SOME), n[ROLLUP_SOME]);
    json_key_uint(w, rollup_word(ROLLUP_NONE), n[ROLLUP_NONE]);
    json_key_uint(w, rollup_word(ROLLUP_UNKNOWN), n[ROLLUP_UNKNOWN]);
}

/* The share is that of "all": every address of every host has the property. */
static void put_rollup_weighting(struct json_writer *w, const struct rollup_weighting *s)
{
    json_object_begin(w);
    json_key_uint(w, "total", s->total);
    json_key_uint(w, "not_tested", s->not_tested);
    json_key_uint(w, "inconclusive", s->inconclusive);
    json_key_uint(w, "inferred", s->inferred);
    json_key(w, "properties");
    json_object_begin(w);
    for (unsigned p = 0; p < PROPERTY_COUNT; p++) {
        const uint64_t *n = s->property[p];
        json_key(w, property_word((enum property)p));
        json_object_begin(w);
        put_rollups(w, n);
        put_share(w, n[ROLLUP_ALL], n[ROLLUP_ALL] + n[ROLLUP_SOME] + n[ROLLUP_NONE],
                  n[ROLLUP_UNKNOWN]);
        json_key(w, "inferred");
        json_object_begin(w);
        put_rollups(w, s->property_inferred[p]);
        json_object_end(w);
        json_object_end(w);
    }
    json_object_end(w);
    json_object_end(w);
}

static void put_cipher_counts(struct json_writer *w, const struct cipher_counts *c)
{
    json_object_begin(w);
    json_key_uint(w, "services", c->tested);
    json_key_uint(w, "complete", c->complete);
    json_key_uint(w, "server_order", c->server_order);
    json_key_uint(w, "client_order", c->client_order);
    json_key(w, "accepted_by");
    json_object_begin(w);
    for (size_t i = 0; i < c->suite_count; i++) {
        json_key_uint(w, tls_cipher_name(c->suite[i].suite), c->suite[i].services);
    }
    json_object_end(w);
    json_object_end(w);
}

static void summary_put_port(struct json_writer *w, const struct port_counts *port)
{
    json_object_begin(w);
    json_key_uint(w, "port", port->port);
    json_key(w, "outcomes");
    json_object_begin(w);
    for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
        json_key_uint(w, outcome_info((enum session_outcome)o)->word, port->service_outcome[o]);
    }
    json_object_end(w);
    json_key(w, "service");
    put_service_weighting(w, &port->service);
    json_key(w, "ciphers");
    put_cipher_counts(w, &port->ciphers);
    json_key(w, "host");
    put_rollup_weighting(w, &port->host);
    json_key(w, "domain");
    put_rollup_weighting(w, &port->domain);
    json_key(w, "domain_primary_mx");
    put_rollup_weighting(w, &port->primary);
    json_object_end(w);
}

static void put_chain_counts(struct json_writer *w, const struct scan_counts *c)
{
    uint64_t total = 0;
    for (unsigned s = 0; s < CHAIN_STATUS_COUNT; s++) {
        total += c->chain[s];
    }
    json_object_begin(w);
    json_key_uint(w, "total", total);
    json_key(w, "statuses");
    json_object_begin(w);
    for (unsigned s = 0; s < CHAIN_STATUS_COUNT; s++) {
        if (s != CHAIN_NONE) { /* a list that was presented is not none */
            json_key_uint(w, chain_status_word((enum chain_status)s), c->chain[s]);
        }
    }
    json_object_end(w);
    json_object_end(w);
}

static uint64_t finding_total(const struct scan_counts *c, unsigned code)
{
    uint64_t total = 0;
    for (unsigned s = 0; s < SEVERITY_COUNT; s++) {
        total += c->finding[code][s];
    }
    return total;
}

static void put_finding_counts(struct json_writer *w, const struct scan_counts *c)
{
    json_array_begin(w);
    for (unsigned code = 0; code < FINDING_COUNT; code++) {
        if (finding_total(c, code) == 0) {
            continue;
        }
        json_object_begin(w);
        json_key(w, "code");
        json_word(w, finding_info((enum finding_code)code)->code);
        json_key_uint(w, "rows", finding_total(c, code));
        for (unsigned s = SEVERITY_COUNT; s > 0; s--) {
            json_key_uint(w, severity_word((enum severity)(s - 1)), c->finding[code][s - 1]);
        }
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_smtp_reach(struct json_writer *w, const struct summary_facts *facts)
{
    struct smtp_reach reach = smtp_reach_of(facts->counts);
    json_object_begin(w);
    json_key_uint(w, "port", SMTP_REACH_PORT);
    json_key_uint(w, "dialled", reach.dialled);
    json_key_uint(w, "answered", reach.answered);
    json_key_uint(w, "conclusive", reach.conclusive);
    json_key(w, "says_nothing");
    json_bool(w, smtp_reach_says_nothing(&reach, facts->port_25_is_open));
    json_object_end(w);
}

void report_summary(struct buf *json, const struct summary_facts *facts)
{
    const struct scan_counts *c = facts->counts;
    struct json_writer w = json_writer_indented(json);
    json_object_begin(&w);
    json_key_uint(&w, "schema", SUMMARY_SCHEMA);
    json_key(&w, "version");
    json_word(&w, facts->version);
    json_key(&w, "scan_id");
    json_word(&w, facts->scan_id);
    json_key(&w, "complete");
    json_bool(&w, facts->complete);
    json_key(&w, "started");
    json_time_ms(&w, facts->started_unix_ms);
    json_key(&w, "ended");
    json_time_ms(&w, facts->ended_unix_ms);
    json_key(&w, "account");
    summary_put_account(&w, c);
    json_key(&w, "smtp_reach");
    put_smtp_reach(&w, facts);
    json_key(&w, "mx_kinds");
    json_object_begin(&w);
    for (unsigned k = 0; k < MX_KIND_COUNT; k++) {
        json_key_uint(&w, mx_kind_word((enum mx_kind)k), c->mx_kind[k]);
    }
    json_object_end(&w);
    json_key(&w, "effects"); /* of the domains that were asked about */
    json_object_begin(&w);
    for (unsigned e = 0; e < EFFECT_COUNT; e++) {
        json_key_uint(&w, e == EFFECT_NONE ? "none" : effect_word((enum effect)e), c->effect[e]);
    }
    json_object_end(&w);
    json_key(&w, "endpoints");
    json_object_begin(&w);
    json_key_uint(&w, "observed", c->endpoint_basis[BASIS_OBSERVED]);
    json_key_uint(&w, "inferred", c->endpoint_basis[BASIS_INFERRED]);
    json_key_uint(&w, "not_tested", c->endpoint_basis[BASIS_NONE]);
    json_object_end(&w);
    json_key(&w, "ports");
    json_array_begin(&w);
    for (size_t i = 0; i < c->port_count; i++) {
        summary_put_port(&w, &c->port[i]);
    }
    json_array_end(&w);
    json_key(&w, "policies");
    report_policy_summary(&w, &c->policies, facts->profiles);
    json_key(&w, "operators");
    if (facts->operators != NULL) {
        report_operators(&w, facts->operators);
    } else {
        json_null_value(&w);
    }
    json_key(&w, "chains");
    put_chain_counts(&w, c);
    json_key_uint(&w, "certificates", c->certificates);
    json_key(&w, "findings");
    put_finding_counts(&w, c);
    json_key(&w, "rows");
    json_object_begin(&w);
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        if (t != TABLE_OUTCOME_SETS || facts->rows[t] > 0) { /* none in full detail */
            json_key_uint(&w, table_name((enum table_id)t), facts->rows[t]);
        }
    }
    json_object_end(&w);
    json_object_end(&w);
    buf_put_char(json, '\n');
}
