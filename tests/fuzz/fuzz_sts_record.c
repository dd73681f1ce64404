#include "scanner/base/check.h"
#include "scanner/policy/sts_record.h"

/* Records, parted by octets 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS_MAX 8
#define STRICT      "v=STSv1;"

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

/* RFC 8461 section 3.1: 1*32(ALPHA / DIGIT) */
static bool is_id(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = ascii_lower(s.at[i]);
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z')) {
            return false;
        }
    }
    return s.len >= 1 && s.len <= 32;
}

static void check_faults(const struct sts_records *r, size_t count)
{
    static const uint32_t misfits =
        1U << STS_RECORD_MULTIPLE | 1U << STS_RECORD_NO_DELIMITER | 1U << STS_RECORD_VERSION_CASE |
        1U << STS_RECORD_VERSION_NOT_FIRST | 1U << STS_RECORD_ID_MISSING |
        1U << STS_RECORD_ID_SYNTAX | 1U << STS_RECORD_ID_TOO_LONG | 1U << STS_RECORD_QUOTED |
        1U << STS_RECORD_ESCAPED | 1U << STS_RECORD_EXTENSION_SYNTAX | 1U << STS_RECORD_NON_ASCII;
    CHECK(r->faults >> STS_RECORD_FAULT_COUNT == 0);
    /* A record is invalid for a reason that is told, and valid without one. */
    CHECK(r->lenient_count == 0 || r->valid == ((r->faults & misfits) == 0));
    CHECK(r->lenient_count > 0 || (r->faults & ~(1U << STS_RECORD_UNRELATED)) == 0);
    CHECK(sts_records_have(r, STS_RECORD_UNRELATED) == (r->lenient_count < count));
    CHECK(!sts_records_have(r, STS_RECORD_MULTIPLE) || r->strict_count != 1);
    CHECK(r->strict_count < 2 || sts_records_have(r, STS_RECORD_MULTIPLE));
}

static void check_records(const struct span *texts, size_t count, const struct sts_records *r)
{
    struct span all = {texts[0].at,
                       (size_t)(texts[count - 1].at + texts[count - 1].len - texts[0].at)};
    size_t strict = 0;
    for (size_t i = 0; i < count; i++) {
        strict += span_eq(span_take(texts[i], strlen(STRICT)), SPAN_LIT(STRICT));
    }
    CHECK(r->strict_count == strict && strict <= r->lenient_count && r->lenient_count <= count);
    CHECK(!r->valid || ((strict == 1 || count == 1) && is_id(r->id)));
    CHECK(r->quirks >> STS_RECORD_QUIRK_COUNT == 0);
    /* What is valid some reader takes; the grammar has no quirk but those of company and white space. */
    CHECK(!r->valid || r->readable);
    CHECK(!r->readable || r->lenient_count > 0);
    CHECK(!r->valid ||
          (r->quirks &
           ~(1U << STS_RECORD_QUIRK_SPACE_BEFORE_DELIMITER |
             1U << STS_RECORD_QUIRK_END_DELIMITER_SPACE | 1U << STS_RECORD_QUIRK_DUPLICATE_ID |
             1U << STS_RECORD_QUIRK_OTHER_RECORD | 1U << STS_RECORD_QUIRK_SECOND_LOOSE)) == 0);
    CHECK(!r->lenient_valid || (r->lenient_count == 1 && r->id.len > 0));
    CHECK(!r->valid || r->lenient_count > 1 || r->lenient_valid);
    CHECK(is_part(r->id, all));
    check_faults(r, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span texts[RECORDS_MAX] = {{NULL, 0}};
    struct sts_records r;
    struct sts_records alone;
    size_t count = take_records((struct span){data, size}, texts);
    sts_records_read(texts, count, &r);
    if (count == 0) {
        CHECK(!r.valid && !r.lenient_valid && r.faults == 0 && r.lenient_count == 0);
        return 0;
    }
    check_records(texts, count, &r);
    /* The one strict record is what decides, whatever stands beside it. */
    for (size_t i = 0; i < count; i++) {
        sts_records_read(&texts[i], 1, &alone);
        check_records(&texts[i], 1, &alone);
        CHECK(r.strict_count != 1 || alone.strict_count != 1 ||
              (alone.valid == r.valid && span_eq(alone.id, r.id)));
    }
    return 0;
}
