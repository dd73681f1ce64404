#include "scanner/compare/kept_facts.h"

#include <stdio.h>
#include <string.h>

#include "output/tables.h"
#include "scanner/base/codec.h"
#include "scanner/compare/read_compared.h"
#include "scanner/compare/rules.h"

void kept_facts_init(struct kept_facts *k, struct scratch_database *d)
{
    *k = (struct kept_facts){.database = d};
    scratch_database_run(
        d, "CREATE TABLE kept (kind INTEGER, key TEXT, scan INTEGER, observed INTEGER, facts BLOB,"
           " PRIMARY KEY (kind, key, scan)) WITHOUT ROWID;"
           "CREATE TABLE gap (kind INTEGER, key TEXT, kept INTEGER, PRIMARY KEY (kind, key)) "
           "WITHOUT ROWID");
    k->put = scratch_statement_new(d, "INSERT OR IGNORE INTO kept VALUES (?, ?, ?, ?, ?)");
    k->find = scratch_statement_new(
        d, "SELECT observed, facts FROM kept WHERE kind = ? AND key = ? AND scan = ?");
    k->put_gap = scratch_statement_new(d, "INSERT OR IGNORE INTO gap VALUES (?, ?, ?)");
}

void kept_facts_put(struct kept_facts *k, enum kept_kind kind, struct span key, struct span octets,
                    size_t observed)
{
    scratch_put_uint(k->put, kind);
    scratch_put_text(k->put, key);
    scratch_put_uint(k->put, k->scan);
    scratch_put_uint(k->put, observed);
    scratch_put_blob(k->put, octets);
    scratch_do(k->put);
}

bool kept_facts_find(struct kept_facts *k, enum kept_kind kind, struct span key, struct arena *a,
                     struct span *octets, size_t *observed)
{
    scratch_put_uint(k->find, kind);
    scratch_put_text(k->find, key);
    scratch_put_uint(k->find, k->scan);
    bool found = scratch_next_row(k->find);
    if (found) {
        *observed = (size_t)scratch_uint(k->find, 0);
        *octets = arena_copy(a, scratch_text(k->find, 1));
        scratch_leave(k->find);
    }
    return found;
}

/* --- gaps ----------------------------------------------------------------------------------- */

static void kept_facts_put_gap(struct kept_facts *k, bool gap, enum gap_kind kind,
                               enum kept_kind kept, struct span key)
{
    if (gap) {
        scratch_put_uint(k->put_gap, kind);
        scratch_put_text(k->put_gap, key);
        scratch_put_uint(k->put_gap, kept);
        scratch_do(k->put_gap);
    }
}

void kept_facts_count_gaps(struct kept_facts *k, uint64_t counts[GAP_KIND_COUNT])
{
    struct scratch_statement *all = scratch_statement_new(
        k->database, "SELECT kind, count(*) FROM gap WHERE 2 = (SELECT count(*) FROM kept WHERE "
                     "kept.kind = gap.kept AND kept.key = gap.key) GROUP BY kind");
    while (scratch_next_row(all)) {
        uint64_t kind = scratch_uint(all, 0);
        if (kind < GAP_KIND_COUNT) {
            counts[kind] = scratch_uint(all, 1);
        }
    }
}

/* --- reading -------------------------------------------------------------------------------- */

static struct span string_of(const struct facts *row, unsigned column)
{
    return span_of(facts_string(row, column));
}

static bool find_octets(struct kept_reading *r, enum kept_kind kind, struct span key,
                        struct span *octets)
{
    size_t observed = 0;
    return key.len > 0 && kept_facts_find(r->kept, kind, key, &r->arena, octets, &observed);
}

static void keep_octets(struct kept_reading *r, enum kept_kind kind, const struct facts *row,
                        struct span key, size_t observed)
{
    if (row->reading->why.len == 0) {
        kept_facts_put(r->kept, kind, key, buf_span(&r->octets), observed);
    }
    buf_reset(&r->octets);
    arena_reset(&r->arena);
}

/* The findings of a list of keys: those of its own, then those kept under other keys. */
struct gathered {
    struct compared_finding *at;
    size_t count;
};

static void gather_findings(struct kept_reading *r, struct gathered *g,
                            const struct compared_finding *more, size_t count)
{
    struct compared_finding *all = arena_new(&r->arena, g->count + count, sizeof(*all));
    if (g->count > 0) {
        memcpy(all, g->at, g->count * sizeof(*all));
    }
    if (count > 0) {
        memcpy(all + g->count, more, count * sizeof(*all));
    }
    *g = (struct gathered){all, g->count + count};
}

static void gather_kept_findings(struct kept_reading *r, struct gathered *g, struct span octets)
{
    size_t count = 0;
    const struct compared_finding *more = compared_findings_get(&octets, &r->arena, &count);
    gather_findings(r, g, more, count);
}

void keep_certificate(struct kept_reading *r, const struct facts *row)
{
    struct span key = string_of(row, CERTIFICATES_FINGERPRINT_SHA256);
    size_t count = 0;
    struct compared_finding *findings = read_compared_findings(
        row, CERTIFICATES_FINDINGS, PLACE_CERTIFICATE, key, (struct span){0}, &count);
    codec_put_span(&r->octets, string_of(row, CERTIFICATES_SPKI_FINGERPRINT_SHA256));
    compared_findings_put(&r->octets, findings, count);
    keep_octets(r, KEPT_CERTIFICATE, row, key, 0);
}

void keep_completion(struct kept_reading *r, const struct facts *row)
{
    struct span key = string_of(row, COMPLETIONS_CHAIN_ID);
    size_t count = 0;
    struct compared_finding *findings = read_compared_findings(
        row, COMPLETIONS_FINDINGS, PLACE_CHAIN, key, (struct span){0}, &count);
    compared_findings_put(&r->octets, findings, count);
    keep_octets(r, KEPT_COMPLETION, row, key, 0);
}

void keep_chain(struct kept_reading *r, const struct facts *row)
{
    struct span key = string_of(row, CHAINS_CHAIN_ID);
    struct span leaf_key = {0};
    struct span octets;
    struct gathered all = {0};
    size_t count = 0;
    struct compared_finding *findings =
        read_compared_findings(row, CHAINS_FINDINGS, PLACE_CHAIN, key, (struct span){0}, &count);
    gather_findings(r, &all, findings, count);
    if (find_octets(r, KEPT_COMPLETION, key, &octets)) {
        gather_kept_findings(r, &all, octets);
    }
    size_t certificates = compared_list_len(row, CHAINS_CERTIFICATES);
    for (size_t i = 0; i < certificates; i++) {
        struct span certificate = span_of(facts_list_string(row, CHAINS_CERTIFICATES, i));
        if (find_octets(r, KEPT_CERTIFICATE, certificate, &octets)) {
            struct span its_key = codec_get_span(&octets);
            leaf_key = i == 0 ? its_key : leaf_key;
            gather_kept_findings(r, &all, octets);
        }
    }
    codec_put_span(&r->octets, leaf_key);
    compared_findings_put(&r->octets, all.at, all.count);
    keep_octets(r, KEPT_CHAIN, row, key, 0);
}

void keep_service(struct kept_reading *r, const struct facts *row)
{
    struct service_addition s;
    read_service_addition(row, &s);
    codec_put_flag(&r->octets, s.ptr_known);
    compared_texts_put(&r->octets, s.ptr);
    codec_put_u8(&r->octets, s.versions_known);
    codec_put_u8(&r->octets, s.versions_accepted);
    compared_findings_put(&r->octets, s.findings, s.finding_count);
    keep_octets(r, KEPT_SERVICE, row, string_of(row, SERVICES_SERVICE), 0);
}

void keep_endpoint(struct kept_reading *r, const struct facts *row)
{
    struct endpoint_addition e;
    read_endpoint_addition(row, &e);
    codec_put_span(&r->octets, e.chain);
    codec_put_flag(&r->octets, e.unstable);
    compared_findings_put(&r->octets, e.findings, e.finding_count);
    keep_octets(r, KEPT_ENDPOINT, row, string_of(row, ENDPOINTS_ENDPOINT), 0);
}

/* --- hosts and domains ---------------------------------------------------------------------- */

static struct span endpoint_key(struct kept_reading *r, struct span host, struct span service)
{
    struct buf key = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&key, host);
    buf_put_char(&key, '|');
    buf_put(&key, service);
    struct span copy = arena_copy(&r->arena, buf_span(&key));
    buf_deinit(&key);
    return copy;
}

/* What the rows of an endpoint, its service and its chain have; an interrupted scan may have none of them. */
static void complete_endpoint(struct kept_reading *r, struct span host, struct compared_endpoint *e)
{
    struct gathered all = {0};
    struct span octets;
    if (find_octets(r, KEPT_SERVICE, e->service, &octets)) {
        e->ptr_known = codec_get_flag(&octets);
        e->ptr = compared_texts_get(&octets, &r->arena);
        e->versions_known = codec_get_u8(&octets);
        e->versions_accepted = codec_get_u8(&octets);
        gather_kept_findings(r, &all, octets);
    }
    if (find_octets(r, KEPT_ENDPOINT, endpoint_key(r, host, e->service), &octets)) {
        e->chain = codec_get_span(&octets);
        e->unstable = codec_get_flag(&octets);
        gather_kept_findings(r, &all, octets);
    }
    if (find_octets(r, KEPT_CHAIN, e->chain, &octets)) {
        e->key = codec_get_span(&octets);
        gather_kept_findings(r, &all, octets);
    }
    e->findings = all.at;
    e->finding_count = all.count;
}

void keep_host(struct kept_reading *r, const struct facts *row)
{
    struct compared_host h;
    size_t observed = 0;
    read_compared_host(row, r->ports, r->port_count, &h);
    for (size_t i = 0; i < h.endpoint_count; i++) {
        complete_endpoint(r, h.name, &h.endpoints[i]);
        kept_facts_put_gap(r->kept, compared_endpoint_is_our_fault(&h.endpoints[i]), GAP_SERVICE,
                           KEPT_SERVICE, h.endpoints[i].service);
    }
    kept_facts_put_gap(r->kept, compared_host_has_gap(&h), GAP_HOST, KEPT_HOST, h.name);
    compared_host_put(&r->octets, &h, &observed);
    keep_octets(r, KEPT_HOST, row, h.name, observed);
}

void keep_policy(struct kept_reading *r, const struct facts *row)
{
    struct policy_addition p;
    read_policy_addition(row, &p);
    struct span key = string_of(row, POLICIES_POLICY_HOST);
    kept_facts_put_gap(r->kept, policy_fetch_is_ours(p.fetch), GAP_POLICY, KEPT_POLICY, key);
    codec_put_word(&r->octets, p.fetch);
    codec_put_span(&r->octets, p.policy);
    compared_findings_put(&r->octets, p.findings, p.finding_count);
    keep_octets(r, KEPT_POLICY, row, key, 0);
}

void keep_domain(struct kept_reading *r, const struct facts *row)
{
    struct compared_domain d;
    if (!read_compared_domain(row, &d)) {
        return;
    }
    bool sound = compared_domain_is_sound(&d);
    kept_facts_put_gap(r->kept, !sound, GAP_DOMAIN, KEPT_DOMAIN, d.name);
    kept_facts_put_gap(r->kept, sound && compared_records_have_gap(&d), GAP_RECORD, KEPT_DOMAIN,
                       d.name);
    struct gathered all = {0};
    struct span octets;
    size_t observed = 0;
    gather_findings(r, &all, d.findings, d.finding_count);
    if (find_octets(r, KEPT_POLICY, d.policy_host, &octets)) {
        d.fetch = codec_get_word(&octets);
        d.policy = codec_get_span(&octets);
        gather_kept_findings(r, &all, octets);
    }
    d.findings = all.at;
    d.finding_count = all.count;
    compared_domain_put(&r->octets, &d, &observed);
    keep_octets(r, KEPT_DOMAIN, row, d.name, observed);
}
