#include "scanner/base/text.h"
#include "scanner/replay/read_rows.h"

/* A host name has no '|'. */
static struct span host_of_key(struct span endpoint)
{
    const uint8_t *bar = endpoint.len > 0 ? memchr(endpoint.at, '|', endpoint.len) : NULL;
    return bar != NULL ? span_take(endpoint, (size_t)(bar - endpoint.at)) : endpoint;
}

/* There are no columns for address and port. */
static void read_service_key(const struct facts *row, struct seen_group *out)
{
    struct span key = facts_text(row, GROUPS_SERVICE);
    const uint8_t *bar = key.len > 0 ? memchr(key.at, '|', key.len) : NULL;
    size_t len = bar != NULL ? (size_t)(bar - key.at) : 0;
    uint64_t port = 0;
    if (bar == NULL || !net_addr_parse(span_take(key, len), &out->address) ||
        !text_to_u64(span_drop(key, len + 1), &port) || port > UINT16_MAX) {
        facts_bad(row, GROUPS_SERVICE, "is not address|port");
        return;
    }
    out->port = (uint16_t)port;
}

static void read_wildcard(const struct facts *row, struct seen_group *out)
{
    struct span wildcard = facts_text(row, GROUPS_WILDCARD);
    struct span front = SPAN_LIT("*.");
    if (wildcard.len <= front.len || !span_eq(span_take(wildcard, front.len), front)) {
        facts_bad(row, GROUPS_WILDCARD, "is no wildcard");
        return;
    }
    out->parent = span_drop(wildcard, front.len);
}

void read_group(const struct facts *row, struct seen_group *out)
{
    size_t kept = facts_list_len(row, GROUPS_CONTRADICTED_BY);
    *out = (struct seen_group){
        .listed = facts_bool(row, GROUPS_LISTED),
        .state = (enum group_state)facts_enum(row, GROUPS_STATE, &group_state_vocabulary),
        .names_dialled = facts_uint(row, GROUPS_NAMES_DIALLED, UINT64_MAX),
        .names_inferred = facts_uint(row, GROUPS_NAMES_INFERRED, UINT64_MAX),
        .agreements = facts_uint(row, GROUPS_AGREEMENTS, UINT64_MAX),
        .inconclusive = facts_uint(row, GROUPS_INCONCLUSIVE, UINT64_MAX),
        .checks = facts_uint(row, GROUPS_CHECKS, UINT64_MAX),
        .contradictions = facts_uint(row, GROUPS_CONTRADICTIONS, UINT64_MAX),
        .speaks = host_of_key(facts_text(row, GROUPS_SPEAKS)),
    };
    read_service_key(row, out);
    read_wildcard(row, out);
    facts_sha256(row, GROUPS_CHAIN_ID, out->chain_id);
    if (kept > CONTRADICTIONS_KEPT || kept > out->contradictions ||
        (kept < CONTRADICTIONS_KEPT && kept < out->contradictions)) {
        facts_bad(row, GROUPS_CONTRADICTED_BY, "does not fit contradictions");
        return;
    }
    for (size_t i = 0; i < kept; i++) {
        out->contradicted_by[i] = host_of_key(facts_list_text(row, GROUPS_CONTRADICTED_BY, i));
    }
}
