#include <string.h>

#include "scanner/domain/domain_name.h"
#include "scanner/domain/domain_source.h"
#include "scanner/replay/read_rows.h"

struct span read_certificate(const struct facts *row, uint8_t sha256[32])
{
    facts_sha256(row, CERTIFICATES_FINGERPRINT_SHA256, sha256);
    return facts_base64(row, CERTIFICATES_RAW);
}

struct span read_chain(const struct facts *row, uint8_t chain_id[32], size_t *count)
{
    facts_sha256(row, CHAINS_CHAIN_ID, chain_id);
    *count = facts_list_len(row, CHAINS_CERTIFICATES);
    uint8_t *digests = arena_new(&row->reading->arena, *count, 32);
    for (size_t i = 0; i < *count; i++) {
        struct span digest = facts_list_hex(row, CHAINS_CERTIFICATES, i);
        if (digest.len != 32) {
            facts_bad(row, CHAINS_CERTIFICATES, "has an item that is not a SHA-256");
            return (struct span){0};
        }
        memcpy(digests + 32 * i, digest.at, 32);
    }
    return (struct span){digests, 32 * *count};
}

/* Account and counts keep the word, so it must be the program's own. */
static const char *read_invalid(const struct facts *row)
{
    const char *word = facts_string(row, DOMAINS_INVALID);
    if (word == NULL) {
        return NULL;
    }
    const char *own = domain_source_fault(span_of(word));
    if (own == NULL) {
        facts_bad(row, DOMAINS_INVALID, "has a word that this version does not know");
    }
    return own;
}

static void read_mx(const struct facts *f, const struct brief_judge *judge, struct seen_mx *out)
{
    *out = (struct seen_mx){
        .preference = facts_u16(f, MX_FACTS_PREFERENCE),
        .exchange = facts_text(f, MX_FACTS_EXCHANGE),
        .host = facts_text(f, MX_FACTS_HOST),
        .registrable = facts_text(f, MX_FACTS_REGISTRABLE_DOMAIN),
        .name_kind = (uint8_t)facts_enum(f, MX_FACTS_NAME_KIND, &mx_name_kind_vocabulary),
        .unusable = facts_string(f, MX_FACTS_UNUSABLE),
        .a_state = (uint8_t)facts_enum(f, MX_FACTS_A, &dns_state_vocabulary),
        .aaaa_state = (uint8_t)facts_enum(f, MX_FACTS_AAAA, &dns_state_vocabulary),
        .cname_count = facts_u8(f, MX_FACTS_CNAME_COUNT),
        .blocklisted = facts_bool(f, MX_FACTS_BLOCKLISTED),
    };
    if (out->host.len > 0 && f->reading->why.len == 0) {
        judge->fill_mx(judge->arg, out);
    }
    out->endpoints = read_briefs(f, MX_FACTS_ENDPOINTS, out->host, judge, &out->endpoint_count);
}

static const struct seen_mx *read_mx_set(const struct facts *row, const struct brief_judge *judge,
                                         size_t *count)
{
    *count = facts_list_len(row, DOMAINS_MX);
    if (*count > MX_MAX) {
        facts_bad(row, DOMAINS_MX, "has more MX hosts than a scan tests");
        *count = 0;
    }
    struct seen_mx *mx = arena_new(&row->reading->arena, *count, sizeof(*mx));
    for (size_t i = 0; i < *count; i++) {
        struct facts f;
        facts_list_object(row, DOMAINS_MX, i, &f);
        read_mx(&f, judge, &mx[i]);
    }
    return mx;
}

static void read_txt(const struct facts *row, unsigned dns, unsigned texts, struct seen_txt *out)
{
    read_dns(row, dns, &out->dns);
    out->texts = facts_texts(row, texts, &out->count);
}

void read_domain(const struct facts *row, const struct brief_judge *judge, struct seen_domain *out)
{
    *out = (struct seen_domain){
        .input_line = facts_uint(row, DOMAINS_INPUT_LINE, UINT64_MAX),
        .input = facts_text(row, DOMAINS_INPUT),
        .domain = facts_text(row, DOMAINS_DOMAIN),
        .registrable = facts_text(row, DOMAINS_REGISTRABLE_DOMAIN),
        .tld = facts_text(row, DOMAINS_TLD),
        .metadata_json = facts_json(row, DOMAINS_METADATA),
        .invalid = read_invalid(row),
        .duplicate_of = facts_uint(row, DOMAINS_DUPLICATE_OF, UINT64_MAX),
        .blocklisted = facts_bool(row, DOMAINS_BLOCKLISTED),
        .mx_kind = facts_enum(row, DOMAINS_MX_KIND, &mx_kind_vocabulary),
        .mx_total = facts_uint(row, DOMAINS_MX_TOTAL, SIZE_MAX),
        .null_mx_beside = facts_bool(row, DOMAINS_NULL_MX_BESIDE),
        .endpoints_truncated = facts_bool(row, DOMAINS_ENDPOINTS_TRUNCATED),
    };
    read_dns(row, DOMAINS_MX_DNS, &out->mx_dns);
    out->cnames = facts_texts(row, DOMAINS_CNAMES, &out->cname_count);
    out->mx = read_mx_set(row, judge, &out->mx_count);
    read_txt(row, DOMAINS_MTA_STS_DNS, DOMAINS_MTA_STS_TXT, &out->mta_sts);
    out->mta_sts_cnames = facts_texts(row, DOMAINS_MTA_STS_CNAMES, &out->mta_sts_cname_count);
    read_txt(row, DOMAINS_TLS_RPT_DNS, DOMAINS_TLS_RPT_TXT, &out->tls_rpt);
    read_dns(row, DOMAINS_NS_DNS, &out->ns_dns);
    out->ns = facts_texts(row, DOMAINS_NS, &out->ns_count);
}
