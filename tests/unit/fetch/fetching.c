#include "tests/unit/fetch/fetching.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <sys/socket.h>

#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/tls/tls_context.h"

static struct span keep(struct result *r, struct span s)
{
    size_t at = r->octets.len;
    buf_put(&r->octets, s);
    return (struct span){r->octets.at + at, s.len};
}

static void on_done(void *arg, void *tag, const struct seen_policy *seen)
{
    struct results *results = arg;
    cr_assert(results->count < RESULTS_MAX);
    struct result *r = &results->list[results->count++];
    r->tag = tag;
    r->seen = *seen;
    r->octets = BUF_INIT(BUF_NO_LIMIT);
    cr_assert_not_null(buf_room(&r->octets, seen->policy_host.len + seen->body.len +
                                                seen->location.len + seen->content_type.len +
                                                seen->tls.list.len));
    r->seen.policy_host = keep(r, seen->policy_host);
    r->seen.body = keep(r, seen->body);
    r->seen.location = keep(r, seen->location);
    r->seen.content_type = keep(r, seen->content_type);
    r->seen.tls.list = keep(r, seen->tls.list);
}

void results_deinit(struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        buf_deinit(&results->list[i].octets);
    }
    results->count = 0;
}

void fetching_set_up(void)
{
    hash_secret_init();
    tls_process_init();
    cr_assert_eq(curl_global_init(CURL_GLOBAL_ALL), CURLE_OK);
}

void fetching_tear_down(void)
{
    curl_global_cleanup();
}

struct policy_fetcher_params patient(struct results *results)
{
    return (struct policy_fetcher_params){
        .user_agent = "mxcensus-test",
        .connect_timeout_ms = 20000,
        .tls_timeout_ms = 20000,
        .head_timeout_ms = 20000,
        .total_timeout_ms = 60000,
        .done = on_done,
        .arg = results,
    };
}

struct net_addr address(const char *text)
{
    struct net_addr a;
    cr_assert(net_addr_parse(span_of(text), &a));
    return a;
}

struct policy_address at(const char *real, uint16_t port)
{
    return (struct policy_address){
        .address = address(real), .dial_address = address("127.0.0.1"), .dial_port = port};
}

void run_all(struct policy_fetcher *f)
{
    while (policy_fetcher_pending(f) > 0) {
        policy_fetcher_run(f, 1000);
    }
}

struct https_peer serve(const struct https_step *steps, const struct test_cert *leaf)
{
    return https_peer_start(&(struct https_peer_params){
        .steps = steps, .list = &leaf->cert, .list_count = 1, .key = leaf->key});
}

struct test_cert leaf_new(void)
{
    return test_cert_new(NULL, &(struct test_cert_params){.cn = HOST, .san = "DNS:" HOST});
}

int deaf_listener(uint16_t *port, int fillers[], size_t count)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(in);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&in, len) == 0 && listen(fd, 0) == 0 &&
              getsockname(fd, (struct sockaddr *)&in, &len) == 0);
    for (size_t i = 0; i < count; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fillers[i], (struct sockaddr *)&in, len);
    }
    *port = ntohs(in.sin_port);
    return fd;
}

void fetch_from(const struct policy_fetcher_params *params, const struct policy_address *to,
                size_t count)
{
    struct policy_target target = {.policy_host = HOST, .address_count = count};
    memcpy(target.addresses, to, count * sizeof(*to));
    struct policy_fetcher *f = policy_fetcher_new(params);
    policy_fetcher_add(f, &target, NULL);
    run_all(f);
    policy_fetcher_free(f);
}

void add_many(struct policy_fetcher *f, struct policy_address to, size_t count)
{
    for (uintptr_t i = 1; i <= count; i++) {
        char host[64];
        (void)snprintf(host, sizeof(host), "mta-sts.host%zu.test", (size_t)i);
        policy_fetcher_add(
            f, &(struct policy_target){.policy_host = host, .addresses = {to}, .address_count = 1},
            (void *)i);
    }
}
