#include "scanner/cli/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "resolver/resolver.h"
#include "scanner/base/check.h"
#include "scanner/base/file.h"
#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/cert/crypto_process.h"
#include "scanner/cli/option_files.h"
#include "scanner/cli/option_value.h"
#include "scanner/domain/operator_list.h"
#include "scanner/senders/sender_profiles.h"
#include "scanner/shipped/shipped_operators.h"
#include "scanner/shipped/shipped_shared_operators.h"
#include "scanner/vantage/vantage_look.h"

#define RESOLV_CONF     "/etc/resolv.conf"
#define RESOLV_CONF_MAX 65536 /* octets that are read; our own bound */
#define DNS_PORT        53    /* RFC 1035 section 4.2 */

void machine_init(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* write() says it, and what is to be ended in order is */
    memory_init();
    crypto_process_init();
    hash_secret_init(); /* tables are filled from the first file on */
}

size_t machine_parse_resolvers(struct span text, struct net_endpoint *out, size_t max)
{
    static const struct span keyword = SPAN_INIT("nameserver");
    size_t count = 0;
    while (text.len > 0 && count < max) {
        struct span line = text_trim(text_take_until(&text, '\n'));
        if (!span_eq(span_take(line, keyword.len), keyword)) {
            continue;
        }
        line = span_drop(line, keyword.len);
        /* A word of its own; resolv.conf(5) has no comment behind a value. */
        if (line.len == 0 || (line.at[0] != ' ' && line.at[0] != '\t')) {
            continue;
        }
        if (net_addr_parse(text_trim(line), &out[count].address)) {
            out[count].port = DNS_PORT;
            count++;
        }
    }
    return count;
}

static bool fill_name_servers(struct options *o, struct buf *why)
{
    struct buf text = BUF_INIT(RESOLV_CONF_MAX);
    if (o->params.name_server_count == 0) {
        (void)file_read(RESOLV_CONF, &text); /* absent is as good as empty */
        o->params.name_server_count =
            machine_parse_resolvers(buf_span(&text), o->name_servers, NAME_SERVERS_MAX);
    }
    buf_deinit(&text);
    if (o->params.name_server_count == 0) {
        buf_put_text(why, "no resolver in " RESOLV_CONF "; give one with --name-servers");
    }
    return o->params.name_server_count > 0;
}

/** The canonical name of this host as its own resolver files and DNS know it. */
static bool find_own_name(char out[EHLO_DOMAIN_MAX])
{
    char host[EHLO_DOMAIN_MAX];
    struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (gethostname(host, sizeof(host)) != 0) {
        return false;
    }
    host[sizeof(host) - 1] = '\0'; /* POSIX leaves a cut name open */
    const char *name = host;
    if (!value_is_fqdn(span_of(host)) && getaddrinfo(host, NULL, &hints, &found) == 0 &&
        found->ai_canonname != NULL) {
        name = found->ai_canonname;
    }
    bool ok = value_is_fqdn(span_of(name));
    if (ok) {
        memcpy(out, name, strlen(name) + 1);
    }
    if (found != NULL) {
        freeaddrinfo(found);
    }
    return ok;
}

bool machine_fill_ehlo_domain(struct options *o, struct buf *why)
{
    if (o->params.ehlo_domain != NULL) {
        return true;
    }
    if (!find_own_name(o->ehlo_domain)) {
        buf_put_text(why, "this host has no fully qualified name for EHLO; set one with "
                          "--ehlo-domain, such as scanner.example.org");
        return false;
    }
    o->params.ehlo_domain = o->ehlo_domain;
    return true;
}

bool machine_fill_ehlo_literal(struct options *o)
{
    static const uint8_t families[] = {4, 6};
    struct net_addr own = o->params.local_addr_count > 0 ? o->local_addrs[0] : (struct net_addr){0};
    for (size_t i = 0; own.family == 0 && i < sizeof(families); i++) {
        struct vantage_route route = vantage_look_for_route(families[i]);
        own = route.error == 0 ? route.source : own;
    }
    if (own.family == 0) {
        return false;
    }
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(&own, text);
    (void)snprintf(o->ehlo_domain, sizeof(o->ehlo_domain), own.family == 6 ? "[IPv6:%s]" : "[%s]",
                   text);
    o->params.ehlo_domain = o->ehlo_domain;
    return true;
}

uint32_t machine_processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (uint32_t)count : 1;
}

bool machine_fill(struct options *o, struct buf *why)
{
    if (o->params.threads == 0) {
        options_set_threads(o, machine_processors());
    }
    return fill_name_servers(o, why);
}

static bool machine_read_store(struct options *o, const char *name, const char *path,
                               struct buf *why)
{
    const char *file = path != NULL ? path : trust_store_system_path();
    if (file == NULL) {
        buf_put_text(why, "no root certificates on this machine; install the package "
                          "ca-certificates, or give a file with --root-cas");
        return false;
    }
    struct trust_store_octets *store = &o->stores[o->params.terms.store_count];
    size_t start = why->len;
    if (!trust_store_read(store, name, file, why)) {
        if (path != NULL) {
            option_files_name(why, start, "root-cas");
        }
        return false;
    }
    o->params.terms.store_count++;
    return true;
}

bool machine_read_stores(struct options *o, struct buf *why)
{
    for (size_t i = 0; i < o->root_cas_count; i++) {
        if (!machine_read_store(o, o->root_cas[i].name, o->root_cas[i].path, why)) {
            return false;
        }
    }
    return o->root_cas_count > 0 || machine_read_store(o, SYSTEM_STORE_NAME, NULL, why);
}

bool machine_read_intermediates(struct options *o, struct buf *why)
{
    for (size_t i = 0; i < o->intermediates_count; i++) {
        size_t start = why->len;
        if (!intermediates_file_read(&o->intermediates[i], o->intermediates_path[i], why)) {
            option_files_name(why, start, "intermediates");
            return false;
        }
    }
    o->params.intermediates = o->intermediates;
    o->params.intermediates_count = o->intermediates_count;
    return true;
}

bool machine_read_profiles(struct options *o, struct buf *why)
{
    size_t start = why->len;
    o->profiles = sender_profiles_load(o->profiles_path, why);
    if (o->profiles == NULL) {
        option_files_name(why, start, "sender-profiles"); /* those that are shipped can be read */
        return false;
    }
    o->params.terms.profiles = &o->profiles->profiles;
    o->params.profiles_json = (struct span){(const uint8_t *)o->profiles->octets, o->profiles->len};
    return true;
}

bool machine_read_operators(struct options *o, struct buf *why)
{
    o->operators = operator_list_parse(shipped_operators_text(), "operators.txt", why);
    o->params.terms.operators = o->operators;
    return o->operators != NULL;
}

static bool read_shared_operators(struct options *o, const char *path, struct buf *why)
{
    struct scan_params *p = &o->params;
    o->shared_operators = BUF_INIT(SHARED_OPERATORS_OCTETS_MAX);
    enum file_end end = file_read(path, &o->shared_operators);
    if (end != FILE_COMPLETE) {
        buf_putf(why, "%s: %s; give a list of shared operators", path,
                 end == FILE_FAILED ? strerror(errno) : "it is too large");
        return false;
    }
    p->shared_operators_csv = buf_span(&o->shared_operators);
    return shared_operators_parse(&p->shared_operators, p->shared_operators_csv, path, why);
}

bool machine_read_shared_operators(struct options *o, struct buf *why)
{
    const char *path = o->shared_operators_path;
    struct scan_params *p = &o->params;
    size_t start = why->len;
    if (path == NULL) {
        p->shared_operators_csv = shipped_shared_operators_csv();
        return shared_operators_parse(&p->shared_operators, p->shared_operators_csv,
                                      "bundled shared operators", why);
    }
    if (!read_shared_operators(o, path, why)) {
        option_files_name(why, start, "shared-operators");
        return false;
    }
    return true;
}

/* Standard streams, the input, files of results and of progress, the coordinator's loop. */
#define POLICY_SOCKETS \
    (8 + 2 * POLICY_CONNECTIONS_MIN) /* of the policy thread: fetches, what libcurl needs besides */
#define DESCRIPTORS_OF_PROCESS (48 + POLICY_SOCKETS)
/* Of one event loop: epoll, wake-ups, signals and the spare one of libuv; temporary files. */
#define DESCRIPTORS_OF_THREAD 8

uint32_t descriptors_needed(uint32_t threads, size_t name_servers)
{
    CHECK(name_servers <= NAME_SERVERS_MAX);
    return DESCRIPTORS_OF_PROCESS +
           threads * (DESCRIPTORS_OF_THREAD + RESOLVER_SERVER_SOCKETS * (uint32_t)name_servers);
}

uint32_t descriptors_fit(uint32_t concurrency, uint32_t needed, uint64_t limit)
{
    if (limit <= needed) {
        return 0;
    }
    uint64_t reserved = needed > DESCRIPTORS_RESERVED ? needed : DESCRIPTORS_RESERVED;
    uint64_t room = limit > reserved ? limit - reserved : 1;
    return room < concurrency ? (uint32_t)room : concurrency;
}

uint32_t descriptors_for_policies(uint32_t concurrency, uint32_t needed, uint64_t limit)
{
    uint64_t reserved = needed > DESCRIPTORS_RESERVED ? needed : DESCRIPTORS_RESERVED;
    uint64_t room = limit > reserved + concurrency ? limit - reserved - concurrency : 0;
    uint32_t more = POLICY_CONNECTIONS_MAX - POLICY_CONNECTIONS_MIN;
    return POLICY_CONNECTIONS_MIN + (room / 2 < more ? (uint32_t)(room / 2) : more);
}

uint64_t machine_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return DESCRIPTORS_RESERVED; /* cannot happen on Linux; leaves a connection at least */
    }
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            limit = raised;
        }
    }
    return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}
