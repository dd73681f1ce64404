#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/analysis/mx_operator.h"
#include "scanner/base/text.h"
#include "scanner/cert/cert_names.h"

/* "Big" has two domains; all others are known by their domain alone. */
static const char list_text[] =
    "Big | big.example big-mail.example | https://big.example/ | 2026-11-29\n";

static struct operator_list *list_new(void)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct operator_list *l = operator_list_parse(SPAN_LIT(list_text), "x", &why);
    cr_assert_not_null(l);
    return l;
}

/* --- the judgement --------------------------------------------------------------------------- */

static const struct judge_case {
    const char *what;
    const char *mx; /* registrable domains; NULL: none */
    const char *certificate;
    const char *without_sni;
    const char *banner;
    const char *want;
    enum operator_source source;
    enum chain_status chain; /* of both certificates; NONE stands for TRUSTED */
} judge_cases[] = {
    {"self-hosted: everything says the same", "self.example", "self.example", "self.example",
     "self.example", "self.example", OPERATOR_CERTIFICATE, 0},
    {"vanity MX name at an operator with one certificate", "customer.example", "hoster.example",
     "hoster.example", NULL, "hoster.example", OPERATOR_CERTIFICATE, 0},
    {"vanity MX name, and the banner names infrastructure: the certificate comes first",
     "customer.example", "hoster.example", "hoster.example", "infra.example", "hoster.example",
     OPERATOR_CERTIFICATE, 0},
    {"vanity MX name at a listed operator", "customer.example", "big-mail.example", NULL, NULL,
     "Big", OPERATOR_CERTIFICATE, 0},
    {"shared hosting: the customer's certificate by SNI, the server's without", "customer.example",
     "customer.example", "hoster.example", "hoster.example", "hoster.example", OPERATOR_CERTIFICATE,
     0},
    {"shared hosting: nothing without SNI, the banner is the server's", "customer.example",
     "customer.example", NULL, "hoster.example", "hoster.example", OPERATOR_BANNER, 0},
    {"shared hosting: without SNI the certificate of another customer", "customer.example",
     "customer.example", "neighbour.example", "hoster.example", "hoster.example", OPERATOR_BANNER,
     0},
    {"the same, and no banner: no more than the name of the MX host is known", "customer.example",
     "customer.example", "neighbour.example", NULL, "customer.example", OPERATOR_MX_NAME, 0},
    {"the same, and the banner is the customer's", "customer.example", "customer.example",
     "neighbour.example", "customer.example", "customer.example", OPERATOR_CERTIFICATE, 0},
    {"without SNI the certificate of a listed operator", "customer.example", "customer.example",
     "big.example", NULL, "Big", OPERATOR_CERTIFICATE, 0},
    {"a listed operator picks among its own certificates by SNI", "big.example", "big.example",
     "odd.example", NULL, "Big", OPERATOR_CERTIFICATE, 0},
    {"a listed operator with two domains", "big.example", "big-mail.example", "big-mail.example",
     "other.example", "Big", OPERATOR_CERTIFICATE, 0},
    {"its own server at a hoster that names the machine: the certificate comes first",
     "self.example", "self.example", "self.example", "hoster.example", "self.example",
     OPERATOR_CERTIFICATE, 0},
    {"only the handshake without SNI has a certificate", "customer.example", NULL, "hoster.example",
     NULL, "hoster.example", OPERATOR_CERTIFICATE, 0},
    {"no TLS: the banner", "customer.example", NULL, NULL, "hoster.example", "hoster.example",
     OPERATOR_BANNER, 0},
    {"no TLS, no confirmed banner: the name", "customer.example", NULL, NULL, NULL,
     "customer.example", OPERATOR_MX_NAME, 0},
    {"the same at a listed operator", "big.example", NULL, NULL, NULL, "Big", OPERATOR_DATASET, 0},
    {"a certificate that anyone could write says nothing", "customer.example", "big.example",
     "big.example", NULL, "customer.example", OPERATOR_MX_NAME, CHAIN_SELF_SIGNED},
    {"nor does an expired one", "customer.example", "big.example", "big.example", "hoster.example",
     "hoster.example", OPERATOR_BANNER, CHAIN_EXPIRED},
    {"the MX record holds an address: a certificate", NULL, "hoster.example", NULL, NULL,
     "hoster.example", OPERATOR_CERTIFICATE, 0},
    {"the MX record holds an address: nothing", NULL, NULL, NULL, NULL, NULL, OPERATOR_UNKNOWN, 0},
};

Test(mx_operator, is_judged_by_certificate_then_banner_then_name)
{
    struct operator_list *list = list_new();
    for (size_t i = 0; i < sizeof(judge_cases) / sizeof(judge_cases[0]); i++) {
        const struct judge_case *c = &judge_cases[i];
        enum chain_status chain = c->chain != CHAIN_NONE ? c->chain : CHAIN_TRUSTED;
        const struct operator_evidence e = {.mx_domain = span_of(c->mx),
                                            .certificate = span_of(c->certificate),
                                            .chain = chain,
                                            .default_certificate = span_of(c->without_sni),
                                            .default_chain = chain,
                                            .banner = span_of(c->banner)};
        struct operator_verdict v = operator_judge(&e, list);
        cr_expect(span_eq(v.name, span_of(c->want)), "%s: %.*s", c->what, (int)v.name.len,
                  (const char *)v.name.at);
        cr_expect_eq(v.source, c->source, "%s: %s", c->what, operator_source_word(v.source));
    }
    operator_list_free(list);
}

/* --- names ------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool rented;
} machine_cases[] = {
    {"vps123.provider.example", true},
    {"vps-7f3a.provider.example", true},
    {"vps.provider.example", true},
    {"v.vserver.provider.example", true},
    {"static.10-0-2-192.clients.provider.example", true},
    {"a.dedi12.provider.example", true},
    {"ip-192-0-2-10.provider.example", true},
    {"192-0-2-10.provider.example", true},
    {"h1-2-3-4.provider.example", true},
    {"customer.provider.example", true},
    {"mail.provider.example", false},
    {"mx1.provider.example", false},
    {"server42.provider.example", false}, /* a hoster's own, as a rule */
    {"vpsmail.provider.example", false},
    {"poolmx.provider.example", false},
    {"ipswich.provider.example", false},
    {"mx1-2-3.provider.example", false},
    {"provider.example", false},
};

Test(mx_operator, knows_default_names_of_rented_machines)
{
    for (size_t i = 0; i < sizeof(machine_cases) / sizeof(machine_cases[0]); i++) {
        cr_expect_eq(
            name_is_of_rented_machine(span_of(machine_cases[i].name), SPAN_LIT("provider.example")),
            machine_cases[i].rented, "%s", machine_cases[i].name);
    }
}

/* "dns:NAME cn:NAME ..." */
static void pack_names(const char *text, struct buf *out)
{
    struct span rest = span_of(text);
    while (rest.len > 0) {
        struct span one = text_take_until(&rest, ' ');
        bool dns = one.at[0] == 'd';
        struct span name = span_drop(one, dns ? 4 : 3);
        buf_put_char(out, dns ? CERT_NAMES_DNS : CERT_NAMES_CN);
        buf_put_char(out, (char)(name.len >> 8));
        buf_put_char(out, (char)name.len);
        buf_put(out, name);
    }
}

static const struct {
    const char *names;
    const char *want; /* NULL: nothing */
} certificate_cases[] = {
    {"dns:mx.hoster.com", "hoster.com"},
    {"dns:*.hoster.com dns:hoster.com", "hoster.com"},
    {"dns:MX.Hoster.COM", "hoster.com"},
    {"dns:mx.hoster.co.uk dns:a.b.hoster.co.uk", "hoster.co.uk"},
    {"dns:mx.hoster.com cn:other.net",
     "hoster.com"},                     /* RFC 9525 section 6.3: the common name does not count */
    {"cn:mx.hoster.com", "hoster.com"}, /* where there is no dNSName */
    {"cn:Mail", NULL},
    {"dns:mx.hoster.com dns:mx.customer.net", NULL}, /* several parties */
    {"dns:mx.big.example dns:mx.big-mail.example",
     "big-mail.example"}, /* one operator, the first in order */
    {"dns:mx.big-mail.example dns:mx.big.example", "big-mail.example"},
    {"dns:mx.big.example dns:mx.big-mail.example dns:x.com", NULL},
    {"dns:vps12.provider.com", NULL}, /* of the landlord */
    {"dns:vps12.provider.com dns:mail.customer.net", "customer.net"},
    {"dns:localhost", NULL},
    {"dns:com", NULL},
    {"dns:*", NULL},
    {"dns:a..b", NULL},
    {"", NULL},
};

Test(mx_operator, takes_the_one_domain_of_a_certificate)
{
    struct public_suffixes *suffixes = public_suffixes_load(NULL);
    struct operator_list *list = list_new();
    for (size_t i = 0; i < sizeof(certificate_cases) / sizeof(certificate_cases[0]); i++) {
        struct buf packed = BUF_INIT(BUF_NO_LIMIT);
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        buf_put_text(&out, "before ");
        pack_names(certificate_cases[i].names, &packed);
        certificate_domain_put(buf_span(&packed), suffixes, list, &out);
        cr_expect(span_eq(span_drop(buf_span(&out), 7), span_of(certificate_cases[i].want)),
                  "%s: %.*s", certificate_cases[i].names, (int)out.len, (const char *)out.at);
        buf_deinit(&packed);
        buf_deinit(&out);
    }
    operator_list_free(list);
    public_suffixes_free(suffixes);
}

Test(mx_operator, a_certificate_with_very_many_names_says_nothing)
{
    struct public_suffixes *suffixes = public_suffixes_load(NULL);
    for (int count = 256; count <= 257; count++) {
        struct buf packed = BUF_INIT(BUF_NO_LIMIT);
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        for (int i = 0; i < count; i++) {
            pack_names("dns:mx.hoster.com", &packed);
        }
        certificate_domain_put(buf_span(&packed), suffixes, NULL, &out);
        cr_expect_eq(out.len > 0, count == 256, "%d names", count);
        buf_deinit(&packed);
        buf_deinit(&out);
    }
    public_suffixes_free(suffixes);
}

static const struct {
    const char *server_name;
    const char *ptr; /* of 192.0.2.10 */
    bool confirmed;
    const char *want;
} banner_cases[] = {
    {"mx1.hoster.com", "mx1.hoster.com", true, "hoster.com"},
    {"mx1.hoster.com", "out7.hoster.com", true, "hoster.com"}, /* another name of the same domain */
    {"mx1.hoster.com", "MX1.Hoster.com.", true, "hoster.com"},
    {"mx1.hoster.com", "mx1.hoster.com", false,
     NULL}, /* who has the address may write any name there */
    {"mx1.hoster.com", "mx1.other.com", true, NULL},
    {"mx1.hoster.com", NULL, false, NULL},
    {"vps12.hoster.com", "vps12.hoster.com", true, NULL},
    {"mx1.hoster.com", "vps12.hoster.com", true,
     NULL}, /* a tenant who calls himself as his landlord */
    {"ec2-192-0-2-10.hoster.com", "mail.hoster.com", true, NULL},
    {"mail.hoster.com", "h192x0x2x10.hoster.com", true, NULL},
    {"", "mx1.hoster.com", true, NULL},
    {"com", "com", true, NULL},
};

Test(mx_operator, takes_the_domain_of_a_confirmed_banner)
{
    struct public_suffixes *suffixes = public_suffixes_load(NULL);
    for (size_t i = 0; i < sizeof(banner_cases) / sizeof(banner_cases[0]); i++) {
        struct span ptr = span_of(banner_cases[i].ptr);
        const struct seen_service s = {.address = net_addr_v4((const uint8_t[]){192, 0, 2, 10}),
                                       .ptr = {.names = &ptr,
                                               .name_count = banner_cases[i].ptr != NULL,
                                               .forward_confirmed = &banner_cases[i].confirmed}};
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        banner_domain_put(&s, span_of(banner_cases[i].server_name), suffixes, &out);
        cr_expect(span_eq(buf_span(&out), span_of(banner_cases[i].want)), "%s, %s: %.*s",
                  banner_cases[i].server_name, banner_cases[i].ptr, (int)out.len,
                  (const char *)out.at);
        buf_deinit(&out);
    }
    public_suffixes_free(suffixes);
}

/* --- hosts and domains ------------------------------------------------------------------------- */

#define SEEN(name, by)                                                      \
    {                                                                       \
        .port = 25, .mx_operator = SPAN_INIT(name), .operator_source = (by) \
    }

static const struct endpoint_brief hoster[] = {SEEN("hoster.example", OPERATOR_BANNER),
                                               SEEN("hoster.example", OPERATOR_CERTIFICATE)};
static const struct endpoint_brief half_seen[] = {SEEN("customer.example", OPERATOR_MX_NAME),
                                                  SEEN("hoster.example", OPERATOR_BANNER)};
static const struct endpoint_brief two[] = {SEEN("hoster.example", OPERATOR_BANNER),
                                            SEEN("Big", OPERATOR_CERTIFICATE)};
static const struct endpoint_brief unseen[] = {SEEN("customer.example", OPERATOR_MX_NAME),
                                               {.port = 25}};
static const struct endpoint_brief other_port[] = {SEEN("hoster.example", OPERATOR_BANNER),
                                                   {.port = 465,
                                                    .mx_operator = SPAN_INIT("other.example"),
                                                    .operator_source = OPERATOR_CERTIFICATE}};

static void put_set(const struct operator_set *set, struct buf *text)
{
    for (size_t i = 0; i < set->count; i++) {
        buf_put(text, set->name[i]);
        buf_put_char(text, ' ');
    }
    buf_put_text(text, operator_source_word(set->source));
}

static void check_set(const struct operator_set *set, const char *want, const char *what)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    put_set(set, &text);
    cr_expect(span_eq(buf_span(&text), span_of(want)), "%s: %.*s", what, (int)text.len,
              (const char *)text.at);
    buf_deinit(&text);
}

static const struct {
    const char *what;
    const char *registrable;
    const struct endpoint_brief *endpoints;
    size_t count;
    const char *want;
} host_cases[] = {
    {"all the same: the strongest source", "customer.example", hoster, 2,
     "hoster.example certificate"},
    {"what was seen counts, not the name of an address that was not", "customer.example", half_seen,
     2, "hoster.example banner"},
    {"two operators", "customer.example", two, 2, "Big hoster.example "},
    {"nothing was seen", "customer.example", unseen, 2, "customer.example mx_name"},
    {"no address", "big.example", NULL, 0, "Big dataset"},
    {"an address literal", "", NULL, 0, ""},
    {"another port says nothing about incoming mail", "customer.example", other_port, 2,
     "hoster.example banner"},
};

Test(mx_operator, of_a_host)
{
    struct operator_list *list = list_new();
    for (size_t i = 0; i < sizeof(host_cases) / sizeof(host_cases[0]); i++) {
        const struct seen_host h = {.registrable = span_of(host_cases[i].registrable),
                                    .endpoints = host_cases[i].endpoints,
                                    .endpoint_count = host_cases[i].count};
        struct operator_set set;
        operators_of_host(&h, list, &set);
        check_set(&set, host_cases[i].want, host_cases[i].what);
    }
    operator_list_free(list);
}

static const struct seen_mx primary_and_backup[] = {{.preference = 10,
                                                     .registrable = SPAN_INIT("customer.example"),
                                                     .endpoints = hoster,
                                                     .endpoint_count = 2},
                                                    {.preference = 20,
                                                     .registrable = SPAN_INIT("backup.example"),
                                                     .endpoints = two,
                                                     .endpoint_count = 2}};
static const struct seen_mx two_primaries[] = {
    {.preference = 10,
     .registrable = SPAN_INIT("customer.example"),
     .endpoints = hoster,
     .endpoint_count = 2},
    {.preference = 10, .registrable = SPAN_INIT("big.example")}};
static const struct seen_mx dead_primary[] = {
    {.preference = 10, .registrable = SPAN_INIT("dead.example")},
    {.preference = 20,
     .registrable = SPAN_INIT("customer.example"),
     .endpoints = hoster,
     .endpoint_count = 2}};
static const struct seen_mx all_dead[] = {
    {.preference = 10, .registrable = SPAN_INIT("dead.example")},
    {.preference = 20, .registrable = SPAN_INIT("big.example")}};
static const struct seen_mx unusable[] = {
    {.preference = 10, .registrable = SPAN_INIT("odd.example"), .unusable = "bad_label"}};
static const struct seen_mx not_seen[] = {{.preference = 0,
                                           .registrable = SPAN_INIT("customer.example"),
                                           .endpoints = unseen,
                                           .endpoint_count = 2}};

static const struct {
    const char *what;
    enum mx_kind kind;
    const struct seen_mx *mx;
    size_t count;
    const char *want;
} domain_cases[] = {
    {"a backup at another operator", MX_KIND_EXPLICIT, primary_and_backup, 2,
     "hoster.example certificate"},
    {"two hosts of one preference", MX_KIND_EXPLICIT, two_primaries, 2, "Big hoster.example "},
    {"the first host has no address", MX_KIND_EXPLICIT, dead_primary, 2,
     "hoster.example certificate"},
    {"no host has", MX_KIND_EXPLICIT, all_dead, 2, "dead.example mx_name"},
    {"no host at all", MX_KIND_NULL_MX, NULL, 0, ""},
    {"an exchange that no sender would take", MX_KIND_EXPLICIT, unusable, 1, ""},
    {"implicit: no name says anything (RFC 5321 section 5.1)", MX_KIND_IMPLICIT, not_seen, 1, ""},
    {"explicit: it does", MX_KIND_EXPLICIT, not_seen, 1, "customer.example mx_name"},
};

Test(mx_operator, of_a_domain)
{
    struct operator_list *list = list_new();
    for (size_t i = 0; i < sizeof(domain_cases) / sizeof(domain_cases[0]); i++) {
        const struct seen_domain d = {.mx_kind = domain_cases[i].kind,
                                      .mx = domain_cases[i].mx,
                                      .mx_count = domain_cases[i].count};
        struct operator_set set;
        operators_of_domain(&d, list, &set);
        check_set(&set, domain_cases[i].want, domain_cases[i].what);
    }
    operator_list_free(list);
}

Test(mx_operator, a_set_keeps_the_first_ones_in_order)
{
    struct endpoint_brief many[40];
    char names[40][32];
    for (size_t i = 0; i < 40; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "n%02zu.example", (i * 7) % 40);
        many[i] = (struct endpoint_brief){
            .port = 25, .mx_operator = span_of(names[i]), .operator_source = OPERATOR_BANNER};
    }
    const struct seen_host h = {.endpoints = many, .endpoint_count = 40};
    struct operator_set set;
    operators_of_host(&h, NULL, &set);
    cr_assert_eq(set.count, OPERATORS_MAX);
    for (size_t i = 0; i < OPERATORS_MAX; i++) {
        char want[32];
        (void)snprintf(want, sizeof(want), "n%02zu.example", i);
        cr_expect(span_eq(set.name[i], span_of(want)), "%zu: %.*s", i, (int)set.name[i].len,
                  (const char *)set.name[i].at);
    }
}
