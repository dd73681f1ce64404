#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/vantage/vantage_verdict.h"

#define NOON 1764417600 /* 2025-11-29T12:00:00Z */

static struct seen_dns seen(enum dns_state state)
{
    return (struct seen_dns){.state = state,
                             .rcode = state == DNS_NXDOMAIN   ? 3
                                      : state == DNS_SERVFAIL ? 2
                                      : state == DNS_TIMEOUT  ? 255
                                                              : 0};
}

static struct net_addr addr(const char *text)
{
    struct net_addr a = {0};
    cr_assert(net_addr_parse(span_of(text), &a), "%s", text);
    return a;
}

/* A good place: a validating resolver on this machine, one public address, whose name leads to it and back. */
static struct vantage_facts *good_place(void)
{
    struct vantage_facts *f = calloc(1, sizeof(*f));
    f->resolver_count = 1;
    f->resolver[0] = (struct vantage_resolver){
        .address = addr("127.0.0.1"),
        .port = 53,
        .root = seen(DNS_DATA),
        .absent = {seen(DNS_NXDOMAIN), seen(DNS_NXDOMAIN)},
    };
    f->resolver[0].root.ad = true;
    f->ipv4 = (struct vantage_route){.asked = true, .source = addr("11.0.0.7")};
    f->ipv6 = (struct vantage_route){.asked = true, .source = addr("2a0e:b100::7")};
    f->ehlo_domain = "scanner.example.org";
    f->ehlo = (struct vantage_addresses){.a = seen(DNS_DATA),
                                         .aaaa = seen(DNS_DATA),
                                         .address = {addr("11.0.0.7"), addr("2a0e:b100::7")},
                                         .count = 2};
    f->reverse_count = 2;
    for (size_t i = 0; i < 2; i++) {
        f->reverse[i] = (struct vantage_reverse){.address = f->ehlo.address[i],
                                                 .ptr = seen(DNS_DATA),
                                                 .name = {"scanner.example.org"},
                                                 .count = 1};
    }
    f->now_s = NOON;
    f->built_s = NOON - 86400;
    f->port_first = 32768;
    f->port_last = 60999;
    return f;
}

static const struct vantage_terms usual = {.address_rate = 2,
                                           .address_limit = 1,
                                           .concurrency_asked = 4000,
                                           .concurrency = 4000,
                                           .descriptor_limit = 1048576};

/* What is wrong with the good place, and what must be said of it. */
struct spoilt {
    const char *what;
    void (*spoil)(struct vantage_facts *f, struct vantage_terms *t);
    enum vantage_end end;
    enum vantage_check check;
    enum vantage_result result;
    const char *says; /* inside the text of that line; of `why` as well where there is no scan */
    size_t bad;       /* lines that are warnings or failures */
};

static void nothing(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)f;
    (void)t;
}

static void all_of_dns(struct vantage_facts *f, enum dns_state state)
{
    f->resolver[0].root = seen(state);
    f->resolver[0].absent[0] = f->resolver[0].absent[1] = seen(state);
    f->ehlo.a = f->ehlo.aaaa = seen(state);
    f->ehlo.count = 0;
}

static void dead(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    all_of_dns(f, DNS_TIMEOUT);
}

/* A resolver of this machine that has no connection answers so. */
static void cut_off(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    all_of_dns(f, DNS_SERVFAIL);
}

static void refusing(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    all_of_dns(f, DNS_REFUSED);
}

/* It knows the names of a closed network, and no root. */
static void closed_network(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->resolver[0].root = seen(DNS_SERVFAIL);
    f->resolver[0].absent[0] = f->resolver[0].absent[1] = seen(DNS_SERVFAIL);
}

static void second_is_dead(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->resolver_count = 2;
    f->resolver[1] = (struct vantage_resolver){
        .address = addr("2001:db8::53"),
        .port = 5353,
        .root = seen(DNS_TIMEOUT),
        .absent = {seen(DNS_TIMEOUT), seen(DNS_TIMEOUT)},
    };
}

/* A second resolver; com and the EHLO name as the first and as the second say. */
static void two(struct vantage_facts *f, enum dns_state com, enum dns_state own,
                enum dns_state other_com, enum dns_state other_own)
{
    f->resolver_count = 2;
    f->resolver[1] = f->resolver[0];
    f->resolver[1].address = addr("127.0.0.2");
    f->resolver[0].com = seen(com);
    f->resolver[0].own = seen(own);
    f->resolver[1].com = seen(other_com);
    f->resolver[1].own = seen(other_own);
}

static void denies_com(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->resolver[0].internet_root = true;
    f->resolver[0].com = seen(DNS_NXDOMAIN);
    f->resolver[0].own = seen(DNS_NXDOMAIN);
    f->ehlo = (struct vantage_addresses){0}; /* nothing else was asked */
}

static void second_denies_com(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    two(f, DNS_DATA, DNS_DATA, DNS_NODATA, DNS_DATA);
}

/* Of a network without com. */
static void second_denies_us(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    two(f, DNS_NXDOMAIN, DNS_DATA, DNS_NXDOMAIN, DNS_NXDOMAIN);
}

static void network_without_com(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    two(f, DNS_NXDOMAIN, DNS_DATA, DNS_NXDOMAIN, DNS_DATA);
}

/* The EHLO name is of an inner view. */
static void two_views(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    two(f, DNS_DATA, DNS_DATA, DNS_DATA, DNS_NXDOMAIN);
}

static void com_fails(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    two(f, DNS_DATA, DNS_DATA, DNS_SERVFAIL, DNS_SERVFAIL);
}

static void not_validating(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->resolver[0].root.ad = false;
}

static void not_validating_unasked(struct vantage_facts *f, struct vantage_terms *t)
{
    t->trust_ad = TRUST_AD_NO;
    f->resolver[0].root.ad = false;
}

static void lying(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->resolver[0].absent[1] = seen(DNS_DATA);
    f->resolver[0].false_address = addr("203.0.113.9");
}

static void no_denial(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->resolver[0].absent[0] = seen(DNS_NODATA);
}

static void no_ipv6(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->ipv6 = (struct vantage_route){.asked = true, .error = ENETUNREACH};
}

static void ipv6_off(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->ipv6 = (struct vantage_route){0};
}

static void no_ipv4(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->ipv4 = (struct vantage_route){.asked = true, .error = ENETUNREACH};
}

static void no_route(struct vantage_facts *f, struct vantage_terms *t)
{
    no_ipv4(f, t);
    no_ipv6(f, t);
}

static void only_ipv6_wanted(struct vantage_facts *f, struct vantage_terms *t)
{
    no_ipv6(f, t);
    f->ipv4 = (struct vantage_route){0};
}

static void own_network(struct vantage_facts *f, struct vantage_terms *t)
{
    no_route(f, t);
    t->allow_special_addresses = true;
}

static void foreign_local(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->local[0] = (struct vantage_local){.address = addr("192.0.2.9"), .error = EADDRNOTAVAIL};
    f->local_count = 1;
}

static struct vantage_host *add_host(struct vantage_facts *f, const char *name, uint16_t code,
                                     int error)
{
    struct vantage_host *h = &f->host[f->host_count++];
    *h =
        (struct vantage_host){.name = name,
                              .port = 25,
                              .found = {.a = seen(DNS_DATA),
                                        .aaaa = seen(DNS_NODATA),
                                        .address = {addr("11.9.9.9")},
                                        .count = 1},
                              .dial = {{.address = addr("11.9.9.9"), .error = error, .code = code}},
                              .dial_count = 1};
    return h;
}

static void host_greets(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    (void)add_host(f, "mail.example.net", 220, 0);
}

static void host_refuses_us(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    (void)add_host(f, "mail.example.net", 554, 0);
}

static void port_closed(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    (void)add_host(f, "mail.example.net", 0, ETIMEDOUT);
}

static void intercepted(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    (void)add_host(f, "mail.example.net", 0, 0);
}

static void one_host_of_two(struct vantage_facts *f, struct vantage_terms *t)
{
    port_closed(f, t);
    (void)add_host(f, "mail.example.com", 220, 0);
}

static void host_without_address(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    struct vantage_host *h = add_host(f, "mail.example.net", 0, 0);
    h->found = (struct vantage_addresses){.a = seen(DNS_NXDOMAIN), .aaaa = seen(DNS_NXDOMAIN)};
    h->dial_count = 0;
}

static void add_ipv6_failure(struct vantage_facts *f, const char *name, const char *address,
                             int error)
{
    struct vantage_host *h = add_host(f, name, 220, 0);
    h->dial[h->dial_count++] = (struct vantage_dial){.address = addr(address), .error = error};
}

static void host_ipv4_only(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    add_ipv6_failure(f, "mail.example.net", "2a0e:b100::9", ETIMEDOUT);
}

static void hosts_ipv4_only(struct vantage_facts *f, struct vantage_terms *t)
{
    host_ipv4_only(f, t);
    add_ipv6_failure(f, "mail.example.org", "2a0e:b101::9", ECONNREFUSED);
}

/* Where there is no IPv6 at all, one line says so. */
static void host_ipv4_only_here_too(struct vantage_facts *f, struct vantage_terms *t)
{
    host_ipv4_only(f, t);
    no_ipv6(f, t);
}

static void no_forward(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->ehlo = (struct vantage_addresses){.a = seen(DNS_NXDOMAIN), .aaaa = seen(DNS_NXDOMAIN)};
}

static void other_forward(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->ehlo.address[0] = addr("11.0.0.8");
}

static void no_reverse(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->reverse[0].ptr = seen(DNS_NXDOMAIN);
    f->reverse[0].count = 0;
}

static void reverse_timeout(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->reverse[0].ptr = seen(DNS_TIMEOUT);
    f->reverse[0].count = 0;
}

static void other_reverse(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    strcpy(f->reverse[1].name[0], "host7.isp.example");
}

static void other_case_and_second_name(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->ehlo_domain = "Scanner.Example.ORG";
    strcpy(f->reverse[1].name[0], "host7.isp.example");
    strcpy(f->reverse[1].name[1], "scanner.example.org");
    f->reverse[1].count = 2;
}

static void other_reverse_strict(struct vantage_facts *f, struct vantage_terms *t)
{
    other_reverse(f, t);
    t->strict = true;
}

/* RFC 5321 section 4.1.3: nothing can be looked up of it. */
static void address_literal(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->ehlo_domain = "[11.0.0.7]";
    f->ehlo = (struct vantage_addresses){0};
}

static void address_literal_strict(struct vantage_facts *f, struct vantage_terms *t)
{
    address_literal(f, t);
    t->strict = true;
}

static void behind_nat(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->ipv4.source = addr("192.168.1.7");
    f->ipv6.source = (struct net_addr){0};
}

static void behind_nat_wrong(struct vantage_facts *f, struct vantage_terms *t)
{
    behind_nat(f, t);
    no_reverse(f, t);
}

static void behind_nat_strict(struct vantage_facts *f, struct vantage_terms *t)
{
    behind_nat(f, t);
    t->strict = true;
}

/* Only the given ones are used. */
static void local_of_other_name(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->local[0].address = addr("11.0.0.9");
    f->local_count = 1;
}

static void old_clock(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->now_s = 0;
}

static void few_descriptors(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)f;
    t->descriptor_limit = 1024;
    t->concurrency = 768;
}

static void few_ports(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->port_last = 32768 + 119; /* 120; two a second for 60 s and one at once are 121 */
}

static void just_enough_ports(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->port_last = 32768 + 120;
}

static void no_ports_known(struct vantage_facts *f, struct vantage_terms *t)
{
    (void)t;
    f->port_first = f->port_last = 0;
}

static const struct spoilt cases[] = {
    {"good", nothing, VANTAGE_GO, VANTAGE_EHLO_NAME, VANTAGE_OK, "11.0.0.7, 2a0e:b100::7 and back",
     0},
    {"dead resolver", dead, VANTAGE_CANNOT_SCAN, VANTAGE_RESOLVER, VANTAGE_FAILED,
     "127.0.0.1:53: no answer", 2},
    {"resolver without a connection", cut_off, VANTAGE_CANNOT_SCAN, VANTAGE_RESOLVER,
     VANTAGE_FAILED, "127.0.0.1:53: servfail", 2},
    {"resolver that refuses us", refusing, VANTAGE_CANNOT_SCAN, VANTAGE_RESOLVER, VANTAGE_FAILED,
     "refused", 2},
    {"closed network", closed_network, VANTAGE_GO, VANTAGE_RESOLVER, VANTAGE_WARNING,
     "asked for the root: servfail", 1},
    {"one dead of two", second_is_dead, VANTAGE_GO, VANTAGE_RESOLVER, VANTAGE_WARNING,
     "[2001:db8::53]:5353 cannot be used (asked for the root: no answer)", 1},
    /* RFC 8020 section 2: who denies com denies all below it */
    {"it denies com", denies_com, VANTAGE_CANNOT_SCAN, VANTAGE_RESOLVER, VANTAGE_FAILED,
     "127.0.0.1:53: it lies: it denies com, which exists", 2},
    {"one of two denies com", second_denies_com, VANTAGE_GO, VANTAGE_RESOLVER, VANTAGE_WARNING,
     "127.0.0.2:53 cannot be used (it lies: it denies com, which exists): its share", 1},
    {"one of two denies us", second_denies_us, VANTAGE_GO, VANTAGE_RESOLVER, VANTAGE_WARNING,
     "127.0.0.2:53 cannot be used (it lies", 1},
    {"a network without com", network_without_com, VANTAGE_GO, VANTAGE_RESOLVER, VANTAGE_OK,
     "answers", 0},
    {"two views of our name", two_views, VANTAGE_GO, VANTAGE_RESOLVER, VANTAGE_OK, "answers", 0},
    {"com fails at one", com_fails, VANTAGE_GO, VANTAGE_RESOLVER, VANTAGE_OK, "answers", 0},
    {"not validating", not_validating, VANTAGE_GO, VANTAGE_DNSSEC, VANTAGE_WARNING,
     "does not validate", 1},
    {"nor is it to be trusted", not_validating_unasked, VANTAGE_GO, VANTAGE_DNSSEC, VANTAGE_OK,
     "does not validate", 0},
    {"lying", lying, VANTAGE_GO, VANTAGE_NXDOMAIN, VANTAGE_WARNING,
     "resolver 127.0.0.1:53 lies: it gives names that do not exist the address 203.0.113.9", 1},
    {"no NXDOMAIN, no address", no_denial, VANTAGE_GO, VANTAGE_NXDOMAIN, VANTAGE_UNKNOWN,
     "nodata and nxdomain", 0},
    {"no IPv6", no_ipv6, VANTAGE_GO, VANTAGE_IPV6_ROUTE, VANTAGE_WARNING, "--ipv4-only", 1},
    {"IPv6 is off", ipv6_off, VANTAGE_GO, VANTAGE_IPV6_ROUTE, VANTAGE_UNKNOWN, "option", 0},
    {"no IPv4", no_ipv4, VANTAGE_GO, VANTAGE_IPV4_ROUTE, VANTAGE_WARNING, "--ipv6-only", 1},
    {"no route", no_route, VANTAGE_SAYS_NOTHING, VANTAGE_IPV4_ROUTE, VANTAGE_FAILED,
     "no IPv4 or IPv6 route", 1},
    {"no route of the only family", only_ipv6_wanted, VANTAGE_SAYS_NOTHING, VANTAGE_IPV6_ROUTE,
     VANTAGE_FAILED, "no IPv6 route", 1},
    {"one's own network", own_network, VANTAGE_GO, VANTAGE_IPV4_ROUTE, VANTAGE_WARNING,
     "no IPv4 route", 2},
    {"local address of another", foreign_local, VANTAGE_USAGE, VANTAGE_LOCAL_ADDR, VANTAGE_FAILED,
     "--local-addr 192.0.2.9 cannot be used", 1},
    {"host greets", host_greets, VANTAGE_GO, VANTAGE_SMTP, VANTAGE_OK,
     "11.9.9.9:25 greets with 220", 0},
    {"host refuses us", host_refuses_us, VANTAGE_GO, VANTAGE_SMTP, VANTAGE_WARNING,
     "mail.example.net turns us away", 1},
    {"port closed", port_closed, VANTAGE_SAYS_NOTHING, VANTAGE_SMTP, VANTAGE_FAILED,
     "results would say nothing about the targets", 1},
    {"somebody else answers", intercepted, VANTAGE_SAYS_NOTHING, VANTAGE_SMTP, VANTAGE_FAILED,
     "connected, but no SMTP greeting", 1},
    {"one host of two", one_host_of_two, VANTAGE_GO, VANTAGE_SMTP, VANTAGE_WARNING,
     "mail.example.net: no SMTP on port 25", 1},
    {"host does not exist", host_without_address, VANTAGE_SAYS_NOTHING, VANTAGE_SMTP,
     VANTAGE_FAILED, "no address (A: nxdomain, AAAA: nxdomain)", 1},
    {"no SMTP over IPv6", host_ipv4_only, VANTAGE_GO, VANTAGE_SMTP, VANTAGE_WARNING,
     "no SMTP over IPv6 (11.9.9.9:25 greets with 220, [2a0e:b100::9]:25: Connection timed out)", 1},
    {"no SMTP over IPv6, what of it", host_ipv4_only, VANTAGE_GO, VANTAGE_SMTP, VANTAGE_WARNING,
     "its fault or ours, and IPv6 addresses are dialled all the same: --self-test with a host of "
     "another network tells",
     1},
    {"two hosts without it", hosts_ipv4_only, VANTAGE_GO, VANTAGE_SMTP, VANTAGE_WARNING,
     "no host greets over IPv6 that does over IPv4: IPv6 addresses end as not tested "
     "(family_disabled)",
     2},
    {"no IPv6, said once", host_ipv4_only_here_too, VANTAGE_GO, VANTAGE_SMTP, VANTAGE_OK, "220", 1},
    {"no forward", no_forward, VANTAGE_GO, VANTAGE_EHLO_NAME, VANTAGE_WARNING,
     "no address was found for it (A: nxdomain", 1},
    {"other forward", other_forward, VANTAGE_GO, VANTAGE_EHLO_NAME, VANTAGE_WARNING,
     "11.0.0.8, 2a0e:b100::7, and this machine sends from 11.0.0.7", 1},
    {"no reverse", no_reverse, VANTAGE_GO, VANTAGE_EHLO_NAME, VANTAGE_WARNING,
     "11.0.0.7 has no reverse DNS name", 1},
    {"reverse not found out", reverse_timeout, VANTAGE_GO, VANTAGE_EHLO_NAME, VANTAGE_WARNING,
     "11.0.0.7: its reverse DNS was not found out (PTR: timeout)", 1},
    {"other reverse", other_reverse, VANTAGE_GO, VANTAGE_EHLO_NAME, VANTAGE_WARNING,
     "2a0e:b100::7 leads back to host7.isp.example", 1},
    {"other case, second name", other_case_and_second_name, VANTAGE_GO, VANTAGE_EHLO_NAME,
     VANTAGE_OK, "and back", 0},
    {"--strict-vantage", other_reverse_strict, VANTAGE_CANNOT_SCAN, VANTAGE_EHLO_NAME,
     VANTAGE_FAILED, "nothing was scanned (--strict-vantage)", 1},
    {"an address literal", address_literal, VANTAGE_GO, VANTAGE_EHLO_NAME, VANTAGE_OK, "[11.0.0.7]",
     0},
    {"an address literal, --strict-vantage", address_literal_strict, VANTAGE_CANNOT_SCAN,
     VANTAGE_EHLO_NAME, VANTAGE_FAILED, "demands a name", 1},
    {"behind NAT", behind_nat, VANTAGE_GO, VANTAGE_EHLO_NAME, VANTAGE_OK,
     "not one that servers see", 0},
    {"behind NAT, strict", behind_nat_strict, VANTAGE_GO, VANTAGE_EHLO_NAME, VANTAGE_OK,
     "not one that servers see", 0},
    {"behind NAT, no reverse", behind_nat_wrong, VANTAGE_GO, VANTAGE_EHLO_NAME, VANTAGE_WARNING,
     "11.0.0.7 has no reverse DNS name", 1},
    {"another source", local_of_other_name, VANTAGE_GO, VANTAGE_EHLO_NAME, VANTAGE_WARNING,
     "this machine sends from 11.0.0.9", 1},
    {"old clock", old_clock, VANTAGE_GO, VANTAGE_CLOCK, VANTAGE_WARNING, "1970-01-01T00:00:00Z", 1},
    {"few descriptors", few_descriptors, VANTAGE_GO, VANTAGE_DESCRIPTORS, VANTAGE_WARNING,
     "only 1024 files can be open: --concurrency 4000 is lowered to 768", 1},
    {"few ports", few_ports, VANTAGE_GO, VANTAGE_PORT_RANGE, VANTAGE_WARNING, "may need 121", 1},
    {"enough ports", just_enough_ports, VANTAGE_GO, VANTAGE_PORT_RANGE, VANTAGE_OK, "121 ports", 0},
    {"ports not known", no_ports_known, VANTAGE_GO, VANTAGE_PORT_RANGE, VANTAGE_UNKNOWN,
     "not known", 0},
};

static bool is_bad(enum vantage_result r)
{
    return r == VANTAGE_WARNING || r == VANTAGE_FAILED;
}

Test(vantage_verdict, says_what_is_wrong_and_what_becomes_of_the_scan)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct spoilt *c = &cases[i];
        struct vantage_facts *f = good_place();
        struct vantage_terms t = usual;
        struct vantage_verdict v;
        bool said = false;
        size_t bad = 0;
        c->spoil(f, &t);
        vantage_judge(&v, f, &t);
        for (size_t k = 0; k < v.count; k++) {
            const struct vantage_line *line = &v.line[k];
            bad += is_bad(line->result);
            said = said || (line->check == c->check && line->result == c->result &&
                            strstr(line->text, c->says) != NULL);
            cr_assert_null(strchr(line->text, '\n'), "%s: more than one line", c->what);
        }
        cr_assert(said, "%s", c->what);
        cr_assert_eq(v.end, c->end, "%s: end %d", c->what, (int)v.end);
        cr_assert_eq(bad, c->bad, "%s: %zu bad lines", c->what, bad);
        cr_assert((v.why != NULL) == (v.end != VANTAGE_GO), "%s", c->what);
        cr_assert(v.why == NULL || strstr(v.why, c->says) != NULL, "%s: %s", c->what, v.why);
        vantage_verdict_deinit(&v);
        free(f);
    }
}

/* One host may have a fault of its own: hosts of two networks that are up tell, unless one of them greets. */
Test(vantage_verdict, a_family_is_left_out_when_hosts_of_two_networks_say_so)
{
    static const struct {
        const char *what;
        const char *second; /* NULL: there is none */
        const char *third;  /* another address of that host; NULL: there is none */
        uint16_t code4;     /* its greetings */
        uint16_t code6;
        bool ipv6;
    } rows[] = {
        {"one host", NULL, NULL, 0, 0, true},
        {"one of the same network", "2a0e:b100:0:7::9", NULL, 220, 0, true},
        {"one of another network", "2a0e:b101::9", NULL, 220, 0, false},
        {"one of two other networks", "2a0e:b101::9", "2a0e:b102::9", 220, 0, false},
        {"and of the same network", "2a0e:b101::9", "2a0e:b100:0:7::9", 220, 0, true},
        {"which turns us away", "2a0e:b101::9", NULL, 554, 0, false},
        {"which is down altogether", "2a0e:b101::9", NULL, 0, 0, true},
        {"which greets", "2a0e:b101::9", NULL, 220, 220, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct vantage_facts *f = good_place();
        struct vantage_terms t = usual;
        struct vantage_verdict v;
        host_ipv4_only(f, &t);
        if (rows[i].second != NULL) {
            struct vantage_host *h =
                add_host(f, "mx.example.org", rows[i].code4, rows[i].code4 ? 0 : ETIMEDOUT);
            h->dial[h->dial_count++] = (struct vantage_dial){.address = addr(rows[i].second),
                                                             .error = rows[i].code6 ? 0 : ETIMEDOUT,
                                                             .code = rows[i].code6};
            if (rows[i].third != NULL) {
                h->dial[h->dial_count++] =
                    (struct vantage_dial){.address = addr(rows[i].third), .error = ETIMEDOUT};
            }
        }
        vantage_judge(&v, f, &t);
        cr_expect_eq(v.end, VANTAGE_GO);
        cr_expect(v.ipv4);
        cr_expect_eq(v.ipv6, rows[i].ipv6, "%s", rows[i].what);
        vantage_verdict_deinit(&v);
        free(f);
    }
}

Test(vantage_verdict, what_the_user_named_is_told_before_what_the_network_lacks)
{
    struct vantage_facts *f = good_place();
    struct vantage_terms t = usual;
    struct vantage_verdict v;
    foreign_local(f, &t);
    dead(f, &t);
    no_route(f, &t);
    vantage_judge(&v, f, &t);
    cr_assert_eq(v.end, VANTAGE_USAGE);
    cr_assert_not_null(strstr(v.why, "--local-addr"));
    vantage_verdict_deinit(&v);
    free(f);
}

Test(vantage_verdict, families_without_a_route_are_not_dialled)
{
    static const struct {
        void (*spoil)(struct vantage_facts *f, struct vantage_terms *t);
        bool ipv4;
        bool ipv6;
    } families[] = {{nothing, true, true},
                    {no_ipv6, true, false},
                    {no_ipv4, false, true},
                    {ipv6_off, true, false},
                    {own_network, true, true}};
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        struct vantage_facts *f = good_place();
        struct vantage_terms t = usual;
        struct vantage_verdict v;
        families[i].spoil(f, &t);
        vantage_judge(&v, f, &t);
        cr_assert(v.ipv4 == families[i].ipv4 && v.ipv6 == families[i].ipv6, "%zu", i);
        vantage_verdict_deinit(&v);
        free(f);
    }
}

/* RFC 7672 section 2.1.1, RFC 6840 section 5.8. */
Test(vantage_verdict, ad_counts_on_this_machine_where_all_resolvers_validate)
{
    static const struct {
        enum trust_ad setting;
        const char *second; /* a second resolver; NULL: none */
        enum dns_state root[2];
        bool ad[2];
        bool trusted;
        const char *reason;
    } rows[] = {
        {TRUST_AD_AUTO, NULL, {DNS_DATA}, {true}, true, "validates"},
        {TRUST_AD_AUTO, NULL, {DNS_DATA}, {false}, false, "not_validating"},
        {TRUST_AD_AUTO, NULL, {DNS_NXDOMAIN}, {true}, false, "no_answer"},
        {TRUST_AD_AUTO, NULL, {DNS_TIMEOUT}, {false}, false, "no_answer"},
        {TRUST_AD_AUTO, "::1", {DNS_DATA, DNS_DATA}, {true, true}, true, "validates"},
        {TRUST_AD_AUTO, "127.0.0.2", {DNS_DATA, DNS_DATA}, {true, false}, false, "not_validating"},
        {TRUST_AD_AUTO, "127.0.0.2", {DNS_DATA, DNS_TIMEOUT}, {true, false}, true, "validates"},
        {TRUST_AD_AUTO, "192.0.2.53", {DNS_DATA, DNS_DATA}, {true, true}, false, "not_loopback"},
        {TRUST_AD_YES, "192.0.2.53", {DNS_DATA, DNS_DATA}, {false, false}, true, "option"},
        {TRUST_AD_NO, NULL, {DNS_DATA}, {true}, false, "option"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct vantage_facts *f = good_place();
        struct vantage_terms t = usual;
        struct vantage_verdict v;
        t.trust_ad = rows[i].setting;
        f->resolver_count = rows[i].second != NULL ? 2 : 1;
        f->resolver[1] = f->resolver[0];
        if (rows[i].second != NULL) {
            f->resolver[1].address = addr(rows[i].second);
        }
        for (size_t k = 0; k < f->resolver_count; k++) {
            f->resolver[k].root = seen(rows[i].root[k]);
            f->resolver[k].root.ad = rows[i].ad[k];
        }
        vantage_judge(&v, f, &t);
        cr_assert_eq(v.trust_ad, rows[i].trusted, "%zu", i);
        cr_assert_str_eq(v.trust_ad_reason, rows[i].reason, "%zu", i);
        vantage_verdict_deinit(&v);
        free(f);
    }
}
