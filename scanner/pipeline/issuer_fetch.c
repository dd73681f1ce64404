#include "scanner/pipeline/issuer_fetch.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "scanner/base/memory.h"
#include "scanner/domain/domain_name.h"
#include "scanner/fetch/aia_url.h"
#include "scanner/pipeline/dialling.h"

#define HTTP_PORT   80  /* RFC 9110 section 4.2.1 */
#define LOOK_MS     100 /* how often go_on() is asked */
#define CONCURRENCY 64  /* connections at once; our own bound */

/* A host of some URLs. Its questions are asked once. */
struct issuer_host {
    char *name; /* A-labels, lower case; malloc */
    size_t urls;
    bool asked;
    bool blocklisted;
    struct seen_dns a;
    struct seen_dns aaaa;
    struct net_addr addresses[POLICY_ADDRESSES_MAX]; /* IPv4 before IPv6, each sorted */
    size_t address_count;
};

struct issuer_url {
    struct span url; /* malloc, as the octets of the answer */
    size_t host;     /* index; meaningless where it was refused at sight */
    struct span path;
    bool settled;
    struct seen_issuer seen;
    struct buf octets; /* of location, content_type, body */
};

struct issuer_fetch {
    const struct scan *scan;
    bool (*go_on)(void *arg);
    void *arg;
    bool halted;
    struct map known;         /* URL → 1 */
    struct issuer_url **urls; /* by URL, as far as they are settled */
    size_t url_count;
    size_t settled_count;
    struct map host_index;
    struct issuer_host *hosts;
    size_t host_count;
};

struct issuer_fetch *issuer_fetch_new(const struct scan *s, bool (*go_on)(void *arg), void *arg)
{
    struct issuer_fetch *f = memory_new(1, sizeof(*f));
    *f = (struct issuer_fetch){.scan = s, .go_on = go_on, .arg = arg};
    CHECK(curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK); /* it counts */
    return f;
}

void issuer_fetch_free(struct issuer_fetch *f)
{
    if (f == NULL) {
        return;
    }
    for (size_t i = 0; i < f->url_count; i++) {
        free((void *)(uintptr_t)f->urls[i]->url.at);
        buf_deinit(&f->urls[i]->octets);
        free(f->urls[i]);
    }
    for (size_t i = 0; i < f->host_count; i++) {
        free(f->hosts[i].name);
    }
    free(f->urls);
    free(f->hosts);
    map_deinit(&f->known);
    map_deinit(&f->host_index);
    curl_global_cleanup();
    free(f);
}

void issuer_fetch_want(struct issuer_fetch *f, struct span url)
{
    bool added = false;
    (void)map_add(&f->known, hash_key_of(url), 1, &added);
    if (!added) {
        return;
    }
    struct issuer_url *u = memory_new(1, sizeof(*u));
    uint8_t *copy = memory_new(url.len + 1, 1); /* a URL may be empty, memory not */
    memcpy(copy, url.at, url.len);
    u->url = (struct span){copy, url.len};
    u->octets = BUF_INIT(BUF_NO_LIMIT);
    u->seen = (struct seen_issuer){.url = u->url, .total_ms = -1};
    f->urls = memory_grow_list(f->urls, f->url_count, sizeof(struct issuer_url *));
    f->urls[f->url_count++] = u;
}

static int by_url(const void *a, const void *b)
{
    return span_cmp((*(struct issuer_url *const *)a)->url, (*(struct issuer_url *const *)b)->url);
}

/* --- hosts --------------------------------------------------------------------------------- */

static size_t find_host(struct issuer_fetch *f, struct span name)
{
    bool added = false;
    uint64_t at = *map_add(&f->host_index, hash_key_of(name), f->host_count, &added);
    if (added) {
        f->hosts = memory_grow_list(f->hosts, f->host_count, sizeof(*f->hosts));
        struct issuer_host *h = &f->hosts[f->host_count++];
        *h = (struct issuer_host){.name = memory_new(name.len + 1, 1)};
        memcpy(h->name, name.at, name.len);
        h->blocklisted = blocklist_has_name(f->scan->dial.blocklist, name);
    }
    return at;
}

/* What can be said before anything is asked. */
static enum issuer_refusal look_at(struct issuer_fetch *f, struct issuer_url *u)
{
    struct aia_url parts = {{0}, {0}};
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    enum issuer_refusal refused = aia_url_read(u->url, &parts);
    if (refused == ISSUER_REFUSAL_NONE &&
        (!host_name_normalise(parts.host, &name, NULL) || memchr(name.at, '.', name.len) == NULL)) {
        refused = ISSUER_REFUSAL_HOST;
    }
    if (refused == ISSUER_REFUSAL_NONE) {
        u->host = find_host(f, buf_span(&name));
        u->path = parts.path;
        struct issuer_host *h = &f->hosts[u->host];
        bool enough = h->urls >= ISSUER_HOST_URLS_MAX || f->settled_count >= ISSUER_URLS_MAX;
        refused = enough ? ISSUER_REFUSAL_BUDGET : ISSUER_REFUSAL_NONE;
        h->urls += !enough;
    }
    f->settled_count++;
    buf_deinit(&name);
    return refused;
}

static void take_answer(const struct issuer_fetch *f, struct issuer_host *h, bool ipv4,
                        const struct dns_answer *answer)
{
    size_t room = POLICY_ADDRESSES_MAX / 2;
    size_t added = answer->rr_count < room ? answer->rr_count : room;
    if (ipv4) { /* in front, whichever comes first */
        memmove(h->addresses + added, h->addresses, h->address_count * sizeof(h->addresses[0]));
    }
    for (size_t i = 0; i < added; i++) {
        h->addresses[ipv4 ? i : h->address_count + i] = answer->rrs[i].address;
    }
    h->address_count += added;
    *(ipv4 ? &h->a : &h->aaaa) = answer->seen;
    for (size_t i = 0; i < answer->cname_count; i++) {
        h->blocklisted =
            h->blocklisted || blocklist_has_name(f->scan->dial.blocklist, answer->cnames[i]);
    }
}

static void on_answer(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct issuer_fetch *f = arg;
    take_answer(f, &f->hosts[tag >> 1], (tag & 1) == 0, answer);
}

static void issuer_fetch_look_around(struct issuer_fetch *f)
{
    f->halted = f->halted || !f->go_on(f->arg);
}

static void issuer_fetch_on_look(uv_timer_t *timer)
{
    issuer_fetch_look_around(timer->data);
}

static void ask_hosts(struct issuer_fetch *f, struct resolver *r)
{
    for (size_t i = 0; i < f->host_count; i++) {
        struct issuer_host *h = &f->hosts[i];
        if (!h->asked && !h->blocklisted && h->urls > 0) {
            resolver_ask(r, span_of(h->name), DNS_TYPE_A, on_answer, f, i << 1);
            resolver_ask(r, span_of(h->name), DNS_TYPE_AAAA, on_answer, f, i << 1 | 1);
        }
        h->asked = true;
    }
}

static void resolve_hosts(struct issuer_fetch *f)
{
    uv_loop_t loop;
    uv_timer_t look;
    CHECK(uv_loop_init(&loop) == 0 && uv_timer_init(&loop, &look) == 0);
    look.data = f;
    CHECK(uv_timer_start(&look, issuer_fetch_on_look, LOOK_MS, LOOK_MS) == 0);
    const struct scan_params *p = f->scan->params;
    struct resolver *r = open_resolver(p, &loop, p->dns_rate);
    ask_hosts(f, r);
    while (resolver_pending(r) > 0 && !f->halted) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    resolver_free(r);
    uv_close((uv_handle_t *)&look, NULL);
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    CHECK(uv_loop_close(&loop) == 0);
}

/* --- URLs ---------------------------------------------------------------------------------- */

static void issuer_fetch_settle(struct issuer_url *u, enum policy_fetch outcome,
                                enum not_tested_reason reason)
{
    u->seen.outcome = outcome;
    u->seen.not_tested = reason;
    u->settled = true;
}

static struct span issuer_fetch_keep(struct issuer_url *u, struct span s)
{
    size_t at = u->octets.len;
    buf_put(&u->octets, s);
    return (struct span){u->octets.at + at, s.len};
}

static void issuer_fetch_on_done(void *arg, void *tag, const struct seen_policy *seen)
{
    struct issuer_url *u = tag;
    (void)arg;
    issuer_fetch_settle(u, seen->outcome, NOT_TESTED_NONE);
    /* Room for all of it first: spans lead into it. */
    CHECK(buf_room(&u->octets, seen->location.len + seen->content_type.len + seen->body.len + 1));
    memcpy(u->seen.attempts, seen->attempts, sizeof(seen->attempts));
    u->seen.attempt_count = seen->attempt_count;
    u->seen.started_unix_ms = seen->started_unix_ms;
    u->seen.total_ms = seen->total_ms;
    u->seen.status = seen->status;
    u->seen.location = issuer_fetch_keep(u, seen->location);
    u->seen.content_type = issuer_fetch_keep(u, seen->content_type);
    if (seen->outcome == POLICY_FETCH_FETCHED) { /* of the others nothing is read */
        u->seen.body = issuer_fetch_keep(u, seen->body);
    }
}

static void add_target(struct issuer_fetch *f, struct policy_fetcher *fetcher, struct issuer_url *u,
                       const struct policy_target *target)
{
    struct buf url = BUF_INIT(BUF_NO_LIMIT);
    struct policy_target whole = *target;
    buf_putf(&url, "http://%s", f->hosts[u->host].name);
    buf_put_text(&url, u->path.len == 0 || u->path.at[0] != '/' ? "/" : "");
    buf_put(&url, u->path);
    buf_put_char(&url, '\0');
    whole.url = (const char *)url.at;
    policy_fetcher_add(fetcher, &whole, u);
    buf_deinit(&url);
}

static void begin_fetch(struct issuer_fetch *f, struct policy_fetcher *fetcher,
                        struct issuer_url *u)
{
    const struct scan_params *p = f->scan->params;
    const struct issuer_host *h = &f->hosts[u->host];
    struct policy_target target = {.policy_host = h->name};
    enum not_tested_reason reason = NOT_TESTED_NONE;
    for (size_t i = 0; i < h->address_count && target.address_count < POLICY_DIALLED_MAX; i++) {
        enum not_tested_reason no = dial_rules_refuse(&f->scan->dial, &h->addresses[i]);
        if (no == NOT_TESTED_NONE) {
            target.addresses[target.address_count++] =
                fetch_address(p, &h->addresses[i], HTTP_PORT);
        } else if (reason == NOT_TESTED_NONE) {
            reason = no; /* of the first one */
        }
    }
    if (h->blocklisted) {
        issuer_fetch_settle(u, POLICY_FETCH_NOT_DIALLED, NOT_TESTED_BLOCKLISTED);
    } else if (h->address_count == 0) {
        issuer_fetch_settle(u, fetch_without_address(&h->a, &h->aaaa), NOT_TESTED_NONE);
    } else if (target.address_count == 0) {
        issuer_fetch_settle(u, POLICY_FETCH_NOT_DIALLED, reason);
    } else {
        add_target(f, fetcher, u, &target);
    }
}

static struct policy_fetcher *new_fetcher(const struct scan_params *p)
{
    const struct policy_fetcher_params params = {
        .user_agent = p->user_agent,
        .plain = true,
        .concurrency = CONCURRENCY,
        .address_rate = p->address_rate,
        .address_limit = p->address_limit,
        .network_limit = p->network_limit,
        .connect_timeout_ms = p->connect_timeout_ms,
        .head_timeout_ms = p->greeting_timeout_ms,
        .total_timeout_ms = p->policy_timeout_ms,
        .done = issuer_fetch_on_done,
    };
    return policy_fetcher_new(&params);
}

static void fetch_from(struct issuer_fetch *f, size_t first)
{
    struct policy_fetcher *fetcher = new_fetcher(f->scan->params);
    for (size_t i = first; i < f->url_count && !f->halted; i++) {
        if (!f->urls[i]->settled) {
            begin_fetch(f, fetcher, f->urls[i]);
        }
    }
    while (policy_fetcher_pending(fetcher) > 0) {
        policy_fetcher_run(fetcher, LOOK_MS);
        issuer_fetch_look_around(f);
        if (f->halted) {
            policy_fetcher_abort_all(fetcher);
        }
    }
    policy_fetcher_free(fetcher);
    for (size_t i = first; i < f->url_count; i++) {
        if (!f->urls[i]->settled) {
            issuer_fetch_settle(f->urls[i], POLICY_FETCH_INTERRUPTED, NOT_TESTED_NONE);
        }
    }
}

bool issuer_fetch_run(struct issuer_fetch *f, issuer_seen_fn seen, void *arg)
{
    size_t first = f->settled_count;
    size_t count = f->url_count - first;
    if (count == 0 || f->halted) {
        return false;
    }
    qsort(f->urls + first, count, sizeof(struct issuer_url *), by_url);
    for (size_t i = first; i < f->url_count; i++) {
        struct issuer_url *u = f->urls[i];
        u->seen.refused = look_at(f, u);
        if (u->seen.refused != ISSUER_REFUSAL_NONE) {
            issuer_fetch_settle(u, POLICY_FETCH_NOT_ASKED, NOT_TESTED_NONE);
        }
    }
    resolve_hosts(f);
    fetch_from(f, first);
    for (size_t i = first; i < f->url_count; i++) {
        seen(arg, &f->urls[i]->seen);
    }
    return !f->halted;
}

size_t issuer_fetch_each(const struct issuer_fetch *f, issuer_seen_fn seen, void *arg)
{
    struct issuer_url **sorted = memory_new(f->url_count, sizeof(struct issuer_url *));
    for (size_t i = 0; i < f->url_count; i++) {
        sorted[i] = f->urls[i];
    }
    qsort(sorted, f->url_count, sizeof(struct issuer_url *), by_url);
    for (size_t i = 0; i < f->url_count; i++) {
        seen(arg, &sorted[i]->seen);
    }
    free(sorted);
    return f->url_count;
}
