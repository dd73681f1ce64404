#include "scanner/fetch/policy_fetcher.h"

#include "scanner/base/clock.h"
#include "scanner/base/container.h"
#include "scanner/base/map.h"
#include "scanner/base/memory.h"
#include "scanner/cert/digest.h"
#include "scanner/fetch/address_gates.h"
#include "scanner/fetch/exchange.h"

#define NS_PER_MS 1000000U

/* A host from policy_fetcher_add() until its result was told. */
struct job {
    TAILQ_ENTRY(job) next; /* in the order added */
    void *tag;
    struct gate_ticket ticket; /* while it is in line, and until it is dialled */
    uint64_t fetch;            /* the number of its permit; 0: none is asked for or held */
    STAILQ_ENTRY(job) next_permitted;
    struct slot *slot; /* while it is dialled */
    size_t tried;      /* attempts */
    size_t at;         /* the address that is tried */
    uint32_t chances;  /* second ones it had */
    uint64_t due_ns;   /* the end of the pause before one; 0: it is not paused */
    TAILQ_ENTRY(job) next_paused;
    uint64_t used_ns;        /* of the total time */
    int64_t started_unix_ms; /* 0: never dialled */
    int32_t last_ms;         /* the last attempt took */
    struct policy_attempt attempts[POLICY_ATTEMPTS_MAX];
    size_t address_count;
    struct policy_address addresses[POLICY_DIALLED_MAX];
    char *url; /* behind the host */
    char policy_host[];
};

/* A place for one connection. */
struct slot {
    struct exchange exchange;
    struct policy_fetcher *fetcher;
    SLIST_ENTRY(slot) next_free;
    struct job *job;           /* NULL: free */
    uint64_t fetch;            /* of its permit; 0: none */
    struct gate_ticket ticket; /* of the place at the address */
    bool fresh;                /* younger than POLICY_FRESH_MS */
};

struct policy_fetcher {
    struct policy_fetcher_params params;
    char *user_agent;
    CURLM *multi;
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    struct gates *gates;
    struct map permits;           /* by fetch; asked for: its job; held: 0 */
    uint64_t fetches;             /* numbered so far */
    STAILQ_HEAD(, job) permitted; /* and not dialled yet */
    TAILQ_HEAD(, job) paused;     /* who is due first at the head: all pauses are of one length */
    struct slot **slots;          /* made when first needed */
    size_t slot_count;
    size_t used; /* by those that are dialled or have asked */
    SLIST_HEAD(, slot) free;
    size_t fresh_count;
    uint64_t dialled;
    TAILQ_HEAD(, job) jobs;
    size_t pending;
};

struct policy_fetcher *policy_fetcher_new(const struct policy_fetcher_params *params)
{
    CHECK(params->concurrency <= POLICY_CONCURRENCY_MAX && params->done != NULL);
    struct policy_fetcher *f = memory_new(1, sizeof(*f));
    f->params = *params;
    f->fetches = params->first_fetch;
    f->params.concurrency = params->concurrency ? params->concurrency : POLICY_CONCURRENCY;
    f->params.fresh = params->fresh ? params->fresh : POLICY_FRESH;
    if (params->user_agent != NULL) {
        size_t len = strlen(params->user_agent) + 1;
        f->user_agent = memory_new(1, len);
        memcpy(f->user_agent, params->user_agent, len);
    }
    f->params.user_agent = f->user_agent;
    f->multi = curl_multi_init();
    f->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    f->digest = EVP_MD_CTX_new();
    CHECK(f->multi != NULL && f->sha256 != NULL && f->digest != NULL);
    CHECK(curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) == CURLM_OK);
    TAILQ_INIT(&f->jobs);
    STAILQ_INIT(&f->permitted);
    TAILQ_INIT(&f->paused);
    SLIST_INIT(&f->free);
    f->gates = gates_new(params->address_limit, params->network_limit, params->address_rate);
    f->slots = memory_new(f->params.concurrency, sizeof(struct slot *));
    return f;
}

static void forget(struct policy_fetcher *f, struct job *job)
{
    TAILQ_REMOVE(&f->jobs, job, next);
    f->pending--;
    free(job);
}

void policy_fetcher_free(struct policy_fetcher *f)
{
    if (f == NULL) {
        return;
    }
    for (size_t i = 0; i < f->slot_count; i++) {
        if (f->slots[i]->job != NULL) {
            exchange_give_up(&f->slots[i]->exchange, POLICY_FETCH_INTERRUPTED);
        }
    }
    CHECK(curl_multi_cleanup(f->multi) == CURLM_OK); /* closes what is still open */
    while (!TAILQ_EMPTY(&f->jobs)) {
        forget(f, TAILQ_FIRST(&f->jobs));
    }
    for (size_t i = 0; i < f->slot_count; i++) {
        exchange_deinit(&f->slots[i]->exchange);
        free(f->slots[i]);
    }
    free(f->slots);
    map_deinit(&f->permits);
    gates_free(f->gates);
    EVP_MD_CTX_free(f->digest);
    EVP_MD_free(f->sha256);
    free(f->user_agent);
    free(f);
}

void policy_fetcher_add(struct policy_fetcher *f, const struct policy_target *target, void *tag)
{
    CHECK(target->address_count > 0 && target->address_count <= POLICY_DIALLED_MAX);
    CHECK((target->url != NULL) == f->params.plain);
    struct buf url = BUF_INIT(BUF_NO_LIMIT);
    if (target->url != NULL) {
        buf_put_text(&url, target->url);
    } else {
        buf_putf(&url, "https://%s/.well-known/mta-sts.txt", target->policy_host);
    }
    size_t len = strlen(target->policy_host) + 1;
    struct job *job = memory_new(1, sizeof(*job) + len + url.len + 1);
    job->url = job->policy_host + len;
    memcpy(job->url, url.at, url.len);
    buf_deinit(&url);
    job->tag = tag;
    job->last_ms = -1;
    job->address_count = target->address_count;
    memcpy(job->addresses, target->addresses, sizeof(job->addresses));
    memcpy(job->policy_host, target->policy_host, len);
    TAILQ_INSERT_TAIL(&f->jobs, job, next);
    f->pending++;
    gates_wait(f->gates, &job->ticket, &job->addresses[0].address);
}

void policy_fetcher_wake(struct policy_fetcher *f)
{
    (void)curl_multi_wakeup(f->multi);
}

uint64_t policy_fetcher_dialled(const struct policy_fetcher *f)
{
    return f->dialled;
}

size_t policy_fetcher_pending(const struct policy_fetcher *f)
{
    return f->pending;
}

static int32_t ms_between(uint64_t from_ns, uint64_t to_ns)
{
    return from_ns == 0 || to_ns == 0 ? -1 : (int32_t)((to_ns - from_ns) / NS_PER_MS);
}

static void tell_exchange(struct seen_policy *seen, const struct exchange *x)
{
    const struct tls_evidence *tls = &x->tls;
    seen->tls_attempted = tls->begun_ns != 0;
    seen->tls_ms = ms_between(tls->begun_ns, tls->ended_ns);
    seen->tls = tls->notes.seen;
    seen->tls.ms = ms_between(tls->begun_ns, tls->ended_ns != 0 ? tls->ended_ns : x->ended_ns);
    seen->status = x->head.status;
    seen->head_octets = x->head.octets;
    bool redirects = seen->status >= 300 && seen->status < 400;
    seen->location = redirects ? buf_span(&x->head.location) : (struct span){0};
    seen->content_type = buf_span(&x->head.content_type);
    seen->body = buf_span(&x->body);
    if (seen->body.len > 0 || seen->outcome == POLICY_FETCH_FETCHED) {
        digest_sha256(seen->body, seen->body_sha256);
    }
}

/* The end of a job. */
static void fetcher_tell(struct policy_fetcher *f, struct job *job, enum policy_fetch outcome,
                         const struct exchange *x)
{
    struct seen_policy seen = {
        .policy_host = span_of(job->policy_host),
        .outcome = outcome,
        .attempt_count = job->tried,
        .started_unix_ms = job->started_unix_ms,
        .tls_ms = -1,
        .total_ms = job->last_ms,
    };
    memcpy(seen.attempts, job->attempts, sizeof(seen.attempts));
    if (x != NULL) {
        tell_exchange(&seen, x);
    }
    f->params.done(f->params.arg, job->tag, &seen);
    forget(f, job);
}

static void end_freshness(struct slot *slot)
{
    slot->fetcher->fresh_count -= slot->fresh;
    slot->fresh = false;
}

/* Of a connection that is over, or was never begun. */
static void leave_place(struct policy_fetcher *f, struct gate_ticket *ticket, uint64_t fetch,
                        const struct net_addr *address)
{
    gates_leave(f->gates, ticket);
    f->used--;
    if (fetch != 0) {
        (void)map_remove(&f->permits, hash_key_of_u64(fetch));
        f->params.return_permit(f->params.arg, fetch, address);
    }
}

static void release(struct slot *slot)
{
    struct policy_fetcher *f = slot->fetcher;
    end_freshness(slot);
    leave_place(f, &slot->ticket, slot->fetch, &slot->exchange.address.address);
    slot->job = NULL;
    SLIST_INSERT_HEAD(&f->free, slot, next_free);
}

static void note_attempt(struct job *job, const struct exchange *x)
{
    job->used_ns += x->ended_ns - x->started_ns;
    job->last_ms = ms_between(x->started_ns, x->ended_ns);
    job->attempts[job->tried++] = (struct policy_attempt){
        .address = x->address.address,
        .outcome = (uint8_t)x->outcome,
        .connect_ms = ms_between(x->started_ns, x->connected_ns),
        .sys = x->sys,
    };
}

static uint64_t time_left_ns(const struct policy_fetcher *f, const struct job *job)
{
    uint64_t total_ns = (uint64_t)f->params.total_timeout_ms * NS_PER_MS;
    return job->used_ns < total_ns ? total_ns - job->used_ns : 0;
}

/* --- second chances ------------------------------------------------------------------------- */

static bool is_lost_before_http(enum policy_fetch outcome)
{
    return outcome == POLICY_FETCH_TCP_TIMEOUT || outcome == POLICY_FETCH_TCP_RESET ||
           outcome == POLICY_FETCH_TLS_TIMEOUT || outcome == POLICY_FETCH_TLS_CLOSED;
}

/* @return false: it has no chance left */
static bool pause_job(struct policy_fetcher *f, struct job *job, const struct exchange *x)
{
    if (!is_lost_before_http(x->outcome) || job->chances >= f->params.retries ||
        job->tried + job->address_count > POLICY_ATTEMPTS_MAX) {
        return false;
    }
    job->chances++;
    job->used_ns = 0;
    job->at = x->reached == EXCHANGE_CONNECTING ? 0 : job->at; /* a server that was reached */
    job->due_ns = x->ended_ns + (uint64_t)f->params.retry_pause_ms * NS_PER_MS;
    TAILQ_INSERT_TAIL(&f->paused, job, next_paused);
    return true;
}

static void end_pause(struct policy_fetcher *f, struct job *job)
{
    TAILQ_REMOVE(&f->paused, job, next_paused);
    job->due_ns = 0;
}

static void resume_jobs(struct policy_fetcher *f, uint64_t now_ns)
{
    struct job *job = NULL;
    while ((job = TAILQ_FIRST(&f->paused)) != NULL && job->due_ns <= now_ns) {
        end_pause(f, job);
        gates_wait(f->gates, &job->ticket, &job->addresses[job->at].address);
    }
}

/* The exchange of this slot is over. Another address only if TCP failed: a server that was reached
 * speaks for the host. */
static void fetcher_conclude(struct slot *slot)
{
    struct policy_fetcher *f = slot->fetcher;
    const struct exchange *x = &slot->exchange;
    struct job *job = slot->job;
    note_attempt(job, x);
    job->slot = NULL;
    if (x->reached == EXCHANGE_CONNECTING && x->outcome != POLICY_FETCH_INTERRUPTED &&
        job->at + 1 < job->address_count && time_left_ns(f, job) > 0) {
        gates_wait(f->gates, &job->ticket, &job->addresses[++job->at].address);
    } else if (!pause_job(f, job, x)) {
        fetcher_tell(f, job, x->outcome, x);
    }
    release(slot);
}

static bool has_slot(const struct policy_fetcher *f)
{
    return f->fresh_count < f->params.fresh && f->used < f->params.concurrency;
}

static struct slot *slot_take(struct policy_fetcher *f)
{
    struct slot *slot = SLIST_FIRST(&f->free);
    if (slot != NULL) {
        SLIST_REMOVE_HEAD(&f->free, next_free);
        return slot;
    }
    slot = memory_new(1, sizeof(*slot));
    slot->fetcher = f;
    exchange_init(&slot->exchange, &f->params, f->multi, f->sha256, f->digest);
    f->slots[f->slot_count++] = slot;
    return slot;
}

static void dial(struct policy_fetcher *f, struct job *job)
{
    struct slot *slot = slot_take(f);
    slot->job = job;
    slot->fresh = true;
    f->fresh_count++;
    f->dialled++;
    slot->ticket = job->ticket;
    slot->fetch = job->fetch;
    job->fetch = 0;
    job->slot = slot;
    job->started_unix_ms = job->started_unix_ms != 0 ? job->started_unix_ms : clock_unix_ms();
    exchange_start(&slot->exchange, job->url, &job->addresses[job->at], time_left_ns(f, job));
    if (slot->exchange.stage == EXCHANGE_OVER) {
        fetcher_conclude(slot);
    }
}

static void ask_for_permit(struct policy_fetcher *f, struct job *job)
{
    bool added = false;
    job->fetch = ++f->fetches;
    (void)map_add(&f->permits, hash_key_of_u64(job->fetch), (uint64_t)(uintptr_t)job, &added);
    f->params.want_permit(f->params.arg, job->fetch, &job->addresses[job->at].address);
}

void policy_fetcher_permit(struct policy_fetcher *f, uint64_t fetch, const struct net_addr *address)
{
    uint64_t *at = map_find(&f->permits, hash_key_of_u64(fetch));
    if (at == NULL) {
        f->params.return_permit(f->params.arg, fetch, address);
    } else if (*at != 0) {
        struct job *job = (struct job *)(uintptr_t)*at;
        *at = 0;
        STAILQ_INSERT_TAIL(&f->permitted, job, next_permitted);
    }
}

static void dial_all(struct policy_fetcher *f)
{
    struct gate_ticket *ticket = NULL;
    struct job *permitted = NULL;
    while (f->fresh_count < f->params.fresh && (permitted = STAILQ_FIRST(&f->permitted)) != NULL) {
        STAILQ_REMOVE_HEAD(&f->permitted, next_permitted);
        dial(f, permitted);
    }
    while (has_slot(f) && (ticket = gates_next(f->gates, clock_monotonic_ns())) != NULL) {
        struct job *job = CONTAINER_OF(ticket, struct job, ticket);
        f->used++;
        if (f->params.want_permit != NULL) {
            ask_for_permit(f, job);
        } else {
            dial(f, job);
        }
    }
}

static void fetcher_collect(struct policy_fetcher *f)
{
    CURLMsg *message = NULL;
    int left = 0;
    while ((message = curl_multi_info_read(f->multi, &left)) != NULL) {
        struct exchange *x = NULL;
        CHECK(message->msg == CURLMSG_DONE &&
              curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&x) == CURLE_OK);
        exchange_ended(x, message->data.result);
        fetcher_conclude(CONTAINER_OF(x, struct slot, exchange));
    }
}

static uint64_t freshness_ends_ns(const struct slot *slot)
{
    return slot->exchange.started_ns + POLICY_FRESH_MS * (uint64_t)NS_PER_MS;
}

static void check_limits(struct policy_fetcher *f, uint64_t now_ns)
{
    for (size_t i = 0; i < f->slot_count; i++) {
        struct slot *slot = f->slots[i];
        if (slot->job != NULL && exchange_check(&slot->exchange, now_ns)) {
            fetcher_conclude(slot);
        } else if (slot->fresh && now_ns >= freshness_ends_ns(slot)) {
            end_freshness(slot);
        }
    }
}

static void begin_turn(struct policy_fetcher *f)
{
    for (size_t i = 0; i < f->slot_count; i++) {
        tls_evidence_begin_turn(&f->slots[i]->exchange.tls);
    }
}

static void turn(struct policy_fetcher *f)
{
    int running = 0;
    begin_turn(f);
    resume_jobs(f, clock_monotonic_ns());
    dial_all(f);
    /* Time as it was before reading: who had answered until then is not late. */
    uint64_t now_ns = clock_monotonic_ns();
    CHECK(curl_multi_perform(f->multi, &running) == CURLM_OK);
    fetcher_collect(f);
    check_limits(f, now_ns);
    dial_all(f); /* in the places of those that ended */
}

static uint64_t fetcher_least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Rounded up: nothing is due before. */
static uint32_t wait_ms(const struct policy_fetcher *f, uint32_t timeout_ms)
{
    uint64_t due_ns = has_slot(f) ? gates_due_ns(f->gates) : UINT64_MAX;
    const struct job *paused = TAILQ_FIRST(&f->paused);
    due_ns = paused != NULL ? fetcher_least(due_ns, paused->due_ns) : due_ns;
    for (size_t i = 0; i < f->slot_count; i++) {
        const struct slot *slot = f->slots[i];
        due_ns =
            slot->job != NULL ? fetcher_least(due_ns, exchange_due_ns(&slot->exchange)) : due_ns;
        due_ns = slot->fresh ? fetcher_least(due_ns, freshness_ends_ns(slot)) : due_ns;
    }
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t wait = due_ns <= now_ns ? 0 : (due_ns - now_ns - 1) / NS_PER_MS + 1;
    return wait < timeout_ms ? (uint32_t)wait : timeout_ms;
}

void policy_fetcher_run(struct policy_fetcher *f, uint32_t timeout_ms)
{
    size_t pending = f->pending;
    turn(f);
    if (f->pending >= pending && timeout_ms > 0) {
        timeout_ms = timeout_ms < INT32_MAX ? timeout_ms : INT32_MAX;
        CHECK(curl_multi_poll(f->multi, NULL, 0, (int)wait_ms(f, timeout_ms), NULL) == CURLM_OK);
        turn(f);
    }
}

static void interrupt(struct policy_fetcher *f, struct job *job)
{
    struct slot *slot = job->slot;
    if (slot != NULL) {
        exchange_give_up(&slot->exchange, POLICY_FETCH_INTERRUPTED);
        fetcher_conclude(slot);
        return;
    }
    if (job->fetch != 0) {
        leave_place(f, &job->ticket, job->fetch, &job->addresses[job->at].address);
    } else if (job->due_ns != 0) {
        end_pause(f, job);
    } else {
        gates_cancel(f->gates, &job->ticket);
    }
    fetcher_tell(f, job, POLICY_FETCH_INTERRUPTED, NULL);
}

void policy_fetcher_abort_all(struct policy_fetcher *f)
{
    STAILQ_INIT(&f->permitted);
    for (size_t left = f->pending; left > 0; left--) { /* not those that done() adds */
        interrupt(f, TAILQ_FIRST(&f->jobs));
    }
}
