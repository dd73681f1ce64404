#include "scanner/pipeline/resume.h"

#include <unistd.h>

#include "scanner/base/codec.h"
#include "scanner/base/memory.h"
#include "scanner/dane/dane.h"
#include "scanner/owners/known_messages.h"
#include "scanner/pipeline/judge.h"
#include "scanner/pipeline/mailbox.h"

#define POST_EVERY_ROWS 256
#define BACKLOG_MAX     (32U << 20) /* of one receiver, above which reading waits */
#define WAIT_US         1000

struct resume *resume_new(struct scan *scan, const struct results *results)
{
    struct resume *r = memory_new(1, sizeof(*r));
    r->scan = scan;
    r->restored = restored_new(results, &scan->params->terms, &scan->params->shape, scan->book,
                               scan->judge_count, scan->judge_count + 1);
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        r->to_worker[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    for (uint32_t i = 0; i < JUDGES_MAX; i++) {
        r->to_judge[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    r->to_policies = BUF_INIT(BUF_NO_LIMIT);
    return r;
}

void resume_free(struct resume *r)
{
    if (r == NULL) {
        return;
    }
    restored_free(r->restored);
    line_set_deinit(&r->done);
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        buf_deinit(&r->to_worker[i]);
    }
    for (uint32_t i = 0; i < JUDGES_MAX; i++) {
        buf_deinit(&r->to_judge[i]);
    }
    buf_deinit(&r->to_policies);
    free(r);
}

/* --- the way of messages -------------------------------------------------------------------- */

static bool resume_is_stopped(const struct resume *r)
{
    struct admission *a = &r->scan->admission;
    (void)pthread_mutex_lock(&a->lock);
    bool stopped = a->stopped;
    (void)pthread_mutex_unlock(&a->lock);
    return stopped;
}

static void post_one(struct resume *r, struct mailbox *to, struct buf *messages)
{
    mailbox_post(to, messages);
    while (atomic_load_explicit(&to->backlog, memory_order_relaxed) > BACKLOG_MAX &&
           !resume_is_stopped(r)) {
        (void)usleep(WAIT_US);
    }
}

static void resume_post(struct resume *r)
{
    struct scan *s = r->scan;
    for (uint32_t i = 0; i < s->worker_count; i++) {
        post_one(r, &s->workers[i]->mailbox, &r->to_worker[i]);
    }
    for (uint32_t i = 0; i < s->judge_count; i++) {
        post_one(r, judge_mailbox(s, i), &r->to_judge[i]);
    }
    if (s->policies != NULL) {
        post_one(r, policy_thread_mailbox(s->policies), &r->to_policies);
    }
    r->waiting = 0;
}

static struct buf *to_owner_of(struct resume *r, struct span name)
{
    return &r->to_worker[part_of_key(name, &r->scan->division)];
}

static struct buf *to_owner_of_address(struct resume *r, const struct net_addr *address)
{
    return &r->to_worker[part_of_address(address, &r->scan->division)];
}

static struct buf *to_judge_of(struct resume *r, struct span digest)
{
    return &r->to_judge[owner_of_key(digest, r->scan->judge_count)];
}

/* --- rows ----------------------------------------------------------------------------------- */

static void on_known_certificate(void *arg, const uint8_t sha256[32])
{
    struct message_known_cert m = {.sha256 = {sha256, 32}};
    message_put_known_cert(to_judge_of(arg, m.sha256), &m);
}

static void on_known_chain(void *arg, const uint8_t chain_id[32], struct chain_brief brief)
{
    struct message_known_chain m = {
        .chain_id = {chain_id, 32}, .brief = brief, .issuers = brief.issuers};
    message_put_known_chain(to_judge_of(arg, m.chain_id), &m);
}

static void on_known_service(void *arg, const struct seen_service *s)
{
    known_service_put(to_owner_of_address(arg, &s->address), s);
}

static void on_known_endpoint(void *arg, const struct seen_endpoint *e, enum name_match match,
                              int64_t block)
{
    if (block >= 0) {
        known_name_put(to_owner_of_address(arg, &e->address), e, match == NAME_MATCH_WILDCARD,
                       (uint32_t)block, (struct span){0});
    }
}

static void on_known_speaker(void *arg, const struct seen_endpoint *e)
{
    known_speaker_put(to_owner_of_address(arg, &e->address), e);
}

static void on_known_host(void *arg, const struct seen_host *h)
{
    struct resume *r = arg;
    struct dane_host_verdict verdict;
    struct buf briefs = BUF_INIT(BUF_NO_LIMIT);
    dane_judge_host(h, r->scan->params->terms.trust_ad, &verdict);
    struct message_known_host m = {
        .host = h->name,
        .result = host_result_of(h, (uint8_t)verdict.state, (uint8_t)verdict.at, &briefs)};
    message_put_known_host(to_owner_of(r, h->name), &m);
    buf_deinit(&briefs);
}

static void on_known_body(void *arg, const uint8_t sha256[32])
{
    struct resume *r = arg;
    struct message_known_body m = {.sha256 = {sha256, 32}};
    message_put_known_body(&r->to_policies, &m);
}

static void on_known_domain(void *arg, const struct seen_domain *d)
{
    struct resume *r = arg;
    line_set_add(&r->done, d->input_line);
    r->lines++;
    if (d->invalid == NULL && d->duplicate_of == 0) {
        struct message_known_domain m = {.input_line = d->input_line, .domain = d->domain};
        message_put_known_domain(to_owner_of(r, d->domain), &m);
    }
}

static bool resume_go_on(void *arg)
{
    struct resume *r = arg;
    atomic_fetch_add_explicit(&r->rows, 1, memory_order_relaxed);
    r->waiting++;
    if (r->waiting >= POST_EVERY_ROWS) {
        resume_post(r);
    }
    return !resume_is_stopped(r);
}

bool resume_run(struct resume *r, struct buf *why)
{
    const struct restore_listener listener = {.arg = r,
                                              .certificate = on_known_certificate,
                                              .chain = on_known_chain,
                                              .service = on_known_service,
                                              .endpoint = on_known_endpoint,
                                              .speaker = on_known_speaker,
                                              .host = on_known_host,
                                              .domain = on_known_domain,
                                              .body = on_known_body,
                                              .go_on = resume_go_on};
    bool ok = restored_read(r->restored, &listener, why);
    resume_post(r);
    const struct scan_counts *counts = restored_counts(r->restored);
    for (int i = 0; i < ACCOUNT_CLASS_COUNT; i++) {
        atomic_store(&r->account[i], counts->account[i]);
    }
    return ok;
}
