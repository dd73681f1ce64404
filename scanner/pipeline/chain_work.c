/**
 * The owner of presented chains: each distinct list becomes one row, after the rows of all of its
 * certificates. Certificates are read by the judge threads, which own them.
 *
 *   CHAIN_NEW ─► unknown? ─► CERT_NEW per certificate ─► CERT_KNOWN ─► row ─► CHAIN_KNOWN
 */
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/digest.h"
#include "scanner/pipeline/worker.h"
#include "scanner/report/report.h"

struct chain_waiter {
    uint32_t visit;
    uint16_t from;
};

/** A chain whose certificates are not all in the results yet. */
struct chain_work {
    struct chain_facts facts;
    uint8_t (*digests)[32];
    uint32_t pending; /* certificates that are not in the results yet */
    struct chain_waiter *waiters;
    uint32_t waiter_count;
};

struct chain_table {
    struct map index;          /* chain id → index in `works` */
    struct chain_work **works; /* NULL: done */
    uint32_t count;
    uint32_t capacity;
};

struct chain_table *chain_table_new(void)
{
    return memory_new(1, sizeof(struct chain_table));
}

static void work_free(struct chain_work *c)
{
    if (c != NULL) {
        free(c->digests);
        free(c->waiters);
        free(c);
    }
}

void chain_table_free(struct chain_table *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        work_free(t->works[i]);
    }
    free(t->works);
    map_deinit(&t->index);
    free(t);
}

static void tell(struct worker *w, uint16_t to, uint32_t visit, struct span chain_id)
{
    struct message_chain_known m = {.visit = visit, .chain_id = chain_id};
    message_put_chain_known(worker_outbox(w, to), &m);
}

static void add_waiter(struct chain_work *c, const struct message_chain_new *m)
{
    c->waiters = memory_resize(c->waiters, c->waiter_count + 1, sizeof(*c->waiters));
    c->waiters[c->waiter_count++] = (struct chain_waiter){.visit = m->visit, .from = m->from};
}

static struct chain_work *begin_work(struct worker *w, uint32_t index,
                                     const struct message_chain_new *m)
{
    struct chain_work *c = memory_new(1, sizeof(*c));
    size_t count = cert_list_count(m->list);
    CHECK(count > 0 && m->chain_id.len == sizeof(c->facts.chain_id)); /* no list, no id */
    memcpy(c->facts.chain_id, m->chain_id.at, sizeof(c->facts.chain_id));
    c->digests = memory_new(count, sizeof(*c->digests));
    c->facts.digests = (const uint8_t(*)[32])c->digests;
    struct span rest = m->list;
    struct span der;
    for (size_t i = 0; i < count && cert_list_next(&rest, &der); i++) {
        digest_sha256(der, c->digests[i]);
        c->facts.count++;
        c->facts.octets += der.len;
        struct message_cert_new cert = {.from = (uint16_t)w->index,
                                        .chain = index,
                                        .sha256 = {c->digests[i], sizeof(c->digests[i])},
                                        .der = der};
        message_put_cert_new(&w->judge_outbox[owner_of_digest(cert.sha256, w->scan->judge_count)],
                             &cert);
        c->pending++;
    }
    return c;
}

void chain_on_new(struct worker *w, const struct message_chain_new *m)
{
    struct chain_table *t = w->chains;
    bool added = false;
    uint64_t *at = map_add(&t->index, hash_key_of(m->chain_id), t->count, &added);
    uint32_t index = (uint32_t)*at;
    if (added) {
        if (t->count == t->capacity) {
            t->capacity = t->capacity ? t->capacity * 2 : 64;
            t->works = memory_resize(t->works, t->capacity, sizeof(struct chain_work *));
        }
        t->works[t->count++] = begin_work(w, index, m);
    } else if (t->works[index] == NULL) {
        tell(w, m->from, m->visit, m->chain_id);
        return;
    }
    add_waiter(t->works[index], m);
}

void chain_on_cert_known(struct worker *w, const struct message_cert_known *m)
{
    struct chain_work *c = w->chains->works[m->chain];
    if (--c->pending > 0) {
        return;
    }
    report_chain(w->rows, &c->facts, NULL, NULL, NULL);
    for (uint32_t i = 0; i < c->waiter_count; i++) {
        tell(w, c->waiters[i].from, c->waiters[i].visit,
             (struct span){c->facts.chain_id, sizeof(c->facts.chain_id)});
    }
    w->chains->works[m->chain] = NULL;
    work_free(c);
}
