#include "bench/mix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/check.h"
#include "scanner/base/hash.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/digest.h"

#define SEED 1

/* Per cent of all domains; the rest has no mail. 67 % have MX, and shares of operators are of these. */
#define TENANTS        11.1 /* 16.63 of 67: of the operator with the most endpoints */
#define OPERATORS      26.5 /* all others together, whose host names are shared */
#define SMALL_HOSTERS  5.7
#define TAIL           23.7
#define SHARED_HOSTING 50 /* of the tail */
#define TWO_HOSTS      26 /* of domains of the tail, as the next one */
#define THREE_HOSTS    12
#define TWO_ADDRESSES  15 /* of hosts of the tail */
#define IPV6           18
#define DEAD           18 /* of own servers */
#define SELECT_BY_SNI  30 /* of shared servers */
#define NO_PTR         6  /* of addresses, as the next one */
#define PTR_IS_HOST    70 /* of own servers with a PTR name */

#define TENANT_ADDRESSES 16 /* of each family; 4 of them per name */
#define TENANT_PER_NAME  4
#define OPERATOR_HOSTS   80
#define HOSTER_PART      2000 /* domains for one small hoster */
#define HOSTING_PART     33   /* domains for one shared server */

/* A number from 0 to 99 that belongs to (what, number). */
static double draw(const char *what, uint64_t number)
{
    struct span key = {(const uint8_t *)&number, sizeof(number)};
    return (double)(hash_draw(SEED, span_of(what), key) >> 11) / (double)(1ULL << 53) * 100;
}

static enum mix_kind kind_of(uint32_t domain)
{
    double at = draw("kind", domain);
    if ((at -= TENANTS) < 0) {
        return MIX_TENANT;
    }
    if ((at -= OPERATORS) < 0) {
        return MIX_OPERATOR;
    }
    if ((at -= SMALL_HOSTERS) < 0) {
        return MIX_SMALL_HOSTER;
    }
    if (at >= TAIL) {
        return MIX_NO_MAIL;
    }
    return draw("hosting", domain) < SHARED_HOSTING ? MIX_SHARED_HOSTING : MIX_OWN;
}

uint32_t mix_host_count(uint32_t domain)
{
    double at = draw("hosts", domain);
    switch (kind_of(domain)) {
    case MIX_NO_MAIL:
        return 0;
    case MIX_TENANT:
    case MIX_SMALL_HOSTER:
        return 1;
    case MIX_OPERATOR:
        return 2;
    case MIX_SHARED_HOSTING:
    case MIX_OWN:
        return at < THREE_HOSTS ? 3 : at < THREE_HOSTS + TWO_HOSTS ? 2 : 1;
    }
    return 0;
}

/* Names tell all that is known of a host: "mx1.d00000042.com", "mx0.h00001.net", "ptr-11.0.0.1.net" ... */
void mix_host_name(uint32_t domain, uint32_t n, uint32_t total, char name[MIX_NAME_SIZE])
{
    enum mix_kind kind = kind_of(domain);
    if (kind == MIX_TENANT) {
        (void)snprintf(name, MIX_NAME_SIZE, "d%08u-com.mail.tenants.net", domain);
    } else if (kind == MIX_OPERATOR) {
        (void)snprintf(name, MIX_NAME_SIZE, "mx%u.o%02u.net", n,
                       (unsigned)(draw("operator", domain) * OPERATOR_HOSTS / 100 / 2));
    } else if (kind == MIX_SMALL_HOSTER) {
        uint32_t hosters = total / HOSTER_PART + 1;
        (void)snprintf(name, MIX_NAME_SIZE, "mx0.h%05u.net",
                       (unsigned)(draw("hoster", domain) * hosters / 100));
    } else {
        (void)snprintf(name, MIX_NAME_SIZE, "mx%u.d%08u.com", n, domain);
    }
}

static struct net_addr v4(uint32_t number)
{
    const uint8_t octets[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                               (uint8_t)(number >> 8), (uint8_t)number};
    return net_addr_v4(octets);
}

static struct net_addr v6(uint32_t network, uint32_t number)
{
    uint8_t octets[16] = {0x2a, 0x0e};
    for (int i = 0; i < 4; i++) {
        octets[2 + i] = (uint8_t)(network >> (24 - 8 * i));
        octets[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    }
    return net_addr_v6(octets);
}

#define NET_TENANTS   0x0B040000U
#define NET_OPERATORS 0x0B050000U
#define NET_HOSTERS   0x0B060000U
#define NET_HOSTING   0x0C000000U /* 24 servers in each /24 */
#define NET_OWN       0x10000000U

static void add_address(struct mix_host *h, struct net_addr a)
{
    h->addresses[h->count++] = a;
}

static void see_tail_host(struct mix_host *h, uint32_t total)
{
    uint32_t first = h->domain * 6 + h->n * 2;
    uint32_t servers = total / HOSTING_PART + 1;
    bool two = draw("addresses", first) < TWO_ADDRESSES;
    h->kind = kind_of(h->domain);
    if (h->kind == MIX_SHARED_HOSTING) { /* one behind the other */
        uint32_t server = (uint32_t)(draw("server", h->domain) * servers / 100);
        for (uint32_t k = server; k <= server + two; k++) {
            add_address(h, v4(NET_HOSTING + k / 24 * 256 + k % 24));
        }
        if (draw("ipv6", server) < IPV6) {
            add_address(h, v6(NET_HOSTING + server / 24, server));
        }
        return;
    }
    add_address(h, v4(NET_OWN + first));
    if (two) {
        add_address(h, v4(NET_OWN + first + 1));
    }
    if (draw("ipv6", first) < IPV6) {
        add_address(h, v6(h->domain, first));
    }
}

struct mix_host mix_host_of(struct span name, uint32_t total)
{
    struct mix_host h = {.kind = MIX_NO_MAIL};
    char text[MIX_NAME_SIZE] = "";
    unsigned n = 0;
    unsigned number = 0;
    memcpy(text, name.at, name.len < MIX_NAME_SIZE ? name.len : MIX_NAME_SIZE - 1);
    if (sscanf(text, "d%8u-com.mail.", &number) == 1 && strstr(text, "tenants") != NULL) {
        h.kind = MIX_TENANT;
        for (uint32_t k = 0; k < TENANT_PER_NAME; k++) {
            add_address(&h, v4(NET_TENANTS + (number * TENANT_PER_NAME + k) % TENANT_ADDRESSES));
            add_address(&h, v6(NET_TENANTS, (number * TENANT_PER_NAME + k) % TENANT_ADDRESSES));
        }
    } else if (sscanf(text, "mx%u.o%2u.net", &n, &number) == 2) {
        h.kind = MIX_OPERATOR;
        add_address(&h, v4(NET_OPERATORS + number * 8 + n * 4));
        add_address(&h, v4(NET_OPERATORS + number * 8 + n * 4 + 1));
    } else if (sscanf(text, "mx0.h%5u.net", &number) == 1) {
        h.kind = MIX_SMALL_HOSTER;
        add_address(&h, v4(NET_HOSTERS + number));
    } else if (sscanf(text, "mx%u.d%8u.com", &n, &number) == 2) {
        h.domain = number;
        h.n = n;
        see_tail_host(&h, total);
    }
    h.domain = number;
    return h;
}

/* --- what servers show ------------------------------------------------------------------------ */

static void put_value(struct buf *out, uint8_t tag, struct span body)
{
    CHECK(body.len < 0x10000);
    const uint8_t head[] = {tag, 0x82, (uint8_t)(body.len >> 8), (uint8_t)body.len};
    buf_put(out, (struct span){head, sizeof(head)});
    buf_put(out, body);
}

static void put_wrapped(struct buf *out, uint8_t tag, struct buf *body)
{
    put_value(out, tag, buf_span(body));
    buf_deinit(body);
}

/* As much of a certificate (RFC 5280 section 4.1) as our own reader of names wants: serial number and one dNSName. */
static void put_certificate(struct buf *out, uint64_t serial, struct span dns_name)
{
    static const uint8_t alt_name[] = {0x06, 0x03, 0x55, 0x1d, 0x11};
    struct buf names = BUF_INIT(BUF_NO_LIMIT);
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    struct buf extension = BUF_INIT(BUF_NO_LIMIT);
    struct buf extensions = BUF_INIT(BUF_NO_LIMIT);
    struct buf wrapped = BUF_INIT(BUF_NO_LIMIT);
    struct buf tbs = BUF_INIT(BUF_NO_LIMIT);
    struct buf certificate = BUF_INIT(BUF_NO_LIMIT);
    put_value(&names, 0x82, dns_name);
    put_wrapped(&list, 0x30, &names);
    buf_put(&extension, (struct span){alt_name, sizeof(alt_name)});
    put_wrapped(&extension, 0x04, &list);
    put_wrapped(&extensions, 0x30, &extension);
    put_wrapped(&wrapped, 0x30, &extensions);
    put_value(&tbs, 0x02, (struct span){(const uint8_t *)&serial, sizeof(serial)});
    for (int i = 0; i < 5; i++) { /* signature, issuer, validity, subject, key */
        put_value(&tbs, 0x30, (struct span){0});
    }
    put_wrapped(&tbs, 0xa3, &wrapped);
    put_wrapped(&certificate, 0x30, &tbs);
    put_wrapped(out, 0x30, &certificate);
}

/* @param leaf its number, which no other has */
static void show_list(struct seen_tls *tls, struct mix_shown *s, uint64_t leaf,
                      struct span dns_name)
{
    struct buf der = BUF_INIT(BUF_NO_LIMIT);
    uint64_t issuer =
        hash_draw(SEED, SPAN_LIT("issuer"), (struct span){(const uint8_t *)&leaf, sizeof(leaf)}) %
        MIX_ISSUERS;
    buf_reset(&s->list);
    put_certificate(&der, leaf, dns_name);
    digest_sha256(buf_span(&der), s->digests[0]);
    CHECK(cert_list_add(&s->list, buf_span(&der)));
    buf_reset(&der);
    put_certificate(&der, UINT64_MAX - issuer, SPAN_LIT("ca"));
    digest_sha256(buf_span(&der), s->digests[1]);
    CHECK(cert_list_add(&s->list, buf_span(&der)));
    buf_deinit(&der);
    tls->list = buf_span(&s->list);
    tls->cert_count = 2;
    memcpy(tls->leaf_sha256, s->digests[0], sizeof(tls->leaf_sha256));
    digest_sha256((struct span){s->digests[0], sizeof(s->digests)}, tls->chain_id);
}

static uint64_t number_of_address(const struct net_addr *a)
{
    uint64_t number = 0;
    struct net_addr copy = *a; /* the same of an address in every run */
    memcpy(&number, copy.octets + (a->family == 6 ? 8 : 0), sizeof(number));
    return a->family == 6 ? number : number & UINT32_MAX;
}

static bool is_in(const struct net_addr *a, uint32_t network, uint8_t bits)
{
    const struct net_prefix p = {.base = v4(network), .bits = bits};
    return net_prefix_contains(&p, a);
}

static bool is_of_tenants(const struct net_addr *a)
{
    const struct net_prefix p = {.base = v6(NET_TENANTS, 0), .bits = 48};
    return is_in(a, NET_TENANTS, 24) || net_prefix_contains(&p, a);
}

/* The leaf of a server, or of a name there. */
static void see_handshake(struct seen_session *s, const struct owner_dial *d,
                          struct mix_shown *shown)
{
    char name[MIX_NAME_SIZE];
    uint64_t server = number_of_address(&d->address);
    bool selects = is_in(&d->address, NET_HOSTING, 8) && draw("select", server) < SELECT_BY_SNI;
    s->tls_attempted = true;
    s->tls = (struct seen_tls){.completed = true,
                               .version = 0x0304,
                               .cipher = 0x1302,
                               .group = 29,
                               .signature_scheme = 0x0403,
                               .alert_received = -1,
                               .alert_sent = -1,
                               .ms = 60};
    if (is_of_tenants(&d->address)) {
        show_list(&s->tls, shown, 1, SPAN_LIT(MIX_WILDCARD));
    } else if (selects && d->sni.len > 0) {
        uint64_t customer = hash_draw(SEED, SPAN_LIT("customer"), d->sni) | 1;
        show_list(&s->tls, shown, customer, d->sni);
    } else {
        int len = snprintf(name, sizeof(name), "server%010llu.net", (unsigned long long)server);
        show_list(&s->tls, shown, server << 1, (struct span){(const uint8_t *)name, (size_t)len});
    }
}

static struct seen_reply reply_of(uint16_t code, const char *text)
{
    return (struct seen_reply){.code = code, .ms = 12, .text = span_of(text)};
}

struct seen_session mix_session(const struct owner_dial *d, struct mix_shown *shown)
{
    bool dead = draw("dead", number_of_address(&d->address)) < DEAD;
    struct seen_session s = {.outcome = OUTCOME_CONNECT_TIMEOUT,
                             .sni = d->sni.len > 0,
                             .started_unix_ms = 1790000000123,
                             .connect_ms = -1,
                             .total_ms = 160};
    if (dead && !is_in(&d->address, 0x0B000000U, 7)) { /* of own servers */
        return s;
    }
    s.outcome = OUTCOME_ESTABLISHED;
    s.smtp.starttls = STARTTLS_OFFERED;
    s.smtp.reply[SMTP_STEP_GREETING] =
        reply_of(220, "220 mx.example.net ESMTP Postfix (Debian/GNU)");
    s.smtp.reply[SMTP_STEP_EHLO] = reply_of(250, "250-mx.example.net\n250-STARTTLS\n250 8BITMIME");
    s.smtp.reply[SMTP_STEP_STARTTLS] = reply_of(220, "220 2.0.0 Ready to start TLS");
    see_handshake(&s, d, shown);
    return s;
}

/* --- reverse DNS ------------------------------------------------------------------------------ */

/* Own servers are mostly called like their host; others have a name that does not lead back. */
bool mix_ptr(const struct net_addr *a, uint32_t total, char name[MIX_NAME_SIZE])
{
    uint64_t number = number_of_address(a);
    char address[NET_ADDR_TEXT_MAX];
    if (draw("no ptr", number) < NO_PTR) {
        return false;
    }
    uint32_t at = (uint32_t)a->octets[0] << 24 | (uint32_t)a->octets[1] << 16 |
                  (uint32_t)a->octets[2] << 8 | a->octets[3];
    if (a->family == 4 && at >= NET_OWN && draw("ptr", number) < PTR_IS_HOST) {
        uint32_t first = at - NET_OWN;
        mix_host_name(first / 6, first % 6 / 2, total, name);
        return true;
    }
    (void)net_addr_format(a, address);
    for (char *c = address; *c != '\0'; c++) {
        *c = *c == ':' || *c == '.' ? '-' : *c;
    }
    (void)snprintf(name, MIX_NAME_SIZE, "ptr-%.40s.isp.net", address);
    return true;
}
