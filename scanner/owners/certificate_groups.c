#include "scanner/owners/certificate_groups.h"

#include "scanner/analysis/session_facts.h"
#include "scanner/base/memory.h"
#include "scanner/flow/seen_codec.h"

const struct vocabulary infer_vocabulary = VOCABULARY_WORDS(INFER_CHOICES);

struct certificate_groups *certificate_groups_new(enum infer infer,
                                                  const struct shared_operators *operators)
{
    struct certificate_groups *g = memory_new(1, sizeof(*g));
    g->infer = infer;
    g->operators = operators;
    g->arena = ARENA_INIT(&g->pool);
    return g;
}

void certificate_groups_free(struct certificate_groups *g)
{
    if (g == NULL) {
        return;
    }
    for (uint32_t i = 0; i < g->count; i++) {
        if (g->groups[i].speaker != NULL) {
            buf_deinit(&g->groups[i].speaker->seen);
            free(g->groups[i].speaker);
        }
    }
    free(g->groups);
    map_deinit(&g->index);
    arena_reset(&g->arena);
    arena_pool_deinit(&g->pool);
    free(g);
}

/* --- which group ------------------------------------------------------------------------------ */

/* A wildcard stands for the first label alone (RFC 9525 section 6.3). */
static struct span group_parent(struct span host)
{
    const uint8_t *dot = host.len > 0 ? memchr(host.at, '.', host.len) : NULL;
    return dot != NULL ? span_drop(host, (size_t)(dot - host.at) + 1) : (struct span){0};
}

static struct hash_key group_key_of(const struct net_addr *address, uint16_t port,
                                    struct span parent)
{
    uint8_t key[sizeof(*address) + sizeof(port) + UINT8_MAX];
    size_t len = parent.len <= UINT8_MAX ? parent.len : UINT8_MAX; /* a name has 253 at most */
    memcpy(key, address, sizeof(*address));
    memcpy(key + sizeof(*address), &port, sizeof(port));
    memcpy(key + sizeof(*address) + sizeof(port), parent.at, len);
    return hash_key_of((struct span){key, sizeof(*address) + sizeof(port) + len});
}

uint32_t certificate_group_of(struct certificate_groups *g, const struct net_addr *address,
                              uint16_t port, struct span host)
{
    struct net_addr literal;
    struct span parent = group_parent(host);
    if (g->infer == INFER_OFF || parent.len == 0 || memchr(parent.at, '.', parent.len) == NULL ||
        net_addr_parse(host, &literal)) {
        return GROUP_NONE;
    }
    bool listed = shared_operators_have(g->operators, host);
    if (!listed && g->infer != INFER_ALL) {
        return GROUP_NONE;
    }
    bool added = false;
    uint64_t *at = map_add(&g->index, group_key_of(address, port, parent), g->count, &added);
    if (added) {
        g->groups = memory_grow_list(g->groups, g->count, sizeof(*g->groups));
        g->groups[g->count++] = (struct certificate_group){.address = *address,
                                                           .port = port,
                                                           .listed = listed,
                                                           .state = GROUP_OPEN,
                                                           .parent = arena_copy(&g->arena, parent)};
    }
    return (uint32_t)*at;
}

/* --- turns ------------------------------------------------------------------------------------ */

/* A set of records as a number, whatever their order. */
static uint64_t group_tlsas(const struct seen_tlsa *tlsas, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t kind[] = {tlsas[i].usage, tlsas[i].selector, tlsas[i].matching};
        sum += hash_draw(count, (struct span){kind, sizeof(kind)}, tlsas[i].data);
    }
    return sum;
}

/* What the name that speaks got tells nothing of DANE for a name with other records. */
static bool may_be_inferred(const struct group_speaker *speaker, const struct group_name *name)
{
    return name->tlsa_base.len == 0 ||
           (span_eq(name->tlsa_base, name->host) &&
            group_tlsas(name->tlsas, name->tlsa_count) == speaker->tlsas);
}

bool certificate_group_waits(const struct certificate_groups *g, uint32_t group, bool busy)
{
    const struct certificate_group *at = &g->groups[group];
    switch ((enum group_state)at->state) {
    case GROUP_OPEN:
        return at->under_way;
    case GROUP_CONFIRMED:
        return busy;
    case GROUP_CONTRADICTED:
        /* The name whose facts the others are compared with is the first one by turn, not by chance. */
        return at->under_way && !at->has_facts;
    case GROUP_STATE_COUNT:
        break;
    }
    UNREACHABLE("unknown group_state");
}

enum group_turn certificate_group_turn(const struct certificate_groups *g, uint32_t group,
                                       const struct group_name *name, bool busy)
{
    const struct certificate_group *at = &g->groups[group];
    if (certificate_group_waits(g, group, busy)) {
        return GROUP_WAIT;
    }
    return at->state == GROUP_CONFIRMED && name->draw % GROUP_CHECK_ONE_IN != 0 &&
                   may_be_inferred(at->speaker, name)
               ? GROUP_INFER
               : GROUP_DIAL;
}

void certificate_group_dial(struct certificate_groups *g, uint32_t group)
{
    struct certificate_group *at = &g->groups[group];
    at->names_dialled++;
    at->checks += at->state == GROUP_CONFIRMED;
    at->under_way = true;
}

const struct group_speaker *certificate_group_infer(struct certificate_groups *g, uint32_t group)
{
    struct certificate_group *at = &g->groups[group];
    CHECK(at->state == GROUP_CONFIRMED);
    at->names_inferred++;
    return at->speaker;
}

void certificate_group_inferred_before(struct certificate_groups *g, uint32_t group)
{
    g->groups[group].names_inferred++;
}

/* --- results ---------------------------------------------------------------------------------- */

static struct group_facts group_facts_of(const struct seen_session *s)
{
    struct group_facts f = {.tls_version = s->tls.version,
                            .outcome = (uint8_t)s->outcome,
                            .starttls = (uint8_t)s->smtp.starttls,
                            .facts = session_facts_of(s)};
    memcpy(f.chain_id, s->tls.chain_id, sizeof(f.chain_id));
    return f;
}

static bool group_facts_are_equal(const struct group_facts *a, const struct group_facts *b)
{
    return memcmp(a->chain_id, b->chain_id, sizeof(a->chain_id)) == 0 &&
           a->tls_version == b->tls_version && a->outcome == b->outcome &&
           a->starttls == b->starttls && memcmp(&a->facts, &b->facts, sizeof(a->facts)) == 0;
}

/* Silence and a reset happen by chance. */
static bool tells_nothing(enum session_outcome o)
{
    return !outcome_info(o)->conclusive || o == OUTCOME_TLS_TIMEOUT || o == OUTCOME_TLS_RESET;
}

static bool has_chain(const struct seen_endpoint *seen)
{
    const struct seen_session *s = seen->result;
    return s->outcome == OUTCOME_ESTABLISHED && s->tls.cert_count > 0 && !s->tls.list_truncated &&
           !s->tls.list_malformed && !seen->unstable;
}

/* The host that closed the group, then the least of the others by name: these come in any order. */
static void keep_contradiction(struct certificate_groups *g, struct certificate_group *at,
                               struct span host)
{
    struct span *kept = at->contradicted_by;
    size_t i = at->contradictions;
    if (i >= CONTRADICTIONS_KEPT) {
        i = CONTRADICTIONS_KEPT - 1;
        if (span_cmp(host, kept[i]) >= 0) {
            return;
        }
    }
    for (; i > 1 && span_cmp(host, kept[i - 1]) < 0; i--) {
        kept[i] = kept[i - 1];
    }
    kept[i] = arena_copy(&g->arena, host);
}

static void contradict(struct certificate_groups *g, struct certificate_group *at, struct span host)
{
    at->state = GROUP_CONTRADICTED;
    if (at->contradicted_by == NULL) {
        at->contradicted_by =
            arena_new(&g->arena, CONTRADICTIONS_KEPT, sizeof(*at->contradicted_by));
    }
    keep_contradiction(g, at, host);
    at->contradictions++;
}

static void confirm(struct certificate_groups *g, struct certificate_group *at,
                    const struct seen_endpoint *seen)
{
    at->state = GROUP_CONFIRMED;
    at->speaker = memory_new(1, sizeof(*at->speaker));
    *at->speaker = (struct group_speaker){.host = arena_copy(&g->arena, seen->host),
                                          .seen = BUF_INIT(BUF_NO_LIMIT),
                                          .chain = seen->chain,
                                          .tlsas = group_tlsas(seen->tlsas, seen->tlsa_count)};
    codec_put_session(&at->speaker->seen, *seen->result);
}

struct group_result group_result_of(const struct seen_endpoint *seen, bool by_wildcard)
{
    if (seen->result == NULL) {
        return (struct group_result){.facts.outcome = OUTCOME_NOT_TESTED};
    }
    return (struct group_result){.facts = group_facts_of(seen->result),
                                 .has_chain = has_chain(seen),
                                 .by_wildcard = by_wildcard};
}

/* Of a name that the wildcard of an unlisted group does not match: that there is one was not seen yet, or this is the
 * same certificate, which names the host as well. */
static bool is_beside_wildcard(const struct certificate_group *at, const struct group_result *r)
{
    return r->has_chain && !at->listed && !r->by_wildcard &&
           (!at->has_facts || group_facts_are_equal(&r->facts, &at->facts));
}

bool certificate_group_note(struct certificate_groups *g, uint32_t group, struct span host,
                            const struct group_result *r, const struct seen_endpoint *seen)
{
    struct certificate_group *at = &g->groups[group];
    at->under_way = false;
    if (tells_nothing((enum session_outcome)r->facts.outcome) || is_beside_wildcard(at, r)) {
        at->inconclusive++;
        return false;
    }
    if (r->has_chain && !at->has_facts) {
        at->has_facts = true;
        at->facts = r->facts;
    }
    if (!r->has_chain || !group_facts_are_equal(&r->facts, &at->facts)) {
        contradict(g, at, host);
        return false;
    }
    at->agreements++;
    if (at->state != GROUP_OPEN || seen == NULL ||
        at->agreements < (at->listed ? GROUP_LISTED_NAMES : GROUP_ANY_NAMES)) {
        return false;
    }
    confirm(g, at, seen);
    return true;
}

/* --- the rest --------------------------------------------------------------------------------- */

bool certificate_group_see(const struct certificate_groups *g, uint32_t group,
                           struct seen_group *out)
{
    const struct certificate_group *at = &g->groups[group];
    *out = (struct seen_group){.address = at->address,
                               .port = at->port,
                               .parent = at->parent,
                               .listed = at->listed,
                               .state = (enum group_state)at->state,
                               .names_dialled = at->names_dialled,
                               .names_inferred = at->names_inferred,
                               .agreements = at->agreements,
                               .inconclusive = at->inconclusive,
                               .checks = at->checks,
                               .contradictions = at->contradictions};
    for (size_t i = 0; i < at->contradictions && i < CONTRADICTIONS_KEPT; i++) {
        out->contradicted_by[i] = at->contradicted_by[i];
    }
    if (at->speaker != NULL) {
        out->speaks = at->speaker->host;
        memcpy(out->chain_id, at->facts.chain_id, sizeof(out->chain_id));
    }
    return at->listed ? at->names_dialled > 0 : at->names_inferred > 0;
}
