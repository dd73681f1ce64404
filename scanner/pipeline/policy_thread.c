#include "scanner/pipeline/policy_thread.h"

#include <curl/curl.h>

#include "scanner/base/memory.h"
#include "scanner/fetch/policy_fetcher.h"
#include "scanner/pipeline/dialling.h"
#include "scanner/pipeline/member.h"
#include "scanner/pipeline/rows_out.h"
#include "scanner/pipeline/thread_join.h"
#include "scanner/report/report.h"

#define HTTPS_PORT 443  /* RFC 8461 section 3.3 */
#define LOOK_MS    1000 /* at the latest; messages wake the fetcher */

struct policy_thread {
    struct scan *scan; /* borrowed */
    pthread_t thread;
    struct mailbox mailbox;
    struct policy_fetcher *fetcher;
    struct map domains; /* that were asked for → 1 */
    struct map bodies;  /* SHA-256 → 1 */
    struct row_sink *rows;
    struct buf writer_outbox;
    struct buf outbox[WORKERS_MAX];
    struct buf fetched; /* of the message under work */
    atomic_uint_fast64_t dialled;
};

/** Whose fetch it is; malloc'ed. */
struct policy_waiter {
    uint16_t domain_len;
    uint8_t domain[];
};

const char *policy_thread_library_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

struct mailbox *policy_thread_mailbox(struct policy_thread *t)
{
    return &t->mailbox;
}

static void write_body(struct policy_thread *t, const struct seen_policy *seen)
{
    static const uint8_t none[sizeof(seen->body_sha256)];
    bool added = false;
    if (memcmp(seen->body_sha256, none, sizeof(none)) == 0) {
        return; /* none was read, not even in part */
    }
    struct span sha256 = {seen->body_sha256, sizeof(seen->body_sha256)};
    (void)map_add(&t->bodies, hash_key_of(sha256), 1, &added);
    if (added) {
        row_sink_observe(t->rows);
        report_policy_body(t->rows, seen->body_sha256, seen->body);
    }
}

static void policy_thread_on_done(void *arg, void *tag, const struct seen_policy *seen)
{
    struct policy_thread *t = arg;
    struct policy_waiter *waiter = tag;
    write_body(t, seen);
    buf_reset(&t->fetched);
    policy_fetched_put(&t->fetched, seen);
    struct message_policy_done m = {.domain = {waiter->domain, waiter->domain_len},
                                    .fetched = buf_span(&t->fetched)};
    message_put_policy_done(&t->outbox[part_of_name(t->scan, m.domain)], &m);
    free(waiter);
}

static void on_want(struct policy_thread *t, const struct message_policy_want *m)
{
    const struct scan_params *p = t->scan->params;
    char host[DNS_NAME_TEXT_MAX];
    struct policy_target target = {.policy_host = host};
    bool added = false;
    (void)map_add(&t->domains, hash_key_of(m->domain), 1, &added);
    if (!added) {
        return; /* a policy host is asked once, however often the message comes */
    }
    CHECK(m->policy_host.len < sizeof(host));
    memcpy(host, m->policy_host.at, m->policy_host.len);
    host[m->policy_host.len] = '\0';
    struct span addresses = m->addresses;
    while (addresses.len > 0) {
        CHECK(target.address_count < POLICY_DIALLED_MAX);
        struct net_addr address = codec_get_addr(&addresses);
        target.addresses[target.address_count++] = fetch_address(p, &address, HTTPS_PORT);
    }
    struct policy_waiter *waiter = memory_new(1, sizeof(*waiter) + m->domain.len);
    waiter->domain_len = (uint16_t)m->domain.len;
    memcpy(waiter->domain, m->domain.at, m->domain.len);
    policy_fetcher_add(t->fetcher, &target, waiter);
}

/* Who owns the address has the places there. */
static struct buf *outbox_of_address(struct policy_thread *t, const struct net_addr *address)
{
    return &t->outbox[part_of_address(address, &t->scan->division)];
}

static void want_permit(void *arg, uint64_t fetch, const struct net_addr *address)
{
    struct message_permit_want m = {.address = *address, .fetch = fetch};
    message_put_permit_want(outbox_of_address(arg, address), &m);
}

static void return_permit(void *arg, uint64_t fetch, const struct net_addr *address)
{
    struct message_permit_return m = {.fetch = fetch, .address = *address};
    message_put_permit_return(outbox_of_address(arg, address), &m);
}

/* @return false: it was told to stop */
static bool policy_thread_handle_all(struct policy_thread *t, struct span messages)
{
    enum message_kind kind;
    struct span body;
    while (message_next(&messages, &kind, &body)) {
        if (kind == MESSAGE_STOP) {
            return false;
        }
        if (kind == MESSAGE_PERMIT_GRANT) {
            struct message_permit_grant m = message_get_permit_grant(body);
            policy_fetcher_permit(t->fetcher, m.fetch, &m.address);
            continue;
        }
        if (kind == MESSAGE_KNOWN_BODY) {
            struct message_known_body m = message_get_known_body(body);
            bool added = false;
            (void)map_add(&t->bodies, hash_key_of(m.sha256), 1, &added);
            continue;
        }
        CHECK(kind == MESSAGE_POLICY_WANT);
        struct message_policy_want m = message_get_policy_want(body);
        on_want(t, &m);
    }
    return true;
}

/* The rows first: who hears of a body may name it. */
static void policy_thread_post_all(struct policy_thread *t)
{
    rows_out_add(t->rows, &t->writer_outbox);
    mailbox_post(&t->scan->writer, &t->writer_outbox);
    for (uint32_t i = 0; i < t->scan->division.parts; i++) {
        if (t->outbox[i].len > 0 && t->scan->member != NULL) {
            member_route(t->scan->member, i, i, &t->outbox[i]);
        } else if (t->outbox[i].len > 0) {
            mailbox_post(&t->scan->workers[i]->mailbox, &t->outbox[i]);
        }
    }
}

static void *policy_thread_run(void *arg)
{
    struct policy_thread *t = arg;
    while (policy_thread_handle_all(t, mailbox_take(&t->mailbox))) {
        policy_fetcher_run(t->fetcher, LOOK_MS);
        atomic_store_explicit(&t->dialled, policy_fetcher_dialled(t->fetcher),
                              memory_order_relaxed);
        policy_thread_post_all(t);
    }
    policy_fetcher_abort_all(t->fetcher); /* nobody waits any more */
    policy_thread_post_all(t);
    return NULL;
}

static void wake(void *fetcher)
{
    policy_fetcher_wake(fetcher);
}

struct policy_thread *policy_thread_new(struct scan *scan)
{
    struct policy_thread *t = memory_new(1, sizeof(*t));
    const struct scan_params *p = scan->params;
    const struct policy_fetcher_params params = {
        .user_agent = p->user_agent,
        .address_rate = p->address_rate,
        .address_limit = p->address_limit,
        .network_limit = p->network_limit,
        .connect_timeout_ms = p->connect_timeout_ms,
        .tls_timeout_ms = p->tls_timeout_ms,
        .head_timeout_ms = p->greeting_timeout_ms,
        .total_timeout_ms = p->policy_timeout_ms,
        .retries = p->retries,
        .retry_pause_ms = p->retry_pause_ms,
        .concurrency = p->policy_connections,
        .done = policy_thread_on_done,
        .first_fetch = scan->member != NULL ? member_first_fetch(scan->member) : 0,
        .want_permit = want_permit,
        .return_permit = return_permit,
        .arg = t,
    };
    CHECK(curl_global_init_mem(CURL_GLOBAL_ALL, memory_malloc, memory_free, memory_realloc,
                               memory_strdup, memory_calloc) == CURLE_OK);
    t->scan = scan;
    t->fetcher = policy_fetcher_new(&params);
    mailbox_init_waking(&t->mailbox, wake, t->fetcher);
    t->rows = rows_out_new(p);
    t->writer_outbox = BUF_INIT(BUF_NO_LIMIT);
    t->fetched = BUF_INIT(BUF_NO_LIMIT);
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        t->outbox[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    return t;
}

void policy_thread_start(struct policy_thread *t)
{
    thread_start(&t->thread, policy_thread_run, t);
}

bool policy_thread_join(struct policy_thread *t, const struct join_patience *patience)
{
    return thread_join(t->thread, patience);
}

uint64_t policy_thread_dialled(const struct policy_thread *t)
{
    return atomic_load_explicit(&t->dialled, memory_order_relaxed);
}

void policy_thread_free(struct policy_thread *t)
{
    if (t == NULL) {
        return;
    }
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        buf_deinit(&t->outbox[i]);
    }
    buf_deinit(&t->fetched);
    buf_deinit(&t->writer_outbox);
    rows_out_free(t->rows);
    map_deinit(&t->domains);
    map_deinit(&t->bodies);
    policy_fetcher_free(t->fetcher);
    curl_global_cleanup();
    mailbox_deinit(&t->mailbox);
    free(t);
}
