#include <criterion/criterion.h>

#include "scanner/owners/host_work.h"

/* A name that has been asked for and was not dialled, then wanted as an MX host after all. */
static void fill_asked(struct host_work *h, struct net_addr *addresses, struct span *links)
{
    addresses[0] = net_addr_v4((const uint8_t[]){192, 0, 2, 1});
    addresses[1] = net_addr_v4((const uint8_t[]){192, 0, 2, 2});
    addresses[2] = net_addr_v6((const uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 9});
    links[0] = SPAN_LIT("a.test");
    links[1] = SPAN_LIT("b.test");
    h->seen.a = (struct seen_dns){.state = DNS_DATA, .ad = true, .ede = -1, .ttl = 3600};
    h->seen.aaaa = (struct seen_dns){.state = DNS_SERVFAIL, .rcode = 2, .ede = 22};
    h->question[QUESTION_A] = QUESTION_ANSWERED;
    h->seen.addresses = addresses;
    h->seen.address_count = 3;
    h->seen.addresses_truncated = 70000;
    h->seen.cnames = links;
    h->seen.cname_count = 2;
    h->seen.blocklisted = true;
}

Test(host_record, what_was_asked_comes_back)
{
    struct arena_pool pool = {0};
    struct net_addr addresses[3];
    struct span links[2];
    struct host_work h = {0};
    fill_asked(&h, addresses, links);
    struct buf r = BUF_INIT(BUF_NO_LIMIT);
    host_record_of_addresses(&r, &h);

    struct host_work got = {.arena = ARENA_INIT(&pool)};
    host_record_restore(&got, buf_span(&r));
    buf_deinit(&r);
    cr_expect_eq(got.question[QUESTION_A], QUESTION_ANSWERED, "not asked again");
    cr_expect_eq(got.question[QUESTION_AAAA], QUESTION_NOT_ASKED);
    cr_expect_eq(got.seen.a.state, DNS_DATA);
    cr_expect(got.seen.a.ad);
    cr_expect_eq(got.seen.a.ttl, 3600);
    cr_expect_eq(got.seen.aaaa.state, DNS_SERVFAIL);
    cr_expect_eq(got.seen.aaaa.ede, 22);
    cr_expect(got.seen.blocklisted);
    cr_expect_eq(got.seen.addresses_truncated, 70000);
    cr_assert_eq(got.seen.address_count, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_expect(net_addr_eq(&got.seen.addresses[i], &addresses[i]));
    }
    cr_assert_eq(got.seen.cname_count, 2);
    cr_expect(span_eq(got.seen.cnames[0], links[0]));
    cr_expect(span_eq(got.seen.cnames[1], links[1]), "and outlives the record");
    arena_reset(&got.arena);
    arena_pool_deinit(&pool);
}

Test(host_record, a_name_without_anything_comes_back)
{
    struct arena_pool pool = {0};
    struct host_work h = {0};
    struct buf r = BUF_INIT(BUF_NO_LIMIT);
    host_record_of_addresses(&r, &h);
    struct host_work got = {.arena = ARENA_INIT(&pool)};
    host_record_restore(&got, buf_span(&r));
    cr_expect_eq(got.seen.address_count + got.seen.cname_count + got.seen.addresses_truncated, 0);
    cr_expect_not(got.seen.blocklisted || got.question[QUESTION_A]);
    buf_deinit(&r);
    arena_reset(&got.arena);
    arena_pool_deinit(&pool);
}

/* Kept for each host until the end of the scan. */
#define KEPT_HEAD   15  /* octets */
#define KEPT_FIRST  128 /* of its first endpoint: design section 8 */
#define KEPT_OTHERS 32  /* of each further one that shows the same */

/* As long as any: no octet is zero by chance. */
static void fill_brief(struct endpoint_brief *b, uint8_t number)
{
    *b = (struct endpoint_brief){.address = net_addr_v4((const uint8_t[]){192, 0, 2, number}),
                                 .port = 25,
                                 .outcome = OUTCOME_ESTABLISHED,
                                 .starttls = STARTTLS_OFFERED,
                                 .tls_version = 0x0304,
                                 .ptr_is_host = TRUTH_YES,
                                 .mx_operator = SPAN_LIT("operator.example.org"),
                                 .no_sni_outcome = OUTCOME_ESTABLISHED,
                                 .no_sni_starttls = STARTTLS_OFFERED,
                                 .no_sni_tls_version = 0x0304,
                                 .no_sni_leaf_domains = 0x0123456789abcdef,
                                 .leaf_domains = 0x0123456789abcdef,
                                 .chain = {.trusted_by = 7, .openssl_level_1 = 7},
                                 .no_sni_chain = {.trusted_by = 7, .openssl_level_1 = 7}};
    memset(b->leaf_sha256, 0xab, sizeof(b->leaf_sha256));
}

Test(host_record, endpoints_that_show_the_same_are_few_octets)
{
    struct endpoint_brief briefs[8];
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    struct buf back = BUF_INIT(BUF_NO_LIMIT);
    for (size_t n = 1; n <= 8; n++) {
        fill_brief(&briefs[n - 1], (uint8_t)n);
        const struct seen_host seen = {.endpoints = briefs, .endpoint_count = n};
        buf_reset(&octets);
        struct host_result result = host_result_of(&seen, 0, 0, &octets);
        struct buf r = BUF_INIT(BUF_NO_LIMIT);
        host_record_of(&r, result);
        size_t kept = r.len;
        cr_expect_leq(kept, KEPT_HEAD + KEPT_FIRST + (n - 1) * KEPT_OTHERS, "%zu: %zu", n, kept);
        struct host_result got = host_record_result(buf_span(&r), &back);
        cr_expect_eq(got.endpoint_count, n);
        cr_expect(span_eq(got.endpoints, result.endpoints), "%zu", n);
        buf_deinit(&r);
    }
    buf_deinit(&octets);
    buf_deinit(&back);
}

Test(host_record, a_result_comes_back)
{
    struct net_addr addresses[3];
    struct span links[2];
    struct endpoint_brief briefs[4] = {
        {.port = 25, .outcome = OUTCOME_ESTABLISHED, .chain = {.trusted_by = 7}},
        {.port = 465, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_BLOCKLISTED},
        {.port = 25, .mapped = 1, .leaf_domains = UINT64_MAX},
        {.port = 465, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_TRUNCATED},
    };
    static const size_t counts[] = {0, 1, 4};
    for (size_t i = 0; i < 3; i++) {
        struct host_work h = {.dane = DANE_HOST_USABLE, .tlsa_at = TLSA_PLACE_TARGET};
        fill_asked(&h, addresses, links);
        h.seen.addresses_truncated = 0;
        h.seen.endpoints = h.endpoints = briefs;
        h.seen.endpoint_count = counts[i];
        struct buf octets = BUF_INIT(BUF_NO_LIMIT);
        struct buf back = BUF_INIT(BUF_NO_LIMIT);
        struct buf r = BUF_INIT(BUF_NO_LIMIT);
        host_record_of(&r, host_result_of(&h.seen, h.dane, h.tlsa_at, &octets));
        struct host_result got = host_record_result(buf_span(&r), &back);
        cr_expect_eq(got.a_state, DNS_DATA);
        cr_expect_eq(got.aaaa_state, DNS_SERVFAIL);
        cr_expect_eq(got.cname_count, 2);
        cr_expect(got.blocklisted);
        cr_expect_eq(got.truncated, counts[i] == 4,
                     "its last endpoint was not dialled for the cap");
        cr_expect_eq(got.address_count, 3);
        cr_expect_eq(got.dane_host, DANE_HOST_USABLE);
        cr_expect_eq(got.tlsa_at, TLSA_PLACE_TARGET);
        cr_assert_eq(got.endpoint_count, counts[i]);
        for (size_t n = 0; n < counts[i]; n++) {
            struct endpoint_brief b = codec_get_brief(&got.endpoints);
            cr_expect_eq(b.port, briefs[n].port);
            cr_expect_eq(b.outcome, briefs[n].outcome);
            cr_expect_eq(b.mapped, briefs[n].mapped);
            cr_expect_eq(b.leaf_domains, briefs[n].leaf_domains);
            cr_expect_eq(b.chain.trusted_by, briefs[n].chain.trusted_by);
        }
        cr_expect_eq(got.endpoints.len, 0, "as many briefs as are counted");
        buf_deinit(&r);
        buf_deinit(&octets);
        buf_deinit(&back);
    }
}
