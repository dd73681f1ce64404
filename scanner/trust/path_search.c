#include "scanner/trust/path_search.h"

#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"

bool path_search_may_have_issued(const struct known_cert *issuer, const struct known_cert *child)
{
    if (issuer->subject_hash != child->issuer_hash) {
        return false;
    }
    switch (X509_check_issued(issuer->x509, child->x509)) {
    case X509_V_ERR_SUBJECT_ISSUER_MISMATCH:
    case X509_V_ERR_AKID_SKID_MISMATCH:
    case X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH:
        return false;
    default: /* its key, its usage and broken extensions are looked at later */
        return true;
    }
}

static size_t add_node(struct path_search *s, struct known_cert *cert)
{
    CHECK(s->node_count < SEARCH_NODES_MAX);
    s->nodes[s->node_count] = (struct search_node){.cert = cert, .list_index = -1};
    return s->node_count++;
}

void path_search_present(struct path_search *s, struct known_cert *cert, int list_index)
{
    CHECK(s->node_count == s->presented_count);
    for (size_t i = 0; i < s->node_count; i++) {
        if (s->nodes[i].cert == cert) {
            return;
        }
    }
    s->nodes[add_node(s, cert)].list_index = list_index;
    s->presented_count = s->node_count;
}

/* Each question counts once per list, whether or not memory has the answer: verdicts must not
 * depend on what was judged before. */
static enum answer search_ask(struct path_search *s, const struct known_cert *child,
                              const struct known_cert *issuer)
{
    if (s->signatures >= CHAIN_SIGNATURES_MAX) {
        s->capped = true;
        return ANSWER_NONE;
    }
    s->signatures++;
    switch (link_verify(s->links, child, issuer)) {
    case LINK_GOOD:
        return ANSWER_GOOD;
    case LINK_BAD:
        return ANSWER_BAD;
    case LINK_UNKNOWN:
        return ANSWER_UNKNOWN;
    }
    UNREACHABLE("unknown link_state");
}

static enum answer ask_candidate(struct path_search *s, const struct search_node *child,
                                 struct candidate *c)
{
    if (c->answer == ANSWER_NONE) {
        c->answer = (uint8_t)search_ask(s, child->cert, s->nodes[c->node].cert);
    }
    return (enum answer)c->answer;
}

enum answer path_search_ask(struct path_search *s, size_t child, size_t issuer)
{
    const struct search_node *n = &s->nodes[child];
    for (size_t i = 0; i < n->candidate_count; i++) {
        if (n->candidates[i].node == issuer) {
            return ask_candidate(s, n, &n->candidates[i]);
        }
    }
    return search_ask(s, n->cert, s->nodes[issuer].cert);
}

bool path_search_is_self_signed(struct path_search *s, size_t node)
{
    struct search_node *n = &s->nodes[node];
    if (n->self == ANSWER_NONE && known_cert_seems_self_signed(n->cert)) {
        n->self = (uint8_t)search_ask(s, n->cert, n->cert);
    }
    return n->self == ANSWER_GOOD;
}

/* Issuers by name. */

struct gathered {
    size_t node[SEARCH_NODES_MAX];
    size_t count;
};

static void search_gather(struct path_search *s, struct gathered *g, const struct known_cert *child,
                          struct known_cert *cert, bool from_pool)
{
    size_t node = 0;
    while (node < s->node_count && s->nodes[node].cert != cert) {
        node++;
    }
    if (cert == child || cert->x509 == NULL || !path_search_may_have_issued(cert, child)) {
        return;
    }
    if (node == SEARCH_NODES_MAX) {
        s->capped = true;
        return;
    }
    if (node == s->node_count) {
        (void)add_node(s, cert);
        s->nodes[node].from_pool = from_pool;
    }
    for (size_t i = 0; i < g->count; i++) {
        if (g->node[i] == node) {
            return;
        }
    }
    g->node[g->count++] = node;
}

static void gather_presented(struct path_search *s, struct gathered *g,
                             const struct known_cert *child)
{
    for (size_t i = 0; i < s->presented_count; i++) {
        search_gather(s, g, child, s->nodes[i].cert, false);
    }
}

static void gather_anchors(struct path_search *s, struct gathered *g,
                           const struct known_cert *child)
{
    size_t low = 0;
    size_t high = s->anchors->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->anchors->at[middle]->subject_hash < child->issuer_hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < s->anchors->count && s->anchors->at[low]->subject_hash == child->issuer_hash;
         low++) {
        search_gather(s, g, child, s->anchors->at[low], false);
    }
}

static void gather_pool(struct path_search *s, struct gathered *g, const struct known_cert *child)
{
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    if (!intermediate_pool_issuers(s->pool, child->issuer_hash, child->info.authority_key_id,
                                   SEARCH_POOL_MAX, &list)) {
        s->capped = true;
    }
    struct span rest = buf_span(&list);
    struct span der;
    while (cert_list_next(&rest, &der)) {
        search_gather(s, g, child, cert_cache_get(s->certs, der), true);
    }
    buf_deinit(&list);
}

/* Anchors first, those of the first store before others; then the presented ones; then valid
 * before invalid, late to expire before early; then by digest. */
static int compare_nodes(const struct search_node *a, const struct search_node *b)
{
    unsigned anchor_a = a->cert->anchor_of ? a->cert->anchor_of & -a->cert->anchor_of : 256;
    unsigned anchor_b = b->cert->anchor_of ? b->cert->anchor_of & -b->cert->anchor_of : 256;
    if (anchor_a != anchor_b) {
        return anchor_a < anchor_b ? -1 : 1;
    }
    if (a->from_pool != b->from_pool) {
        return a->from_pool ? 1 : -1;
    }
    bool faulty_a = a->cert->faults_anywhere != 0;
    bool faulty_b = b->cert->faults_anywhere != 0;
    if (faulty_a != faulty_b) {
        return faulty_a ? 1 : -1;
    }
    int64_t end_a = a->cert->info.not_after.unix_s;
    int64_t end_b = b->cert->info.not_after.unix_s;
    if (end_a != end_b) {
        return end_a > end_b ? -1 : 1;
    }
    return memcmp(a->cert->info.fingerprint_sha256, b->cert->info.fingerprint_sha256, 32);
}

/* Lists are short; insertion keeps this plain. */
static void sort_nodes(const struct path_search *s, struct gathered *g)
{
    for (size_t i = 1; i < g->count; i++) {
        size_t node = g->node[i];
        size_t at = i;
        for (; at > 0 && compare_nodes(&s->nodes[node], &s->nodes[g->node[at - 1]]) < 0; at--) {
            g->node[at] = g->node[at - 1];
        }
        g->node[at] = node;
    }
}

static void find_candidates(struct path_search *s, size_t node)
{
    struct gathered g = {.count = 0};
    const struct known_cert *child = s->nodes[node].cert;
    gather_presented(s, &g, child);
    gather_anchors(s, &g, child);
    if (s->pool != NULL) {
        gather_pool(s, &g, child);
    }
    sort_nodes(s, &g);
    if (g.count > SEARCH_CANDIDATES_MAX) {
        g.count = SEARCH_CANDIDATES_MAX;
        s->capped = true;
    }
    struct search_node *n = &s->nodes[node];
    n->has_candidates = true;
    n->candidate_count = g.count;
    n->candidates = arena_new(s->arena, g.count, sizeof(*n->candidates));
    for (size_t i = 0; i < g.count; i++) {
        n->candidates[i].node = (uint16_t)g.node[i];
    }
}

/* The walk. */

struct walk {
    struct path_search *search;
    unsigned store_bit;
    struct found_path path; /* as far as it goes now */
    size_t found;           /* paths that ended */
    struct found_path *best;
    size_t best_count; /* 0 or 1 */
};

static void end_path(struct walk *w, bool anchored, bool self_signed)
{
    struct found_path *p = &w->path;
    p->anchored = anchored;
    p->self_signed_end = self_signed;
    p->pool_count = 0;
    for (size_t i = 0; i < p->count; i++) {
        p->pool_count += w->search->nodes[p->node[i]].from_pool;
    }
    path_test(p, w->search->links);
    if (w->best_count == 0 || path_is_better(p, w->best)) {
        *w->best = *p;
        w->best_count = 1;
    }
    w->found++;
}

static bool is_there(const struct walk *w, const struct search_node *n)
{
    return n->list_index >= 0 || n->from_pool || (n->cert->anchor_of & w->store_bit) != 0;
}

/* The same name and key again leads nowhere new: RFC 4158 section 2.4.2. */
static bool is_on_path(const struct found_path *p, const struct known_cert *c)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->cert[i] == c ||
            (p->cert[i]->subject_hash == c->subject_hash &&
             memcmp(p->cert[i]->info.spki_sha256, c->info.spki_sha256, 32) == 0 &&
             X509_NAME_cmp(X509_get_subject_name(p->cert[i]->x509),
                           X509_get_subject_name(c->x509)) == 0)) {
            return true;
        }
    }
    return false;
}

static void visit(struct walk *w, size_t node);

/* @return false: no issuer of the last certificate is there. */
static bool visit_issuers(struct walk *w, size_t node)
{
    struct path_search *s = w->search;
    const struct search_node *n = &s->nodes[node];
    bool extended = false;
    for (size_t i = 0; i < n->candidate_count; i++) {
        struct candidate *c = &n->candidates[i];
        const struct search_node *issuer = &s->nodes[c->node];
        if (!is_there(w, issuer) || is_on_path(&w->path, issuer->cert)) {
            continue;
        }
        if (w->path.count == CHAIN_STEPS_MAX || w->found >= CHAIN_PATHS_MAX) {
            s->capped = true;
            break;
        }
        if (ask_candidate(s, n, c) == ANSWER_GOOD) {
            extended = true;
            visit(w, c->node);
        }
    }
    return extended;
}

static void visit(struct walk *w, size_t node)
{
    struct path_search *s = w->search;
    struct search_node *n = &s->nodes[node];
    n->reached = true;
    w->path.node[w->path.count] = (uint16_t)node;
    w->path.cert[w->path.count++] = n->cert;
    if (known_cert_seems_self_signed(n->cert) && (n->cert->anchor_of & w->store_bit) != 0) {
        end_path(w, true, true);
    } else if (path_search_is_self_signed(s, node)) {
        end_path(w, false, true);
    } else {
        if (!n->has_candidates) {
            find_candidates(s, node);
        }
        if (!visit_issuers(w, node)) {
            end_path(w, false, false);
        }
    }
    w->path.count--;
}

void path_search_run(struct path_search *s, unsigned store, struct found_path *best)
{
    struct walk w = {.search = s, .store_bit = 1U << store, .best = best};
    visit(&w, 0);
    CHECK(w.best_count == 1);
}
