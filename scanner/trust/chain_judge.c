#include "scanner/trust/chain_judge.h"

#include <openssl/err.h>

#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/trust/openssl_path.h"
#include "scanner/trust/path_search.h"

struct chain_judge {
    const struct judging_terms *terms;
    struct cert_cache certs;
    struct link_memory links;
    struct anchor_set anchors;
    struct openssl_path *openssl[TRUST_STORES_MAX];
    struct arena_pool pool;
    struct arena arena; /* of one list */
    struct path_search search;
    const struct cert_info *list[TLS_CERTS_MAX];
    struct chain_judge_counts counts;
};

static int compare_anchors(const void *a, const void *b)
{
    const struct known_cert *x = *(const struct known_cert *const *)a;
    const struct known_cert *y = *(const struct known_cert *const *)b;
    if (x->subject_hash != y->subject_hash) {
        return x->subject_hash < y->subject_hash ? -1 : 1;
    }
    return memcmp(x->info.fingerprint_sha256, y->info.fingerprint_sha256, 32);
}

static void add_anchors(struct chain_judge *j, size_t store)
{
    struct span rest = buf_span(&j->terms->stores[store].anchors);
    struct span der;
    while (cert_list_next(&rest, &der)) {
        struct known_cert *c = cert_cache_keep(&j->certs, der);
        if (c->anchor_of == 0 && c->x509 != NULL) {
            j->anchors.at =
                memory_grow_list(j->anchors.at, j->anchors.count, sizeof(struct known_cert *));
            j->anchors.at[j->anchors.count++] = c;
        }
        if (c->x509 != NULL) {
            openssl_path_trust(j->openssl[store], c);
        }
        c->anchor_of |= (uint8_t)(1U << store);
    }
}

struct chain_judge *chain_judge_new(const struct judging_terms *terms)
{
    CHECK(terms->store_count >= 1 && terms->store_count <= TRUST_STORES_MAX);
    struct chain_judge *j = memory_new(1, sizeof(*j));
    j->terms = terms;
    j->arena = ARENA_INIT(&j->pool);
    cert_cache_init(&j->certs, (time_t)terms->at);
    for (size_t i = 0; i < terms->store_count; i++) {
        j->openssl[i] = openssl_path_new(terms->at);
        add_anchors(j, i);
    }
    if (j->anchors.count > 0) {
        qsort(j->anchors.at, j->anchors.count, sizeof(*j->anchors.at), compare_anchors);
    }
    return j;
}

void chain_judge_free(struct chain_judge *j)
{
    if (j != NULL) {
        arena_reset(&j->arena);
        arena_pool_deinit(&j->pool);
        for (size_t i = 0; i < TRUST_STORES_MAX; i++) {
            openssl_path_free(j->openssl[i]);
        }
        cert_cache_deinit(&j->certs);
        link_memory_deinit(&j->links);
        free(j->anchors.at);
        free(j);
    }
}

static void update_counts(struct chain_judge *j)
{
    j->counts.signatures_verified = j->links.verified;
    j->counts.signatures_known = j->links.answered;
    j->counts.certificates_parsed = j->certs.parsed;
    j->counts.signature_ns = j->links.ns;
}

const struct cert_info *chain_judge_cert(struct chain_judge *j, struct span der, bool *parsed)
{
    cert_cache_next_use(&j->certs);
    const struct known_cert *c = cert_cache_get(&j->certs, der);
    *parsed = c->x509 != NULL;
    update_counts(j);
    return &c->info;
}

/* What a list is made of. */
struct presented {
    struct known_cert *cert[TLS_CERTS_MAX]; /* NULL: cannot be read */
    size_t node[TLS_CERTS_MAX];             /* of the search, where it can be read */
    bool duplicate[TLS_CERTS_MAX];
    size_t count;
};

static void read_list(struct chain_judge *j, struct span list, struct presented *p)
{
    struct known_cert *seen[TLS_CERTS_MAX];
    struct span der;
    p->count = 0;
    while (p->count < TLS_CERTS_MAX && cert_list_next(&list, &der)) {
        size_t at = p->count++;
        struct known_cert *c = cert_cache_get(&j->certs, der);
        seen[at] = c;
        p->cert[at] = c->x509 != NULL ? c : NULL;
        p->duplicate[at] = false;
        for (size_t i = 0; i < at; i++) {
            p->duplicate[at] = p->duplicate[at] || seen[i] == c;
        }
        j->list[at] = c->x509 != NULL ? &c->info : NULL;
    }
}

static void begin_search(struct chain_judge *j, struct presented *p,
                         const struct intermediate_pool *pool)
{
    struct path_search *s = &j->search;
    arena_reset(&j->arena);
    s->certs = &j->certs;
    s->links = &j->links;
    s->anchors = &j->anchors;
    s->pool = pool;
    s->arena = &j->arena;
    s->node_count = 0;
    s->presented_count = 0;
    s->signatures = 0;
    s->capped = false;
    for (size_t i = 0; i < p->count; i++) {
        if (p->cert[i] != NULL) {
            path_search_present(s, p->cert[i], (int)i);
        }
    }
    for (size_t i = 0, node = 0; i < p->count; i++) {
        if (p->cert[i] != NULL) {
            for (node = 0; s->nodes[node].cert != p->cert[i]; node++) {
            }
            p->node[i] = node;
        }
    }
}

static enum step_source source_of(const struct search_node *n, unsigned store)
{
    if (((unsigned)n->cert->anchor_of >> store & 1U) != 0) {
        return STEP_ANCHOR;
    }
    return n->from_pool ? STEP_POOL : STEP_PRESENTED;
}

static void set_validity(const struct found_path *p, struct store_verdict *out)
{
    out->valid_from = INT64_MIN;
    out->valid_until = INT64_MAX;
    out->validity_known = true;
    for (size_t i = 0; i < p->count; i++) {
        const struct cert_info *c = &p->cert[i]->info;
        if (!c->not_before.valid || !c->not_after.valid) {
            out->validity_known = false;
            continue;
        }
        if (c->not_before.unix_s > out->valid_from) {
            out->valid_from = c->not_before.unix_s;
        }
        if (c->not_after.unix_s < out->valid_until) {
            out->valid_until = c->not_after.unix_s;
        }
    }
}

static void set_steps(const struct path_search *s, const struct found_path *p, unsigned store,
                      struct path_step step[CHAIN_STEPS_MAX])
{
    for (size_t i = 0; i < p->count; i++) {
        const struct search_node *n = &s->nodes[p->node[i]];
        step[i] = (struct path_step){
            .source = source_of(n, store), .cert = &n->cert->info, .list_index = n->list_index};
    }
}

static void set_store_verdict(const struct path_search *s, const struct found_path *p,
                              unsigned store, struct store_verdict *out)
{
    out->status = path_status(p);
    out->step_count = p->count;
    out->anchored = p->anchored;
    set_steps(s, p, store, out->step);
    out->fault_count = p->fault_count;
    memcpy(out->fault, p->fault, p->fault_count * sizeof(p->fault[0]));
    set_validity(p, out);
}

/* The last certificate of the best path has an issuer by name, but none whose key fits. */
static void note_bad_signature(struct path_search *s, const struct found_path *best,
                               struct chain_verdict *out)
{
    size_t last = best->node[best->count - 1];
    const struct search_node *n = &s->nodes[last];
    if (best->self_signed_end || n->list_index < 0) {
        return;
    }
    int issuer = n->self == ANSWER_BAD || n->self == ANSWER_UNKNOWN ? n->list_index : -2;
    enum answer answer = (enum answer)n->self;
    for (size_t i = 0; i < n->candidate_count && issuer != -1; i++) {
        const struct search_node *c = &s->nodes[n->candidates[i].node];
        enum answer a = (enum answer)n->candidates[i].answer;
        if ((a == ANSWER_BAD || a == ANSWER_UNKNOWN) && !c->from_pool) {
            issuer = c->list_index;
            answer = a;
            break;
        }
    }
    if (issuer >= -1) {
        out->bad_signature_child = n->list_index;
        out->bad_signature_issuer = issuer;
        out->signature_unknown = answer == ANSWER_UNKNOWN;
    }
}

static bool certifies_previous(struct path_search *s, const struct presented *p, size_t i)
{
    const struct known_cert *child = p->cert[i - 1];
    const struct known_cert *issuer = p->cert[i];
    if (child == NULL || issuer == NULL || !path_search_may_have_issued(issuer, child)) {
        return false;
    }
    /* Unasked, because the bound was met: then the names have to do. */
    enum answer a = path_search_ask(s, p->node[i - 1], p->node[i]);
    return a == ANSWER_GOOD || a == ANSWER_NONE;
}

static bool is_in_order(struct path_search *s, const struct presented *p)
{
    for (size_t i = 1; i < p->count; i++) {
        if (!certifies_previous(s, p, i)) {
            return false;
        }
    }
    return true;
}

/* The first is a CA, or has certified another one of the list, and a later one is no CA. */
static bool is_leaf_first(const struct presented *p)
{
    const struct known_cert *first = p->cert[0];
    for (size_t i = 1; i < p->count; i++) {
        const struct known_cert *c = p->cert[i];
        if (c == NULL || c == first || c->info.is_ca || c->info.self_issued) {
            continue;
        }
        if (first->info.is_ca || path_search_may_have_issued(first, c)) {
            return false;
        }
    }
    return true;
}

static enum cert_role role_on_path(const struct found_path *best, const struct known_cert *c)
{
    for (size_t i = 1; i < best->count; i++) {
        if (best->cert[i] == c) {
            bool is_end = i + 1 == best->count && best->self_signed_end;
            return is_end ? CERT_ROLE_ROOT : CERT_ROLE_INTERMEDIATE;
        }
    }
    return CERT_ROLE_UNRELATED;
}

static enum cert_role role_of(const struct path_search *s, const struct presented *p, size_t i,
                              const struct found_path *best)
{
    if (i == 0) {
        return CERT_ROLE_LEAF;
    }
    if (p->duplicate[i]) {
        return CERT_ROLE_DUPLICATE;
    }
    if (p->cert[i] == NULL) {
        return CERT_ROLE_UNREADABLE;
    }
    enum cert_role role = best ? role_on_path(best, p->cert[i]) : CERT_ROLE_UNRELATED;
    if (role == CERT_ROLE_UNRELATED && best != NULL && s->nodes[p->node[i]].reached) {
        role = CERT_ROLE_ALTERNATIVE;
    }
    return role;
}

static bool is_readable(const struct presented *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->cert[i] == NULL) {
            return false;
        }
    }
    return true;
}

static void judge_leaf(struct chain_judge *j, const struct presented *p, struct found_path *best,
                       struct chain_verdict *out)
{
    struct path_search *s = &j->search;
    bool ask_openssl = s->pool == NULL && is_readable(p);
    bool all_trusted = true;
    for (unsigned i = 0; i < j->terms->store_count; i++) {
        struct found_path found;
        struct found_path *to = i == 0 ? best : &found;
        path_search_run(s, i, to);
        set_store_verdict(s, to, i, &out->store[i]);
        if (ask_openssl) {
            openssl_path_judge(j->openssl[i], p->cert, p->count, to, &out->store[i].openssl);
        }
        all_trusted = all_trusted && out->store[i].status == CHAIN_TRUSTED;
    }
    note_bad_signature(s, best, out);
    out->capped = s->capped && !all_trusted; /* no path is better than one without a fault */
    out->self_signed_leaf = path_search_is_self_signed(s, 0);
    out->leaf_first = is_leaf_first(p);
}

static bool lacks_anchor(enum chain_status status)
{
    return status == CHAIN_ISSUER_UNKNOWN || status == CHAIN_UNTRUSTED_ROOT;
}

/* A second search, after all that is said of the list as served. */
static void complete_from_known(struct chain_judge *j, struct presented *p,
                                struct chain_verdict *out)
{
    bool all_found = true;
    begin_search(j, p, j->terms->known);
    for (unsigned i = 0; i < out->store_count; i++) {
        struct found_path found;
        if (!lacks_anchor(out->store[i].status)) {
            continue;
        }
        path_search_run(&j->search, i, &found);
        if (path_status(&found) != CHAIN_TRUSTED) {
            all_found = false;
            continue;
        }
        out->store[i].status = CHAIN_MISSING_INTERMEDIATE;
        if (i == 0) {
            set_steps(&j->search, &found, i, out->completed);
            out->completed_count = found.count;
        }
    }
    out->capped = out->capped || (j->search.capped && !all_found);
}

static bool may_be_completed(const struct chain_judge *j, const struct chain_verdict *v)
{
    bool any = false;
    for (size_t i = 0; i < v->store_count; i++) {
        any = any || lacks_anchor(v->store[i].status);
    }
    return any && j->terms->known != NULL;
}

static void chain_judge_paths(struct chain_judge *j, struct span list,
                              const struct intermediate_pool *pool, bool with_known,
                              struct chain_verdict *out)
{
    struct presented p;
    struct found_path best;
    cert_cache_next_use(&j->certs);
    read_list(j, list, &p);
    CHECK(p.count > 0);
    begin_search(j, &p, pool);

    *out = (struct chain_verdict){.cert_count = p.count,
                                  .certs = j->list,
                                  .leaf_first = true,
                                  .bad_signature_child = -1,
                                  .bad_signature_issuer = -1,
                                  .store_count = j->terms->store_count};
    bool readable = p.cert[0] != NULL;
    if (readable) {
        judge_leaf(j, &p, &best, out);
    } else {
        for (size_t i = 0; i < out->store_count; i++) {
            out->store[i].status = CHAIN_UNPARSABLE;
        }
    }
    for (size_t i = 0; i < p.count; i++) {
        out->role[i] = (uint8_t)role_of(&j->search, &p, i, readable ? &best : NULL);
    }
    out->in_order = is_in_order(&j->search, &p);
    if (with_known && may_be_completed(j, out)) {
        complete_from_known(j, &p, out);
    }
    j->counts.lists++;
    update_counts(j);
    ERR_clear_error();
}

void chain_judge_list(struct chain_judge *j, struct span list, struct chain_verdict *out)
{
    chain_judge_paths(j, list, NULL, true, out);
}

void chain_judge_complete(struct chain_judge *j, struct span list, struct intermediate_pool *pool,
                          struct chain_verdict *out)
{
    chain_judge_paths(j, list, pool, false, out);
}

struct chain_brief chain_brief_of(const struct chain_verdict *v)
{
    struct chain_brief b = {.status = (uint8_t)v->store[0].status};
    for (size_t i = 0; i < v->store_count; i++) {
        const struct store_verdict *s = &v->store[i];
        unsigned bit = 1U << i;
        b.trusted_by |= (uint8_t)(s->status == CHAIN_TRUSTED ? bit : 0);
        if (s->openssl.asked) {
            b.openssl_level_2 |= (uint8_t)(s->openssl.error == X509_V_OK ? bit : 0);
            b.openssl_level_1 |= (uint8_t)(s->openssl.level_1_error == X509_V_OK ? bit : 0);
        }
    }
    return b;
}

const struct chain_judge_counts *chain_judge_counts(const struct chain_judge *j)
{
    return &j->counts;
}

void chain_judge_measure(struct chain_judge *j)
{
    j->links.measured = true;
}
