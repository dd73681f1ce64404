#include <stdio.h>

#include "scanner/base/check.h"
#include "scanner/base/hash.h"
#include "scanner/cert/cert_list.h"
#include "scanner/trust/chain_judge.h"
#include "scanner/trust/intermediate_pool.h"

/* One octet: how many of the certificates that follow are anchors of the first store. The rest is
 * a list as presented. The second store is the system's, where there is one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define JUDGED_AT 1780000000

static struct trust_store_octets system_store;
static bool has_system_store;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    const char *path = trust_store_system_path();
    hash_secret_init();
    has_system_store = path != NULL && trust_store_read(&system_store, "system", path, &why);
    buf_deinit(&why);
    return 0;
}

static void check_steps(const struct chain_verdict *v, const struct store_verdict *s)
{
    CHECK((s->step_count == 0) == (s->status == CHAIN_UNPARSABLE));
    CHECK(s->step_count <= CHAIN_STEPS_MAX && s->fault_count <= CHAIN_FAULTS_MAX);
    for (size_t i = 0; i < s->step_count; i++) {
        const struct path_step *step = &s->step[i];
        CHECK(step->cert != NULL && step->list_index < (int)v->cert_count);
        CHECK(step->list_index < 0 || v->certs[step->list_index] == step->cert);
        CHECK(step->list_index >= 0 || step->source != STEP_PRESENTED);
    }
    for (size_t i = 0; i < s->fault_count; i++) {
        CHECK(s->fault[i].step < s->step_count && path_fault_word(s->fault[i].fault) != NULL);
        CHECK(i == 0 || s->fault[i - 1].step < s->fault[i].step ||
              s->fault[i - 1].fault < s->fault[i].fault);
    }
}

static void check_store(const struct chain_verdict *v, const struct store_verdict *s)
{
    check_steps(v, s);
    bool status_of_anchored = s->status == CHAIN_TRUSTED || s->status == CHAIN_EXPIRED ||
                              s->status == CHAIN_NOT_YET_VALID || s->status == CHAIN_INVALID;
    CHECK(s->anchored == status_of_anchored);
    CHECK((s->status == CHAIN_TRUSTED) == (s->anchored && s->fault_count == 0));
    CHECK(!s->anchored || s->step[s->step_count - 1].source == STEP_ANCHOR);
    CHECK(s->status != CHAIN_SELF_SIGNED || (s->step_count == 1 && v->self_signed_leaf));
    CHECK(s->status != CHAIN_TRUSTED || !s->validity_known ||
          (s->valid_from <= JUDGED_AT && JUDGED_AT < s->valid_until));
}

static void check_verdict(const struct chain_verdict *v, size_t presented)
{
    CHECK(v->cert_count == (presented < TLS_CERTS_MAX ? presented : TLS_CERTS_MAX));
    CHECK(v->role[0] == CERT_ROLE_LEAF);
    CHECK(v->bad_signature_child < (int)v->cert_count);
    CHECK(v->bad_signature_issuer < (int)v->cert_count);
    for (size_t i = 0; i < v->cert_count; i++) {
        CHECK(cert_role_word((enum cert_role)v->role[i]) != NULL);
        CHECK(i == 0 || v->certs[i] != NULL || v->role[i] == CERT_ROLE_UNREADABLE ||
              v->role[i] == CERT_ROLE_DUPLICATE);
    }
    for (size_t i = 0; i < v->store_count; i++) {
        check_store(v, &v->store[i]);
    }
    CHECK(chain_brief_of(v).status == v->store[0].status);
}

/* Pointers into the judge's cache may differ, what they point to may not. */
static void put_verdict(struct buf *b, const struct chain_verdict *v)
{
    buf_putf(b, "%d %d %d %d %d %d %d ", v->in_order, v->leaf_first, v->self_signed_leaf,
             v->bad_signature_child, v->bad_signature_issuer, v->signature_unknown, v->capped);
    buf_put(b, (struct span){v->role, v->cert_count});
    for (size_t i = 0; i < v->store_count; i++) {
        const struct store_verdict *s = &v->store[i];
        buf_putf(b, "\n%d %d", s->status, s->anchored);
        for (size_t step = 0; step < s->step_count; step++) {
            buf_putf(b, " %d %d ", s->step[step].source, s->step[step].list_index);
            buf_put_hex(b, (struct span){s->step[step].cert->fingerprint_sha256, 32});
        }
        for (size_t f = 0; f < s->fault_count; f++) {
            buf_putf(b, " %u:%s", s->fault[f].step, path_fault_word(s->fault[f].fault));
        }
    }
}

static void judge_twice(struct chain_judge *j, struct span list)
{
    struct chain_verdict v;
    struct buf first = BUF_INIT(BUF_NO_LIMIT);
    struct buf again = BUF_INIT(BUF_NO_LIMIT);
    chain_judge_list(j, list, &v);
    check_verdict(&v, cert_list_count(list));
    put_verdict(&first, &v);
    chain_judge_list(j, list, &v);
    put_verdict(&again, &v);
    CHECK(span_eq(buf_span(&first), buf_span(&again)));
    buf_deinit(&first);
    buf_deinit(&again);
}

/* With every certificate of the input to choose from, no chain gets worse. */
static void judge_complete(struct chain_judge *j, struct span list, struct span pooled)
{
    struct chain_verdict v;
    struct span der;
    struct intermediate_pool *pool = intermediate_pool_new();
    while (cert_list_next(&pooled, &der)) {
        (void)intermediate_pool_add(pool, der, INTERMEDIATE_SCAN);
    }
    chain_judge_list(j, list, &v);
    bool trusted = v.store[0].status == CHAIN_TRUSTED;
    chain_judge_complete(j, list, pool, &v);
    check_verdict(&v, cert_list_count(list));
    CHECK(!trusted || v.store[0].status == CHAIN_TRUSTED);
    intermediate_pool_free(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct trust_store_octets stores[2] = {{.anchors = BUF_INIT(BUF_NO_LIMIT)}, system_store};
    struct span all = {data + 1, size - 1};
    struct span list = all;
    struct span der;
    for (unsigned i = 0; i < data[0] && cert_list_next(&list, &der); i++) {
        (void)cert_list_add(&stores[0].anchors, der);
    }
    struct judging_terms terms = {.at = JUDGED_AT,
                                  .stores = stores,
                                  .store_count = has_system_store && data[0] % 16 == 15 ? 2 : 1};
    if (cert_list_count(list) > 0) {
        struct chain_judge *j = chain_judge_new(&terms);
        judge_twice(j, list);
        judge_complete(j, list, all);
        chain_judge_free(j);
    }
    buf_deinit(&stores[0].anchors);
    return 0;
}
