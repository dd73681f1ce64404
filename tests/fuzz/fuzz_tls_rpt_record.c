#include "scanner/base/check.h"
#include "scanner/policy/tls_rpt_record.h"

/* Records, parted by octets 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS_MAX 8
#define STRICT      "v=TLSRPTv1;"

static size_t take_records(struct span rest, struct span *texts)
{
    size_t count = 0;
    while (count < RECORDS_MAX && rest.len > 0) {
        const uint8_t *end = memchr(rest.at, '\0', rest.len);
        size_t len = end != NULL ? (size_t)(end - rest.at) : rest.len;
        texts[count++] = span_take(rest, len);
        rest = span_drop(rest, len + (end != NULL));
    }
    return count;
}

static bool is_part(struct span part, struct span whole)
{
    return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static void check_uris(const struct tls_rpt_records *r)
{
    bool destination = false;
    CHECK(r->rua_count <= TLS_RPT_URIS_MAX);
    for (size_t i = 0; i < r->rua_count; i++) {
        struct span domain = tls_rpt_uri_domain(r->rua[i]);
        CHECK(r->rua[i].len > 0 && is_part(domain, r->rua[i]));
        CHECK(domain.len == 0 || memchr(domain.at, '@', domain.len) == NULL);
        destination = destination || domain.len > 0;
        CHECK(!r->valid || domain.len > 0);
    }
    CHECK(!r->valid || r->rua_count > 0);
    CHECK(!r->lenient_valid || destination || r->rua_count == TLS_RPT_URIS_MAX);
}

static void check_records(const struct span *texts, size_t count, const struct tls_rpt_records *r)
{
    static const uint32_t harmless = 1U << TLS_RPT_UNRELATED | 1U << TLS_RPT_SPACE_BEFORE_DELIMITER;
    size_t strict = 0;
    for (size_t i = 0; i < count; i++) {
        strict += span_eq(span_take(texts[i], strlen(STRICT)), SPAN_LIT(STRICT));
    }
    CHECK(r->strict_count == strict && strict <= r->lenient_count && r->lenient_count <= count);
    CHECK(!r->lenient_valid || r->lenient_count == 1);
    CHECK(!r->valid || r->lenient_count > 1 || r->lenient_valid);
    /* A record is invalid for a reason that is told, and valid without one. */
    CHECK(r->lenient_count == 0 || r->valid == ((r->faults & ~harmless) == 0));
    CHECK(r->lenient_count > 0 || (r->faults & ~(1U << TLS_RPT_UNRELATED)) == 0);
    CHECK(tls_rpt_have(r, TLS_RPT_UNRELATED) == (r->lenient_count < count));
    CHECK(!tls_rpt_have(r, TLS_RPT_MULTIPLE) || r->strict_count != 1);
    CHECK(r->strict_count < 2 || tls_rpt_have(r, TLS_RPT_MULTIPLE));
    check_uris(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span texts[RECORDS_MAX];
    struct tls_rpt_records r;
    struct span all = {data, size};
    CHECK(is_part(tls_rpt_uri_domain(all), all));
    size_t count = take_records(all, texts);
    tls_rpt_records_read(texts, count, &r);
    check_records(texts, count, &r);
    for (size_t i = 0; i < count; i++) {
        tls_rpt_records_read(&texts[i], 1, &r);
        check_records(&texts[i], 1, &r);
    }
    return 0;
}
