/**
 * The owner of presented lists: each distinct one is judged once and becomes one row, after the rows
 * of all of its certificates.
 */
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/digest.h"
#include "scanner/pipeline/judge.h"

/** A list whose certificates are not all in the results yet. */
struct chain_work {
    struct buf list;
    uint8_t (*digests)[32]; /* of its certificates; malloc */
    uint8_t chain_id[32];
    uint32_t pending;  /* certificates that other judges were told of */
    uint16_t *waiters; /* workers; malloc */
    uint32_t waiter_count;
};

struct chain_entry {
    struct chain_work *work; /* NULL: judged */
    struct chain_brief brief;
};

struct chain_table {
    struct map index; /* chain id → index in `entries` */
    struct chain_entry *entries;
    uint32_t count;
};

struct chain_table *chain_table_new(void)
{
    return memory_new(1, sizeof(struct chain_table));
}

static void work_free(struct chain_work *c)
{
    if (c != NULL) {
        buf_deinit(&c->list);
        free(c->digests);
        free(c->waiters);
        free(c);
    }
}

void chain_table_free(struct chain_table *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        work_free(t->entries[i].work);
    }
    free(t->entries);
    map_deinit(&t->index);
    free(t);
}

static void tell(struct judge *j, uint16_t worker, struct span chain_id, struct chain_brief brief)
{
    struct message_chain_known m = {.chain_id = chain_id, .brief = brief, .issuers = brief.issuers};
    message_put_chain_known(&j->outbox[worker], &m);
}

static void finish(struct judge *j, uint32_t index)
{
    struct chain_entry *e = &j->chains->entries[index];
    struct chain_work *c = e->work;
    e->brief = record_chain(&j->recorder, c->chain_id, (const uint8_t(*)[32])c->digests,
                            buf_span(&c->list));
    struct span id = {c->chain_id, sizeof(c->chain_id)};
    for (uint32_t i = 0; i < c->waiter_count; i++) {
        tell(j, c->waiters[i], id, e->brief);
    }
    e->work = NULL;
    work_free(c);
}

static void ask_for_certificate(struct judge *j, uint32_t index, struct span der,
                                const uint8_t digest[32])
{
    struct span sha256 = {digest, 32};
    uint32_t owner = owner_of_key(sha256, j->scan->judge_count);
    if (owner == j->index) {
        judge_take_certificate(j, sha256, der);
        return;
    }
    struct message_cert_new m = {
        .from = (uint16_t)j->index, .chain = index, .sha256 = sha256, .der = der};
    message_put_cert_new(&j->judge_outbox[owner], &m);
    j->chains->entries[index].work->pending++;
}

static void begin(struct judge *j, const struct message_chain_new *m, uint32_t index)
{
    struct chain_work *c = memory_new(1, sizeof(*c));
    CHECK(cert_list_count(m->list) > 0 && m->chain_id.len == sizeof(c->chain_id));
    memcpy(c->chain_id, m->chain_id.at, sizeof(c->chain_id));
    c->list = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&c->list, m->list);
    j->chains->entries[index].work = c;
    c->digests = memory_new(cert_list_count(m->list), sizeof(*c->digests));
    struct span rest = buf_span(&c->list);
    struct span der;
    for (size_t i = 0; cert_list_next(&rest, &der); i++) {
        digest_sha256(der, c->digests[i]);
        ask_for_certificate(j, index, der, c->digests[i]);
    }
}

static uint32_t add_entry(struct chain_table *t)
{
    t->entries = memory_grow_list(t->entries, t->count, sizeof(*t->entries));
    t->entries[t->count] = (struct chain_entry){0};
    return t->count++;
}

void chain_on_new(struct judge *j, const struct message_chain_new *m)
{
    struct chain_table *t = j->chains;
    bool added = false;
    uint64_t *at = map_add(&t->index, hash_key_of(m->chain_id), t->count, &added);
    uint32_t index = (uint32_t)*at;
    if (!added && t->entries[index].work == NULL) {
        tell(j, m->from, m->chain_id, t->entries[index].brief);
        return;
    }
    if (added) {
        (void)add_entry(t);
        begin(j, m, index);
    }
    struct chain_work *c = t->entries[index].work;
    c->waiters = memory_grow_list(c->waiters, c->waiter_count, sizeof(*c->waiters));
    c->waiters[c->waiter_count++] = m->from;
    if (c->pending == 0) {
        finish(j, index);
    }
}

void chain_on_cert_known(struct judge *j, const struct message_cert_known *m)
{
    if (--j->chains->entries[m->chain].work->pending == 0) {
        finish(j, m->chain);
    }
}
