#include "scanner/base/check.h"
#include "scanner/cert/cert_info.h"
#include "scanner/cert/cert_list.h"

/* A certificate, and the same octets as a presented list. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_texts(const struct cert_texts *t)
{
    CHECK(t->count <= t->total && t->count <= CERT_NAMES_MAX);
    for (size_t i = 0; i < t->count; i++) {
        CHECK(t->at[i].len == 0 || t->at[i].at != NULL);
    }
}

static void check_certificate(struct span der)
{
    struct cert_info c;
    bool good = cert_info_read(der, &c);
    CHECK(good || c.parse_error != NULL);
    CHECK(c.der_len == der.len && c.subject_dn.len <= CERT_DN_MAX &&
          c.issuer_dn.len <= CERT_DN_MAX);
    CHECK(c.serial_hex.len <= 2 * CERT_SERIAL_MAX + 1);
    const struct cert_texts *lists[] = {&c.dns_names,       &c.ext_key_usage, &c.ocsp_urls,
                                        &c.ca_issuer_urls,  &c.crl_urls,      &c.policies,
                                        &c.unknown_critical};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        check_texts(lists[i]);
    }
    for (size_t i = 0; i < c.other_name_count; i++) {
        CHECK(cert_name_kind_word(c.other_names[i].kind) != NULL);
    }
    cert_info_deinit(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span all = {data, size};
    check_certificate(all);

    struct buf again = BUF_INIT(BUF_NO_LIMIT);
    struct span rest = all;
    struct span der;
    size_t count = 0;
    while (cert_list_next(&rest, &der)) {
        CHECK(cert_list_add(&again, der));
        count++;
    }
    CHECK(span_eq(buf_span(&again), span_take(all, size - rest.len)));
    CHECK(count == cert_list_count(all) && cert_list_is_valid(all) == (rest.len == 0));
    buf_deinit(&again);
    return 0;
}
