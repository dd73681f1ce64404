#include "scanner/owners/chain_owner.h"

#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/digest.h"
#include "scanner/owners/packed_verdict.h"

#define NO_SLOT UINT32_MAX
#define IS_WORK PACKED_VERDICT_FREE /* of a value in `chains`: the upper half is its slot */

enum list_state {
    LIST_UNKNOWN,
    LIST_ASKS,
    LIST_JUDGED,
};

/** A list whose certificates are not all in the results yet. */
struct chain_work {
    uint8_t chain_id[32];
    struct buf list;
    uint8_t (*digests)[32];      /* of its certificates; malloc */
    bool awaited[TLS_CERTS_MAX]; /* their owner was asked, once for those that are the same */
    uint32_t awaited_count;
    uint16_t *waiters; /* workers; malloc */
    uint32_t waiter_count;
    uint32_t next_free;
};

/* --- the tables ----------------------------------------------------------------------------- */

void chain_owner_init(struct chain_owner *o, const struct chain_judging *judging,
                      struct owner_out *out)
{
    *o = (struct chain_owner){.judging = *judging, .out = out, .first_free = NO_SLOT};
}

static void chain_work_free(struct chain_work *c)
{
    buf_deinit(&c->list);
    free(c->digests);
    free(c->waiters);
}

void chain_owner_deinit(struct chain_owner *o)
{
    for (uint32_t i = 0; i < o->count; i++) {
        chain_work_free(&o->slots[i]);
    }
    free(o->slots);
    map_deinit(&o->chains);
    key_table_deinit(&o->certificates);
}

static uint32_t chain_take_slot(struct chain_owner *o)
{
    uint32_t slot = o->first_free;
    if (slot != NO_SLOT) {
        o->first_free = o->slots[slot].next_free;
        return slot;
    }
    o->slots = memory_grow_list(o->slots, o->count, sizeof(*o->slots));
    return o->count++;
}

static void chain_free_slot(struct chain_owner *o, uint32_t slot)
{
    chain_work_free(&o->slots[slot]);
    o->slots[slot] =
        (struct chain_work){.list = BUF_INIT(BUF_NO_LIMIT), .next_free = o->first_free};
    o->first_free = slot;
}

static enum list_state list_state_of(const uint64_t *at)
{
    return at == NULL ? LIST_UNKNOWN : (*at & IS_WORK) != 0 ? LIST_ASKS : LIST_JUDGED;
}

/* --- verdicts ------------------------------------------------------------------------------- */

static void chain_tell(struct chain_owner *o, uint16_t worker, struct span chain_id,
                       struct chain_brief brief)
{
    struct message_chain_known m = {.chain_id = chain_id, .brief = brief, .issuers = brief.issuers};
    message_put_chain_known(&o->out->to_worker[worker], &m);
}

/* LIST_ASKS → LIST_JUDGED, when nothing is awaited. */
static void chain_judge_when_complete(struct chain_owner *o, uint32_t slot)
{
    struct chain_work *c = &o->slots[slot];
    struct span id = {c->chain_id, sizeof(c->chain_id)};
    if (c->awaited_count > 0) {
        return;
    }
    struct chain_brief brief = o->judging.list(
        o->judging.arg, c->chain_id, (const uint8_t(*)[32])c->digests, buf_span(&c->list));
    for (uint32_t i = 0; i < c->waiter_count; i++) {
        chain_tell(o, c->waiters[i], id, brief);
    }
    *map_find(&o->chains, hash_key_of(id)) = verdict_pack(brief);
    chain_free_slot(o, slot);
}

/* --- certificates --------------------------------------------------------------------------- */

static void certificate_read_once(struct chain_owner *o, struct span sha256, struct span der)
{
    bool added = false;
    (void)key_table_add(&o->certificates, hash_key_of(sha256), &added);
    if (added) {
        o->judging.certificate(o->judging.arg, der);
    }
}

void chain_on_known(struct chain_owner *o, const struct message_known_chain *m)
{
    struct chain_brief brief = m->brief;
    bool added = false;
    brief.issuers = m->issuers;
    (void)map_add(&o->chains, hash_key_of(m->chain_id), verdict_pack(brief), &added);
    o->strays += !added;
}

void chain_on_known_cert(struct chain_owner *o, const struct message_known_cert *m)
{
    bool added = false;
    (void)key_table_add(&o->certificates, hash_key_of(m->sha256), &added);
    o->strays += !added;
}

void chain_on_cert_new(struct chain_owner *o, const struct message_cert_new *m)
{
    struct message_cert_known known = {.chain_id = m->chain_id, .sha256 = m->sha256};
    certificate_read_once(o, m->sha256, m->der);
    message_put_cert_known(out_to_judge(o->out, m->chain_id), &known);
}

/* @return its place among those that are awaited; TLS_CERTS_MAX: it is not */
static size_t certificate_find_awaited(const struct chain_work *c, struct span sha256)
{
    for (size_t i = 0; i < TLS_CERTS_MAX; i++) {
        if (c->awaited[i] && memcmp(c->digests[i], sha256.at, sizeof(c->digests[i])) == 0) {
            return i;
        }
    }
    return TLS_CERTS_MAX;
}

void chain_on_cert_known(struct chain_owner *o, const struct message_cert_known *m)
{
    const uint64_t *at = map_find(&o->chains, hash_key_of(m->chain_id));
    uint32_t slot = list_state_of(at) == LIST_ASKS ? (uint32_t)(*at >> 32) : NO_SLOT;
    size_t i =
        slot == NO_SLOT ? TLS_CERTS_MAX : certificate_find_awaited(&o->slots[slot], m->sha256);
    if (i == TLS_CERTS_MAX) {
        o->strays++;
        return;
    }
    o->slots[slot].awaited[i] = false;
    o->slots[slot].awaited_count--;
    chain_judge_when_complete(o, slot);
}

/* --- lists ---------------------------------------------------------------------------------- */

static void chain_want_certificate(struct chain_owner *o, struct chain_work *c, size_t i,
                                   struct span der)
{
    struct span sha256 = {c->digests[i], sizeof(c->digests[i])};
    struct buf *to = out_to_judge(o->out, sha256);
    if (to == &o->out->to_judge[o->out->self]) {
        certificate_read_once(o, sha256, der);
    } else if (certificate_find_awaited(c, sha256) == TLS_CERTS_MAX) {
        struct message_cert_new m = {
            .chain_id = {c->chain_id, sizeof(c->chain_id)}, .sha256 = sha256, .der = der};
        message_put_cert_new(to, &m);
        c->awaited[i] = true;
        c->awaited_count++;
    }
}

/* LIST_UNKNOWN → LIST_ASKS */
static uint32_t chain_begin(struct chain_owner *o, const struct message_chain_new *m)
{
    uint32_t slot = chain_take_slot(o);
    struct chain_work *c = &o->slots[slot];
    size_t count = cert_list_count(m->list);
    bool added = false;
    *c = (struct chain_work){.list = BUF_INIT(BUF_NO_LIMIT)};
    CHECK(count > 0 && count <= TLS_CERTS_MAX && m->chain_id.len == sizeof(c->chain_id));
    memcpy(c->chain_id, m->chain_id.at, sizeof(c->chain_id));
    buf_put(&c->list, m->list);
    c->digests = memory_new(count, sizeof(*c->digests));
    (void)map_add(&o->chains, hash_key_of(m->chain_id), (uint64_t)slot << 32 | IS_WORK, &added);
    struct span rest = buf_span(&c->list);
    struct span der;
    for (size_t i = 0; cert_list_next(&rest, &der); i++) {
        digest_sha256(der, c->digests[i]);
        chain_want_certificate(o, c, i, der);
    }
    return slot;
}

static bool has_waiter(const struct chain_work *c, uint16_t worker)
{
    for (uint32_t i = 0; i < c->waiter_count; i++) {
        if (c->waiters[i] == worker) {
            return true;
        }
    }
    return false;
}

void chain_on_new(struct chain_owner *o, const struct message_chain_new *m)
{
    const uint64_t *at = map_find(&o->chains, hash_key_of(m->chain_id));
    enum list_state state = list_state_of(at);
    if (state == LIST_JUDGED) {
        chain_tell(o, m->from, m->chain_id, verdict_unpack(*at));
        return;
    }
    uint32_t slot = state == LIST_UNKNOWN ? chain_begin(o, m) : (uint32_t)(*at >> 32);
    struct chain_work *c = &o->slots[slot];
    if (has_waiter(c, m->from)) {
        o->strays++;
        return;
    }
    c->waiters = memory_grow_list(c->waiters, c->waiter_count, sizeof(*c->waiters));
    c->waiters[c->waiter_count++] = m->from;
    chain_judge_when_complete(o, slot);
}
