#include <string.h>

#include "scanner/replay/read_rows.h"

/* @return how many */
static size_t read_policy_attempts(const struct facts *row, unsigned column,
                                   struct policy_attempt attempts[POLICY_ATTEMPTS_MAX])
{
    size_t count = facts_list_len(row, column);
    if (count > POLICY_ATTEMPTS_MAX) {
        facts_bad(row, column, "has more connections than a scan makes");
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct facts f;
        facts_list_object(row, column, i, &f);
        attempts[i] = (struct policy_attempt){
            .address = facts_address(&f, POLICY_ATTEMPT_ADDRESS),
            .outcome = (uint8_t)facts_enum(&f, POLICY_ATTEMPT_OUTCOME, &policy_fetch_vocabulary),
            .connect_ms = (int32_t)facts_natural(&f, POLICY_ATTEMPT_CONNECT_MS, INT32_MAX),
            .sys = facts_errno(&f, POLICY_ATTEMPT_ERROR),
        };
    }
    return count;
}

static void read_policy_handshake(const struct facts *row, struct seen_policy *out)
{
    struct facts handshake;
    struct seen_session s = {0};
    out->tls_attempted = facts_object(row, POLICIES_HANDSHAKE, &handshake);
    if (out->tls_attempted) {
        read_handshake(&handshake, &s);
        out->tls = s.tls;
        if (!facts_has(&handshake, HANDSHAKE_FACTS_CHAIN_ID)) { /* a lean row has it once */
            facts_sha256(row, POLICIES_CHAIN_ID, out->tls.chain_id);
            facts_sha256(row, POLICIES_LEAF_SHA256, out->tls.leaf_sha256);
        }
    }
}

static bool has_body(const struct seen_policy *p)
{
    static const uint8_t none[32];
    return memcmp(p->body_sha256, none, sizeof(none)) != 0;
}

void read_policy(const struct facts *row, struct read_policy *out)
{
    *out = (struct read_policy){
        .domain = facts_text(row, POLICIES_DOMAIN),
        .body_octets = facts_uint(row, POLICIES_BODY_OCTETS, POLICY_BODY_MAX),
    };
    struct seen_policy *seen = &out->seen;
    seen->policy_host = facts_text(row, POLICIES_POLICY_HOST);
    seen->outcome = facts_enum(row, POLICIES_FETCH, &policy_fetch_vocabulary);
    seen->not_tested = facts_enum(row, POLICIES_NOT_TESTED, &not_tested_vocabulary);
    seen->started_unix_ms = facts_time_ms(row, POLICIES_STARTED);
    seen->tls_ms = (int32_t)facts_natural(row, POLICIES_TLS_MS, INT32_MAX);
    seen->total_ms = (int32_t)facts_natural(row, POLICIES_TOTAL_MS, INT32_MAX);
    seen->status = facts_u16(row, POLICIES_HTTP_STATUS);
    seen->head_octets = facts_u32(row, POLICIES_HEAD_OCTETS);
    seen->location = facts_text(row, POLICIES_LOCATION);
    seen->content_type = facts_text(row, POLICIES_CONTENT_TYPE);
    read_dns(row, POLICIES_A_DNS, &seen->a);
    read_dns(row, POLICIES_AAAA_DNS, &seen->aaaa);
    seen->cnames = facts_texts(row, POLICIES_CNAMES, &seen->cname_count);
    seen->addresses = read_addresses(row, POLICIES_ADDRESSES, &seen->address_count);
    seen->attempt_count = read_policy_attempts(row, POLICIES_ATTEMPTS, seen->attempts);
    read_policy_handshake(row, seen);
    facts_sha256(row, POLICIES_POLICY_SHA256, seen->body_sha256);
    if (has_body(seen) != facts_has(row, POLICIES_BODY_OCTETS)) {
        facts_bad(row, POLICIES_BODY_OCTETS, "does not fit policy_sha256");
    }
}

struct span read_policy_body(const struct facts *row, uint8_t sha256[32])
{
    facts_sha256(row, POLICY_BODIES_POLICY_SHA256, sha256);
    struct span body = facts_base64(row, POLICY_BODIES_RAW);
    if (body.len > POLICY_BODY_MAX) {
        facts_bad(row, POLICY_BODIES_RAW, "is longer than a policy can be");
    }
    return body;
}

void read_issuer(const struct facts *row, struct seen_issuer *out)
{
    *out = (struct seen_issuer){
        .url = facts_text(row, ISSUERS_URL),
        .refused = facts_enum(row, ISSUERS_REFUSED, &issuer_refusal_vocabulary),
        .outcome = facts_enum(row, ISSUERS_FETCH, &policy_fetch_vocabulary),
        .not_tested = facts_enum(row, ISSUERS_NOT_TESTED, &not_tested_vocabulary),
        .started_unix_ms = facts_time_ms(row, ISSUERS_STARTED),
        .total_ms = (int32_t)facts_natural(row, ISSUERS_TOTAL_MS, INT32_MAX),
        .status = facts_u16(row, ISSUERS_HTTP_STATUS),
        .location = facts_text(row, ISSUERS_LOCATION),
        .content_type = facts_text(row, ISSUERS_CONTENT_TYPE),
        .body = facts_base64(row, ISSUERS_RAW),
    };
    out->attempt_count = read_policy_attempts(row, ISSUERS_ATTEMPTS, out->attempts);
    if (out->body.len > POLICY_BODY_MAX) {
        facts_bad(row, ISSUERS_RAW, "is longer than an answer can be");
    }
    if (facts_has(row, ISSUERS_RAW) != (out->outcome == POLICY_FETCH_FETCHED)) {
        facts_bad(row, ISSUERS_RAW, "does not fit fetch");
    }
}
