#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/dane/dane.h"

/* Records, each as four octets (usage, selector, matching, length) and its data, up to a usage of 255; the
 * rest is a list as presented. A length of 255 takes the first certificate of that list as data. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define JUDGED_AT 1780000000

static size_t take_records(struct span *rest, struct seen_tlsa *records)
{
    size_t count = 0;
    while (count < TLSA_MAX && rest->len >= 4 && rest->at[0] != 255) {
        const uint8_t *head = rest->at;
        *rest = span_drop(*rest, 4);
        struct span octets = span_take(*rest, head[3] == 255 ? 0 : head[3]);
        *rest = span_drop(*rest, octets.len);
        records[count] = (struct seen_tlsa){head[0], head[1], head[2], octets};
        records[count].data.at = head[3] == 255 ? NULL : octets.at;
        count++;
    }
    *rest = span_drop(*rest, rest->len > 0);
    return count;
}

static void check_verdict(const struct dane_verdict *v, size_t count, size_t certs)
{
    bool match = v->status == DANE_MATCH;
    CHECK(v->record_count == count &&
          (match || v->status == DANE_MISMATCH || v->status == DANE_OTHER_NAME ||
           (v->status == DANE_UNKNOWN && count == TLSA_MAX))); /* more may not be kept */
    CHECK(match == (v->matching_record >= 0) && v->matching_record < (int)count);
    CHECK(match == ((v->flags & (DANE_FLAG_EE | DANE_FLAG_TA)) != 0));
    CHECK(v->status != DANE_OTHER_NAME || (v->flags & DANE_FLAG_TA_NO_NAME) != 0);
    CHECK((v->flags & DANE_FLAG_ANCHOR_IN_DNS) == 0 ||
          (v->flags & (DANE_FLAG_TA | DANE_FLAG_TA_NO_NAME)) != 0);
    CHECK(!match || !v->agility_conflict);
    CHECK(!match ||
          (v->record[v->matching_record].in_force && v->record[v->matching_record].matches));
    CHECK(v->stale < count + 1 && dane_ta_fault_word(v->ta_fault) != NULL);
    for (size_t i = 0; i < count; i++) {
        const struct tlsa_result *r = &v->record[i];
        CHECK(tlsa_fault_word(r->fault) != NULL && r->position < (int)certs);
        CHECK(tlsa_is_usable(r->fault) || (!r->in_force && !r->matches));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen_tlsa records[TLSA_MAX];
    struct span rest = {data, size};
    size_t count = take_records(&rest, records);
    struct span list = rest;
    struct span first = {0};
    (void)cert_list_next(&rest, &first);
    for (size_t i = 0; i < count; i++) {
        records[i].data = records[i].data.at == NULL ? first : records[i].data;
    }
    size_t certs = cert_list_count(list);
    if (count == 0 || certs == 0 || certs > TLS_CERTS_MAX) {
        return 0;
    }
    struct seen_session s = {.outcome = OUTCOME_ESTABLISHED, .tls_attempted = true};
    s.tls.list = list;
    s.tls.cert_count = (uint8_t)certs;
    struct seen_endpoint e = {.host = SPAN_LIT("mx.test"),
                              .result = &s,
                              .dane_host = DANE_HOST_USABLE,
                              .tlsa_base = SPAN_LIT("mx.test"),
                              .tlsas = records,
                              .tlsa_count = count};
    struct dane_verdict v;
    struct dane_verdict without_name;
    const struct dane_leaves of_host = {.base = DANE_LEAF_OF_HOST};
    const struct dane_leaves of_other = {.base = DANE_LEAF_OTHER_NAME};
    dane_judge_endpoint(&e, &of_host, JUDGED_AT, &v);
    check_verdict(&v, count, certs);
    CHECK(v.status != DANE_OTHER_NAME);
    dane_judge_endpoint(&e, &of_other, JUDGED_AT, &without_name);
    check_verdict(&without_name, count, certs);
    /* A name never hurts, and is all that OTHER_NAME lacks. */
    CHECK(without_name.status != DANE_MATCH || v.status == DANE_MATCH);
    CHECK(without_name.status != DANE_OTHER_NAME || v.status == DANE_MATCH);
    return 0;
}
