#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "resolver/resolver.h"
#include "scanner/base/check.h"
#include "scanner/vantage/vantage_look.h"

#define TIMEOUT_MIN_MS 2000 /* of the first try; the second one waits longer */
#define TRIES          2
#define ROOT_SERVERS   13 /* a to m, RFC 9609 section 4.1 */

/* A loop of its own, with the questions that are asked at the same time. */
struct asking {
    uv_loop_t loop;
    struct resolver *resolver[VANTAGE_SERVERS_MAX];
    size_t count;
    uint32_t timeout_ms;
};

static struct resolver *add_resolver(struct asking *a, const struct net_endpoint *servers,
                                     size_t count)
{
    const struct resolver_params params = {
        .servers = servers, .server_count = count, .timeout_ms = a->timeout_ms, .tries = TRIES};
    CHECK(a->count < VANTAGE_SERVERS_MAX);
    return a->resolver[a->count++] = resolver_new(&a->loop, &params);
}

static size_t count_pending(const struct asking *a)
{
    size_t pending = 0;
    for (size_t i = 0; i < a->count; i++) {
        pending += resolver_pending(a->resolver[i]);
    }
    return pending;
}

static void wait_for_answers(struct asking *a)
{
    while (count_pending(a) > 0 && uv_run(&a->loop, UV_RUN_ONCE) != 0) {
    }
}

static void begin_asking(struct asking *a, uint32_t dns_timeout_ms)
{
    a->count = 0;
    a->timeout_ms = dns_timeout_ms > TIMEOUT_MIN_MS ? dns_timeout_ms : TIMEOUT_MIN_MS;
    CHECK(uv_loop_init(&a->loop) == 0);
}

static void end_asking(struct asking *a)
{
    wait_for_answers(a);
    for (size_t i = 0; i < a->count; i++) {
        resolver_free(a->resolver[i]);
    }
    CHECK(uv_run(&a->loop, UV_RUN_DEFAULT) == 0);
    CHECK(uv_loop_close(&a->loop) == 0);
}

/* --- each resolver by itself ----------------------------------------------------------------- */

static void on_root(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct vantage_resolver *r = arg;
    size_t servers = 0;
    (void)tag;
    r->root = answer->seen;
    for (size_t i = 0; i < answer->rr_count; i++) {
        static const struct span zone = SPAN_INIT(".root-servers.net");
        struct span name = answer->rrs[i].name;
        servers += name.len == zone.len + 1 && memcmp(name.at + 1, zone.at, zone.len) == 0;
    }
    r->internet_root = servers == ROOT_SERVERS;
}

enum existing {
    EXISTING_COM,
    EXISTING_OWN
};

static void on_existing(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct vantage_resolver *r = arg;
    *(tag == EXISTING_COM ? &r->com : &r->own) = answer->seen;
}

static void on_absent(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct vantage_resolver *r = arg;
    r->absent[tag] = answer->seen;
    if (answer->seen.state == DNS_DATA && answer->rr_count > 0) {
        r->false_address = answer->rrs[0].address;
    }
}

/* Names that nobody has: one at the top, where the root zone is a closed list, and one in a zone of
 * many names, as some resolvers rewrite only there. No resolver can have heard of them before. */
static void ask_for_absent(struct resolver *resolver, struct vantage_resolver *r)
{
    static const char *const zone[VANTAGE_ABSENT_NAMES] = {"", ".com"};
    for (size_t i = 0; i < VANTAGE_ABSENT_NAMES; i++) {
        char name[64];
        uint64_t number = 0;
        (void)getrandom(&number, sizeof(number), GRND_NONBLOCK);
        (void)snprintf(name, sizeof(name), "mxcensus-%016llx%s", (unsigned long long)number,
                       zone[i]);
        resolver_ask(resolver, span_of(name), DNS_TYPE_A, on_absent, r, i);
    }
}

static void look_at_resolvers(const struct vantage_questions *q, struct vantage_facts *facts)
{
    struct asking a;
    begin_asking(&a, q->dns_timeout_ms);
    for (size_t i = 0; i < q->server_count && i < VANTAGE_SERVERS_MAX; i++) {
        struct vantage_resolver *r = &facts->resolver[facts->resolver_count++];
        r->address = q->server[i].address;
        r->port = q->server[i].port;
        struct resolver *resolver = add_resolver(&a, &q->server[i], 1);
        resolver_ask(resolver, SPAN_LIT("."), DNS_TYPE_NS, on_root, r, 0);
        resolver_ask(resolver, SPAN_LIT("com"), DNS_TYPE_NS, on_existing, r, EXISTING_COM);
        if (q->server_count > 1 &&
            !vantage_is_literal(q->ehlo_domain)) { /* who alone is asked contradicts nobody */
            resolver_ask(resolver, span_of(q->ehlo_domain), DNS_TYPE_A, on_existing, r,
                         EXISTING_OWN);
        }
        ask_for_absent(resolver, r);
    }
    end_asking(&a);
}

/* --- names and addresses --------------------------------------------------------------------- */

static void on_address(void *arg, uint64_t type, const struct dns_answer *answer)
{
    struct vantage_addresses *found = arg;
    if (type == DNS_TYPE_A) {
        found->a = answer->seen;
    } else {
        found->aaaa = answer->seen;
    }
    for (size_t i = 0; i < answer->rr_count && found->count < VANTAGE_ADDRESSES_MAX; i++) {
        found->address[found->count++] = answer->rrs[i].address;
    }
}

static void ask_for_addresses(struct resolver *resolver, const char *name,
                              struct vantage_addresses *found)
{
    resolver_ask(resolver, span_of(name), DNS_TYPE_A, on_address, found, DNS_TYPE_A);
    resolver_ask(resolver, span_of(name), DNS_TYPE_AAAA, on_address, found, DNS_TYPE_AAAA);
}

static void on_name(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct vantage_reverse *r = arg;
    (void)tag;
    r->ptr = answer->seen;
    for (size_t i = 0; i < answer->rr_count && r->count < VANTAGE_NAMES_MAX; i++) {
        struct span name = answer->rrs[i].name;
        if (name.len < VANTAGE_NAME_MAX) {
            memcpy(r->name[r->count], name.at, name.len);
            r->name[r->count++][name.len] = '\0';
        }
    }
}

static void ask_for_names(struct resolver *resolver, struct vantage_facts *facts,
                          const struct net_addr *address)
{
    char name[DNS_REVERSE_NAME_MAX];
    for (size_t i = 0; i < facts->reverse_count; i++) {
        if (net_addr_eq(&facts->reverse[i].address, address)) {
            return;
        }
    }
    if (address->family == 0 || net_addr_special_purpose(address) != NULL ||
        facts->reverse_count == VANTAGE_REVERSE_MAX) {
        return;
    }
    struct vantage_reverse *r = &facts->reverse[facts->reverse_count++];
    r->address = *address;
    resolver_ask(resolver, dns_name_reverse(address, name), DNS_TYPE_PTR, on_name, r, 0);
}

static void look_up_hosts(const struct vantage_questions *q, struct resolver *resolver,
                          struct vantage_facts *facts)
{
    for (size_t i = 0; i < q->host_count && i < VANTAGE_HOSTS_MAX; i++) {
        struct vantage_host *h = &facts->host[facts->host_count++];
        h->name = q->host[i];
        h->port = q->host_port[i];
        if (net_addr_parse(span_of(h->name), &h->found.address[0])) {
            h->found.count = 1;
        } else {
            ask_for_addresses(resolver, h->name, &h->found);
        }
    }
}

static void look_up_names(struct resolver *resolver, struct vantage_facts *facts)
{
    for (size_t i = 0; i < facts->local_count; i++) {
        ask_for_names(resolver, facts, &facts->local[i].address);
    }
    ask_for_names(resolver, facts, &facts->ipv4.source);
    ask_for_names(resolver, facts, &facts->ipv6.source);
    for (size_t i = 0; i < facts->ehlo.count; i++) {
        ask_for_names(resolver, facts, &facts->ehlo.address[i]);
    }
}

/* Those that are not asked in the scan need not be asked here; of these alone the verdict says so. */
static size_t list_used_servers(const struct vantage_questions *q,
                                const struct vantage_facts *facts,
                                struct net_endpoint used[VANTAGE_SERVERS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < facts->resolver_count; i++) {
        if (!vantage_resolver_denies(facts, i)) {
            used[count++] = q->server[i];
        }
    }
    return count;
}

static bool somebody_answers(const struct vantage_facts *facts)
{
    bool answered = false;
    for (size_t i = 0; i < facts->resolver_count; i++) {
        answered = answered || facts->resolver[i].root.rcode != DNS_RCODE_NONE;
    }
    return answered;
}

void vantage_look_at_dns(const struct vantage_questions *q, struct vantage_facts *facts)
{
    struct asking a;
    struct net_endpoint used[VANTAGE_SERVERS_MAX];
    look_at_resolvers(q, facts);
    size_t used_count = list_used_servers(q, facts, used);
    if (used_count == 0 || !somebody_answers(facts)) {
        return; /* nor would they then */
    }
    begin_asking(&a, q->dns_timeout_ms);
    struct resolver *resolver = add_resolver(&a, used, used_count);
    if (!vantage_is_literal(q->ehlo_domain)) {
        ask_for_addresses(resolver, q->ehlo_domain, &facts->ehlo);
    }
    look_up_hosts(q, resolver, facts);
    wait_for_answers(&a);
    look_up_names(resolver, facts);
    end_asking(&a);
}
