#include "scanner/pipeline/resolver_check.h"

#include "resolver/resolver.h"
#include "scanner/base/check.h"

#define CHECK_TIMEOUT_MS 2000 /* per try: the resolver is on this machine */
#define CHECK_TRIES      2

const struct vocabulary trust_ad_vocabulary = VOCABULARY_WORDS(TRUST_ADS);

static bool is_loopback(const struct net_addr *a)
{
    return a->family == 4 ? a->octets[0] == 127
                          : net_addr_eq(a, &(struct net_addr){.family = 6, .octets = {[15] = 1}});
}

static bool all_loopback(const struct scan_params *p)
{
    for (size_t i = 0; i < p->name_server_count; i++) {
        if (!is_loopback(&p->name_servers[i].address)) {
            return false;
        }
    }
    return p->name_server_count > 0;
}

static void on_root(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    (void)tag;
    *(struct seen_dns *)arg = answer->seen;
}

static struct seen_dns ask_for_root(const struct scan_params *p)
{
    struct seen_dns seen = {0};
    struct resolver_server servers[RESOLVER_SERVERS_MAX];
    size_t count = 0;
    for (; count < p->name_server_count && count < RESOLVER_SERVERS_MAX; count++) {
        servers[count] =
            (struct resolver_server){p->name_servers[count].address, p->name_servers[count].port};
    }
    struct resolver_params params = {.servers = servers,
                                     .server_count = count,
                                     .timeout_ms = CHECK_TIMEOUT_MS,
                                     .tries = CHECK_TRIES};
    uv_loop_t loop;
    CHECK(uv_loop_init(&loop) == 0);
    struct resolver *r = resolver_new(&loop, &params);
    resolver_ask(r, SPAN_LIT("."), DNS_TYPE_NS, on_root, &seen, 0);
    while (resolver_pending(r) > 0 && uv_run(&loop, UV_RUN_ONCE) != 0) {
    }
    resolver_free(r);
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    CHECK(uv_loop_close(&loop) == 0);
    return seen;
}

bool resolver_check_trust(const struct scan_params *p, enum trust_ad setting, const char **reason)
{
    if (setting != TRUST_AD_AUTO) {
        *reason = "option";
        return setting == TRUST_AD_YES;
    }
    if (!all_loopback(p)) {
        *reason = "not_loopback";
        return false;
    }
    struct seen_dns root = ask_for_root(p);
    if (root.state != DNS_DATA) {
        *reason = "no_answer";
        return false;
    }
    *reason = root.ad ? "validates" : "not_validating";
    return root.ad;
}
