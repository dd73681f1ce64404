#include <criterion/criterion.h>

#include "scanner/cert/cert_list.h"
#include "scanner/cert/digest.h"
#include "scanner/replay/known.h"

/* Octets that say where they are. */
static void put_pattern(struct buf *b, uint64_t offset, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf_put_char(b, (char)((offset + i) * 31 % 251));
    }
}

Test(octet_file, what_was_appended_is_read_at_any_place)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct buf piece = BUF_INIT(BUF_NO_LIMIT);
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    struct octet_file *f = octet_file_new(&why);
    cr_assert_not_null(f);
    for (size_t i = 0; i < 60; i++) { /* past what waits in memory */
        buf_reset(&piece);
        put_pattern(&piece, octet_file_len(f), i * 1999);
        cr_assert(octet_file_append(f, buf_span(&piece), &why));
    }
    uint64_t end = octet_file_len(f);
    cr_expect_gt(end, 3U << 20);
    const struct {
        uint64_t offset;
        size_t len;
    } places[] = {{0, 1}, {0, 0}, {1048570, 20}, {end - 5, 5}, {end, 0}, {7, 2000000}};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        buf_reset(&piece);
        buf_reset(&got);
        put_pattern(&piece, places[i].offset, places[i].len);
        cr_expect(octet_file_read(f, places[i].offset, places[i].len, &got, &why));
        cr_expect(span_eq(buf_span(&got), buf_span(&piece)), "place %zu", i);
    }
    octet_file_free(f);
    buf_deinit(&why);
    buf_deinit(&piece);
    buf_deinit(&got);
}

static const char *const certificates[] = {"leaf", "", "intermediate"};

Test(known, a_list_is_made_again_of_its_certificates)
{
    hash_secret_init();
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct known *k = known_new(KNOWN_MEMORY_OCTETS, &why);
    cr_assert_not_null(k);
    uint8_t digests[4][32];
    for (size_t i = 0; i < 3; i++) {
        digest_sha256(span_of(certificates[i]), digests[i]);
        for (int twice = 0; twice < 2; twice++) {
            cr_expect(known_add_certificate(k, digests[i], span_of(certificates[i]), &why));
        }
    }
    memset(digests[3], 1, sizeof(digests[3]));
    const uint8_t id[32] = {7};
    const uint8_t other_id[32] = {8};
    bool missing = false;
    cr_expect_eq(known_add_chain(k, id, (struct span){digests[0], sizeof(digests)}, &missing),
                 KNOWN_CHAIN_NONE);
    cr_expect(missing);
    uint32_t chain = known_add_chain(k, id, (struct span){digests[0], 96}, &missing);
    cr_expect_eq(chain, 0);
    cr_expect_eq(known_add_chain(k, id, (struct span){digests[0], 96}, &missing), KNOWN_CHAIN_NONE);
    cr_expect_not(missing);
    cr_expect_eq(known_add_chain(k, other_id, (struct span){digests[2], 32}, &missing), 1);
    cr_expect_eq(known_find_chain(k, id), 0);
    cr_expect_eq(known_find_chain(k, other_id), 1);
    cr_expect_eq(known_find_chain(k, digests[0]), KNOWN_CHAIN_NONE);

    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    cr_expect(known_list(k, chain, SIZE_MAX, &list, &why));
    struct span rest = buf_span(&list);
    struct span der;
    for (size_t i = 0; i < 3; i++) {
        cr_expect(cert_list_next(&rest, &der));
        cr_expect(span_eq(der, span_of(certificates[i])));
    }
    cr_expect_eq(rest.len, 0);
    cr_expect(known_list(k, 1, 1, &list, &why));
    rest = buf_span(&list);
    cr_expect(cert_list_next(&rest, &der) && rest.len == 0);
    cr_expect(span_eq(der, span_of(certificates[2])));
    buf_deinit(&list);
    buf_deinit(&why);
    known_free(k);
}

Test(known, a_certificate_longer_than_a_list_can_hold_is_refused)
{
    hash_secret_init();
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct known *k = known_new(KNOWN_MEMORY_OCTETS, &why);
    const uint8_t sha256[32] = {1};
    struct buf der = BUF_INIT(BUF_NO_LIMIT);
    memset(buf_room(&der, CERT_LIST_ENTRY_MAX + 1), 0, CERT_LIST_ENTRY_MAX + 1);
    der.len = CERT_LIST_ENTRY_MAX + 1;
    cr_expect_not(known_add_certificate(k, sha256, buf_span(&der), &why));
    cr_expect(why.len > 0);
    buf_deinit(&der);
    buf_deinit(&why);
    known_free(k);
}

Test(known, services_and_endpoints_come_back_as_they_were)
{
    hash_secret_init();
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct known *k = known_new(KNOWN_MEMORY_OCTETS, &why);
    const struct known_service services[] = {{.outcome = OUTCOME_ESTABLISHED,
                                              .chain = 4294967294U,
                                              .starttls = STARTTLS_INJECTED,
                                              .tls_version = 0x0304,
                                              .versions = 0xff,
                                              .leaf_domains = UINT64_MAX},
                                             {.chain = KNOWN_CHAIN_NONE}};
    const struct known_endpoint endpoint = {
        .judged = {.chain = {.status = CHAIN_UNPARSABLE, .trusted_by = 255},
                   .name_match = NAME_MATCH_OTHER,
                   .sni = SNI_UNSTABLE,
                   .sni_acceptable = SNI_ACCEPTABLE_NEITHER,
                   .covers_parents = 129,
                   .dane = DANE_MISMATCH,
                   .dane_covers_parents = 130,
                   .dane_flags = UINT16_MAX,
                   .no_sni_name_match = NAME_MATCH_EXACT,
                   .leaf_domains = UINT64_MAX,
                   .dane_leaf_names = UINT64_MAX - 1},
        .has_default = true};
    known_add_service(k, SPAN_LIT("a|25"), &services[0]);
    known_add_service(k, SPAN_LIT("b|25"), &services[1]);
    known_add_service(k, SPAN_LIT("a|25"), &services[1]); /* the first one stays */
    known_add_endpoint(k, SPAN_LIT("mx|a|25"), &endpoint);
    cr_expect_eq(memcmp(known_find_service(k, SPAN_LIT("a|25")), &services[0], sizeof(services[0])),
                 0);
    cr_expect_eq(memcmp(known_find_service(k, SPAN_LIT("b|25")), &services[1], sizeof(services[1])),
                 0);
    cr_expect_null(known_find_service(k, SPAN_LIT("c|25")));
    const struct known_endpoint *got = known_find_endpoint(k, SPAN_LIT("mx|a|25"));
    cr_assert_not_null(got);
    cr_expect_eq(memcmp(got, &endpoint, sizeof(endpoint)), 0);
    cr_expect_null(known_find_endpoint(k, SPAN_LIT("mx|b|25")));
    buf_deinit(&why);
    known_free(k);
}

static void expect_records(struct known *k, struct span name, enum dane_host state,
                           struct span base, const struct seen_tlsa *tlsas, size_t count)
{
    struct arena_pool pool = {0};
    struct arena arena = ARENA_INIT(&pool);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    const struct known_host *host = known_find_host(k, name);
    cr_assert_not_null(host);
    cr_expect_eq(host->state, state);
    struct span got_base;
    const struct seen_tlsa *got = NULL;
    size_t got_count = 0;
    cr_expect(known_records(k, host, &arena, &got_base, &got, &got_count, &why));
    cr_expect(span_eq(got_base, base));
    cr_assert_eq(got_count, count);
    for (size_t i = 0; i < count; i++) {
        cr_expect(got[i].usage == tlsas[i].usage && got[i].selector == tlsas[i].selector &&
                  got[i].matching == tlsas[i].matching && span_eq(got[i].data, tlsas[i].data));
    }
    arena_reset(&arena);
    arena_pool_deinit(&pool);
    buf_deinit(&why);
}

/* RFC 6698 section 2.1: the data has any length; a record set of the largest kind is kept whole. */
Test(known, records_of_hosts_come_back_as_they_were)
{
    hash_secret_init();
    static uint8_t octets[65535];
    octets[0] = 0xff;
    octets[65534] = 0x01;
    struct seen_tlsa tlsas[TLSA_MAX];
    for (size_t i = 0; i < TLSA_MAX; i++) {
        tlsas[i] = (struct seen_tlsa){(uint8_t)i, 255, (uint8_t)(i % 3), {octets, i * 1040}};
    }
    tlsas[TLSA_MAX - 1].data.len = sizeof(octets);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct known *k = known_new(KNOWN_MEMORY_OCTETS, &why);
    struct span base = SPAN_LIT("mx.test");
    const struct dane_host_verdict usable = {.state = DANE_HOST_USABLE,
                                             .at = TLSA_PLACE_TARGET,
                                             .base = base,
                                             .tlsas = tlsas,
                                             .tlsa_count = TLSA_MAX};
    const struct dane_host_verdict none = {.state = DANE_HOST_NONE, .at = TLSA_PLACE_ALIAS};
    const struct dane_host_verdict insecure = {
        .state = DANE_HOST_TLSA_INSECURE, .tlsas = tlsas, .tlsa_count = 1};
    const struct seen_host hosts[] = {
        {.name = base, .block = 7}, {.name = SPAN_LIT("b"), .block = -1}, {.name = SPAN_LIT("c")}};
    cr_expect(known_add_host(k, &hosts[0], &usable, &why));
    cr_expect(known_add_host(k, &hosts[1], &none, &why));
    cr_expect(known_add_host(k, &hosts[2], &insecure, &why));
    cr_expect(known_add_host(k, &hosts[0], &none, &why)); /* the first stays */
    cr_expect_eq(known_find_host(k, base)->block, 7);
    cr_expect_eq(known_find_host(k, SPAN_LIT("b"))->block, -1);
    cr_expect_eq(known_find_host(k, base)->tlsa_at, TLSA_PLACE_TARGET);
    cr_expect_eq(known_find_host(k, SPAN_LIT("b"))->tlsa_at, TLSA_PLACE_ALIAS);
    expect_records(k, base, DANE_HOST_USABLE, base, tlsas, TLSA_MAX);
    expect_records(k, SPAN_LIT("b"), DANE_HOST_NONE, (struct span){0}, NULL, 0);
    expect_records(k, SPAN_LIT("c"), DANE_HOST_TLSA_INSECURE, (struct span){0}, NULL, 0);
    cr_expect_null(known_find_host(k, SPAN_LIT("d")));
    buf_deinit(&why);
    known_free(k);
}

Test(known, policies_and_bodies_come_back_as_they_were)
{
    hash_secret_init();
    const uint8_t digest[32] = {7};
    const uint8_t other[32] = {8};
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    struct known *k = known_new(KNOWN_MEMORY_OCTETS, &why);
    bool added = false;
    cr_expect(known_add_policy(k, SPAN_LIT("a.test"), SPAN_LIT("{}"), &added, &why) && added);
    cr_expect(known_add_policy(k, SPAN_LIT("a.test"), SPAN_LIT("[]"), &added, &why) && !added);
    cr_expect(known_add_body(k, digest, (struct span){0}, &added, &why) && added);
    buf_put_text(&got, "of before");
    cr_expect(known_find_policy(k, SPAN_LIT("a.test"), &got, &why));
    cr_expect(span_eq(buf_span(&got), SPAN_LIT("{}")));
    cr_expect(known_find_body(k, digest, &got, &why), "a body without octets is one");
    cr_expect_eq(got.len, 0);
    cr_expect_not(known_find_policy(k, SPAN_LIT("b.test"), &got, &why));
    cr_expect_not(known_find_body(k, other, &got, &why));
    cr_expect_eq(why.len, 0, "what is not there is no fault");
    buf_deinit(&got);
    buf_deinit(&why);
    known_free(k);
}
