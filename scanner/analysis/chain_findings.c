#include <inttypes.h>

#include "scanner/analysis/findings.h"
#include "scanner/base/check.h"
#include "scanner/base/text.h"

#define DAY_S          86400
#define EXPIRES_SOON_S (14 * DAY_S) /* a renewal every 90 days is due at 30; our own bound */
#define LIFE_LEFT      3            /* or a third of the life of one that lives for days */

static void put_subject_name(struct buf *evidence, struct span dn)
{
    if (dn.len > 0) {
        evidence_put(evidence, dn);
    } else {
        buf_put_text(evidence, "no subject");
    }
}

/* By its place in the list as sent, from 1. */
static void put_listed(struct buf *evidence, const struct chain_verdict *v, size_t index)
{
    buf_putf(evidence, "certificate %zu (", index + 1);
    if (v->certs[index] != NULL) {
        put_subject_name(evidence, v->certs[index]->subject_dn);
    } else {
        buf_put_text(evidence, "unreadable");
    }
    buf_put_text(evidence, ")");
}

static void put_path_step(struct buf *evidence, const struct chain_verdict *v,
                          const struct path_step *step)
{
    if (step->list_index >= 0) {
        put_listed(evidence, v, (size_t)step->list_index);
        return;
    }
    buf_put_text(evidence, step->source == STEP_ANCHOR ? "trust anchor (" : "not presented (");
    put_subject_name(evidence, step->cert->subject_dn);
    buf_put_text(evidence, ")");
}

/* Items of a list in an evidence: the first few, then how many more. */
struct item_list {
    struct buf *evidence;
    size_t count;
};

static bool chain_next_item(struct item_list *l)
{
    if (++l->count > EVIDENCE_LIST_MAX) {
        return false;
    }
    if (l->count > 1) {
        buf_put_text(l->evidence, ", ");
    }
    return true;
}

static void chain_end_items(const struct item_list *l)
{
    if (l->count > EVIDENCE_LIST_MAX) {
        buf_putf(l->evidence, " and %zu more", l->count - EVIDENCE_LIST_MAX);
    }
}

static void role_finding(const struct chain_verdict *v, enum cert_role role, enum finding_code code,
                         struct findings *out)
{
    struct item_list items = {0};
    for (size_t i = 0; i < v->cert_count; i++) {
        if (v->role[i] != role) {
            continue;
        }
        if (items.evidence == NULL) {
            items.evidence = findings_add_max(out, code);
        }
        if (chain_next_item(&items)) {
            put_listed(items.evidence, v, i);
        }
    }
    chain_end_items(&items);
}

/* Do the presented certificates of the path stand one behind the other from the first on? What
 * follows them has roles, and findings, of its own. */
static bool path_is_in_order(const struct store_verdict *s)
{
    int expected = 0;
    for (size_t i = 0; i < s->step_count; i++) {
        if (s->step[i].list_index >= 0 && s->step[i].list_index != expected++) {
            return false;
        }
    }
    return true;
}

static void order_finding(const struct chain_verdict *v, struct findings *out)
{
    const struct store_verdict *s = &v->store[0];
    if (v->in_order || path_is_in_order(s)) {
        return;
    }
    struct buf *evidence = findings_add_max(out, FINDING_CHAIN_ORDER);
    const char *before = "certificates of the path in places ";
    for (size_t i = 0; i < s->step_count; i++) {
        if (s->step[i].list_index >= 0) {
            buf_putf(evidence, "%s%d", before, s->step[i].list_index + 1);
            before = ", ";
        }
    }
}

static void leaf_finding(const struct chain_verdict *v, struct findings *out)
{
    if (v->leaf_first) {
        return;
    }
    struct buf *evidence = findings_add_max(out, FINDING_CHAIN_LEAF_NOT_FIRST);
    put_listed(evidence, v, 0);
    for (size_t i = 1; i < v->cert_count; i++) {
        if (v->certs[i] != NULL && !v->certs[i]->is_ca) {
            buf_put_text(evidence, " is before ");
            put_listed(evidence, v, i);
            return;
        }
    }
}

static void chain_list_findings(const struct chain_verdict *v, struct findings *out)
{
    order_finding(v, out);
    leaf_finding(v, out);
    role_finding(v, CERT_ROLE_DUPLICATE, FINDING_CHAIN_DUPLICATE, out);
    role_finding(v, CERT_ROLE_UNRELATED, FINDING_CHAIN_UNRELATED, out);
    role_finding(v, CERT_ROLE_ROOT, FINDING_CHAIN_ROOT_INCLUDED, out);
    if (v->capped) {
        buf_putf(findings_add_max(out, FINDING_CHAIN_CAPPED), "%zu certificates", v->cert_count);
    }
}

static const struct path_step *path_top_of(const struct store_verdict *s)
{
    return s->step_count > 0 ? &s->step[s->step_count - 1] : NULL;
}

/* Is the path's end the certificate whose issuer is there, but did not sign it? */
static bool ends_at_bad_signature(const struct chain_verdict *v)
{
    const struct path_step *top = path_top_of(&v->store[0]);
    return v->bad_signature_child >= 0 && top != NULL && top->list_index == v->bad_signature_child;
}

static void signature_finding(const struct chain_verdict *v, struct findings *out)
{
    if (v->bad_signature_child < 0 || v->store[0].status == CHAIN_TRUSTED) {
        return; /* another path was good */
    }
    struct buf *evidence = findings_add_max(
        out, v->signature_unknown ? FINDING_CHAIN_SIGNATURE_UNKNOWN : FINDING_CHAIN_SIGNATURE_BAD);
    size_t child = (size_t)v->bad_signature_child;
    put_listed(evidence, v, child);
    if (v->signature_unknown && v->certs[child] != NULL) {
        buf_put_text(evidence, ": ");
        evidence_put(evidence, v->certs[child]->signature_algorithm);
    }
    buf_put_text(evidence, ", issuer ");
    if (v->bad_signature_issuer >= 0) {
        put_listed(evidence, v, (size_t)v->bad_signature_issuer);
    } else {
        buf_put_text(evidence, "in the trust store");
    }
}

/* What keeps the path from an anchor, RFC 5280 section 6.1. What breaks a path that has one is
 * among its faults; a leaf that cannot be read is its certificate's finding. */
static void anchor_findings(const struct chain_verdict *v, struct findings *out)
{
    const struct store_verdict *s = &v->store[0];
    const struct path_step *top = path_top_of(s);
    if (top == NULL) {
        return;
    }
    if (s->status == CHAIN_SELF_SIGNED) {
        put_path_step(findings_add_max(out, FINDING_CHAIN_SELF_SIGNED), v, &s->step[0]);
    } else if (s->status == CHAIN_UNTRUSTED_ROOT) {
        put_path_step(findings_add_max(out, FINDING_CHAIN_UNTRUSTED_ROOT), v, top);
    } else if (s->status == CHAIN_ISSUER_UNKNOWN && !ends_at_bad_signature(v)) {
        struct buf *evidence = findings_add_max(out, FINDING_CHAIN_ISSUER_UNKNOWN);
        put_path_step(evidence, v, top);
        buf_put_text(evidence, ", issuer ");
        put_subject_name(evidence, top->cert->issuer_dn);
    }
}

static enum finding_code expired_code(const struct store_verdict *s, size_t step)
{
    bool is_top = step + 1 == s->step_count;
    if (step == 0) {
        return FINDING_CHAIN_EXPIRED;
    }
    return is_top && (s->anchored || s->step[step].cert->self_issued)
               ? FINDING_CHAIN_ROOT_EXPIRED
               : FINDING_CHAIN_INTERMEDIATE_EXPIRED;
}

/* @return FINDING_COUNT for what is found with the certificate itself (cert.bad_time). */
static enum finding_code fault_code(const struct store_verdict *s, const struct found_fault *f)
{
    switch (f->fault) {
    case PATH_FAULT_EXPIRED:
        return expired_code(s, f->step);
    case PATH_FAULT_NOT_YET_VALID:
        return FINDING_CHAIN_NOT_YET_VALID;
    case PATH_FAULT_BAD_TIME:
        return FINDING_COUNT;
    case PATH_FAULT_NOT_CA:
        return FINDING_CHAIN_NOT_CA;
    case PATH_FAULT_PATH_LENGTH:
        return FINDING_CHAIN_PATH_LENGTH;
    case PATH_FAULT_KEY_USAGE:
        return FINDING_CHAIN_KEY_USAGE;
    case PATH_FAULT_EXTENDED_KEY_USAGE:
        return FINDING_CHAIN_EKU;
    case PATH_FAULT_NAME_CONSTRAINTS:
        return FINDING_CHAIN_NAME_CONSTRAINTS;
    case PATH_FAULT_UNKNOWN_CRITICAL:
        return FINDING_CHAIN_UNKNOWN_CRITICAL;
    case PATH_FAULT_WEAK_KEY:
        return FINDING_CHAIN_WEAK_KEY;
    case PATH_FAULT_WEAK_SIGNATURE:
        return FINDING_CHAIN_WEAK_SIGNATURE;
    case PATH_FAULT_BAD_EXTENSION:
        return FINDING_CHAIN_BAD_EXTENSION;
    }
    UNREACHABLE("unknown path_fault");
}

static void put_chain_texts(struct buf *evidence, const struct cert_texts *texts)
{
    struct item_list items = {.evidence = evidence};
    for (size_t i = 0; i < texts->count; i++) {
        if (chain_next_item(&items)) {
            evidence_put(evidence, texts->at[i]);
        }
    }
    chain_end_items(&items);
}

/* The fact in the certificate that the fault rests on. */
static void put_fact(struct buf *evidence, enum path_fault fault, const struct cert_info *c)
{
    switch (fault) {
    case PATH_FAULT_EXPIRED:
        buf_put_text(evidence, " until ");
        text_put_time_s(evidence, c->not_after.unix_s);
        return;
    case PATH_FAULT_NOT_YET_VALID:
        buf_put_text(evidence, " from ");
        text_put_time_s(evidence, c->not_before.unix_s);
        return;
    case PATH_FAULT_PATH_LENGTH:
        buf_putf(evidence, " allows %" PRId64 " below it", c->pathlen);
        return;
    case PATH_FAULT_EXTENDED_KEY_USAGE:
        buf_put_text(evidence, " for ");
        put_chain_texts(evidence, &c->ext_key_usage);
        return;
    case PATH_FAULT_UNKNOWN_CRITICAL:
        buf_put_text(evidence, " with ");
        put_chain_texts(evidence, &c->unknown_critical);
        return;
    case PATH_FAULT_WEAK_KEY:
        buf_put_text(evidence, " with ");
        evidence_put(evidence, c->key_algorithm);
        if (c->key_bits > 0) {
            buf_putf(evidence, ", %u bits", c->key_bits);
        } else {
            buf_put_text(evidence, ", of a strength that is not known");
        }
        return;
    case PATH_FAULT_WEAK_SIGNATURE:
        buf_put_text(evidence, " with ");
        evidence_put(evidence, c->signature_algorithm);
        return;
    case PATH_FAULT_BAD_TIME:
    case PATH_FAULT_NOT_CA:
    case PATH_FAULT_KEY_USAGE:
    case PATH_FAULT_NAME_CONSTRAINTS:
    case PATH_FAULT_BAD_EXTENSION:
        return; /* the certificate says it all */
    }
}

/* All faults with the code of the first of them, in one finding. */
static void fault_finding(const struct chain_verdict *v, size_t first, enum finding_code code,
                          struct findings *out)
{
    const struct store_verdict *s = &v->store[0];
    struct item_list items = {.evidence = findings_add_max(out, code)};
    for (size_t i = first; i < s->fault_count; i++) {
        const struct path_step *step = &s->step[s->fault[i].step];
        if (fault_code(s, &s->fault[i]) == code && chain_next_item(&items)) {
            put_path_step(items.evidence, v, step);
            put_fact(items.evidence, s->fault[i].fault, step->cert);
        }
    }
    chain_end_items(&items);
}

static void fault_findings(const struct chain_verdict *v, struct findings *out)
{
    const struct store_verdict *s = &v->store[0];
    for (size_t i = 0; i < s->fault_count; i++) {
        CHECK(s->fault[i].step < s->step_count);
        enum finding_code code = fault_code(s, &s->fault[i]);
        if (code != FINDING_COUNT && !findings_has(out, code)) {
            fault_finding(v, i, code, out);
        }
    }
}

static bool expires_soon(const struct cert_info *c, int64_t at)
{
    int64_t left = c->not_after.unix_s - at;
    return left < EXPIRES_SOON_S && left < (c->not_after.unix_s - c->not_before.unix_s) / LIFE_LEFT;
}

static void expires_soon_finding(const struct chain_verdict *v, int64_t at, struct findings *out)
{
    const struct store_verdict *s = &v->store[0];
    if (s->status != CHAIN_TRUSTED || !s->validity_known || s->valid_until - at >= EXPIRES_SOON_S) {
        return;
    }
    struct item_list items = {0};
    for (size_t i = 0; i < s->step_count; i++) {
        const struct cert_info *c = s->step[i].cert;
        if (!expires_soon(c, at)) {
            continue;
        }
        if (items.evidence == NULL) {
            items.evidence = findings_add_max(out, FINDING_CHAIN_EXPIRES_SOON);
        }
        if (chain_next_item(&items)) {
            put_path_step(items.evidence, v, &s->step[i]);
            put_fact(items.evidence, PATH_FAULT_EXPIRED, c);
        }
    }
    chain_end_items(&items);
}

static void put_chain_stores(struct buf *evidence, const struct chain_verdict *v,
                             const struct judging_terms *terms, bool trusted)
{
    struct item_list items = {.evidence = evidence};
    for (size_t i = 0; i < v->store_count; i++) {
        if ((v->store[i].status == CHAIN_TRUSTED) == trusted && chain_next_item(&items)) {
            buf_put_text(evidence, terms->stores[i].name);
        }
    }
    chain_end_items(&items);
}

static void stores_finding(const struct chain_verdict *v, const struct judging_terms *terms,
                           struct findings *out)
{
    size_t trusted = 0;
    for (size_t i = 0; i < v->store_count; i++) {
        trusted += v->store[i].status == CHAIN_TRUSTED;
    }
    if (trusted == 0 || trusted == v->store_count) {
        return;
    }
    struct buf *evidence = findings_add_max(out, FINDING_CHAIN_STORES_DIFFER);
    buf_put_text(evidence, "trusted by ");
    put_chain_stores(evidence, v, terms, true);
    buf_put_text(evidence, "; not by ");
    put_chain_stores(evidence, v, terms, false);
}

/* Whether the handshake needed it is its session's to say. What the path forbids is among its faults. */
static void leaf_usage_finding(const struct chain_verdict *v, struct findings *out)
{
    const struct cert_info *leaf = v->certs[0];
    if (leaf == NULL || !leaf->has_key_usage || findings_has(out, FINDING_CHAIN_KEY_USAGE) ||
        (leaf->key_usage & 1U << CERT_USAGE_DIGITAL_SIGNATURE) != 0) {
        return;
    }
    struct buf *evidence = findings_add_max(out, FINDING_CHAIN_LEAF_USAGE);
    const char *before = " allows ";
    put_listed(evidence, v, 0);
    for (unsigned u = 0; u < CERT_USAGE_COUNT; u++) {
        if ((leaf->key_usage & 1U << u) != 0) {
            buf_putf(evidence, "%s%s", before, cert_key_usage_word((enum cert_key_usage)u));
            before = ", ";
        }
    }
}

/* RFC 4158 section 2.2: a builder should find all paths. Ours looks at all, OpenSSL's at one. */
static void openssl_finding(const struct chain_verdict *v, struct findings *out)
{
    const struct openssl_verdict *o = &v->store[0].openssl;
    if (!o->asked || o->error == 0 || v->store[0].status != CHAIN_TRUSTED) {
        return;
    }
    struct buf *evidence = findings_add_max(out, FINDING_CHAIN_OPENSSL_PATH);
    buf_putf(evidence, "error %d at depth %d of its path: %s", o->error, o->depth,
             openssl_verdict_text(o->error));
}

static const char *chain_where_known(const struct intermediate_pool *pool,
                                     const struct cert_info *c)
{
    enum intermediate_source source;
    if (pool == NULL) {
        return "fetched as browsers do: works in a browser, fails in mail";
    }
    if (!intermediate_pool_source(pool, c->fingerprint_sha256, &source)) {
        return "known";
    }
    switch (source) {
    case INTERMEDIATE_FILE:
        return "in a file of --intermediates";
    case INTERMEDIATE_BUNDLED:
        return "bundled with this program";
    case INTERMEDIATE_SCAN:
        return "presented by another server of this scan";
    }
    UNREACHABLE("unknown intermediate_source");
}

/* Names what the pool adds to a path that is then trusted. */
static void missing_finding(const struct path_step *step, size_t count,
                            const struct intermediate_pool *pool, struct findings *out)
{
    struct item_list items = {0};
    for (size_t i = 0; i < count; i++) {
        if (step[i].source != STEP_POOL) {
            continue;
        }
        const struct cert_info *c = step[i].cert;
        if (items.evidence == NULL) {
            items.evidence = findings_add_max(out, FINDING_CHAIN_MISSING_INTERMEDIATE);
        }
        if (chain_next_item(&items)) {
            put_subject_name(items.evidence, c->subject_dn);
            buf_put_text(items.evidence, ", SHA-256 ");
            buf_put_hex(items.evidence, (struct span){c->fingerprint_sha256, 32});
            buf_putf(items.evidence, ", %s", chain_where_known(pool, c));
        }
    }
    chain_end_items(&items);
}

void findings_of_chain(const struct chain_verdict *v, const struct judging_terms *terms,
                       struct findings *out)
{
    CHECK(v->store_count > 0 && v->store_count <= terms->store_count);
    chain_list_findings(v, out);
    anchor_findings(v, out);
    if (v->store[0].status == CHAIN_MISSING_INTERMEDIATE) {
        missing_finding(v->completed, v->completed_count, terms->known, out);
    }
    signature_finding(v, out);
    fault_findings(v, out);
    leaf_usage_finding(v, out);
    expires_soon_finding(v, terms->at, out);
    openssl_finding(v, out);
    stores_finding(v, terms, out);
}

void findings_of_completion(const struct chain_verdict *v, const struct intermediate_pool *pool,
                            struct findings *out)
{
    const struct store_verdict *s = &v->store[0];
    if (s->status == CHAIN_TRUSTED) {
        missing_finding(s->step, s->step_count, pool, out);
    }
}
