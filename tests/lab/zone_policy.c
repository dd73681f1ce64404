#include "tests/lab/zone_policy.h"

#include "tests/lab/policy_population.h"

static void put_text(const char *text, uint16_t type, struct zone_answer *out)
{
    out->state = DNS_NODATA;
    if (type == LAB_TYPE_TXT) {
        zone_add_text(out, text);
    }
}

static bool answer_sts(const struct world *w, const struct domain_facts *d, uint16_t type,
                       struct zone_answer *out)
{
    struct policy_host h;
    char text[RECORD_TEXT_MAX];
    if (!population_sts_text(w, d, text)) {
        return false;
    }
    if (population_policy(w, d, &h) && h.hosting == LAB_POLICY_PROVIDER && !h.opted_out &&
        w->params.providers[h.provider].txt) {
        char target[LAB_NAME_MAX];
        population_policy_alias(w, &h, d->index, true, target);
        zone_add_name(out, LAB_TYPE_CNAME, 0, target);
        return true;
    }
    put_text(text, type, out);
    return true;
}

static bool answer_rpt(const struct world *w, const struct domain_facts *d, uint16_t type,
                       struct zone_answer *out)
{
    char text[RECORD_TEXT_MAX];
    unsigned n = 0;
    for (; population_rpt_text(w, d, n, text); n++) {
        put_text(text, type, out);
    }
    return n > 0;
}

static void put_addresses(const struct policy_host *h, uint16_t type, struct zone_answer *out)
{
    out->state = DNS_NODATA;
    for (size_t i = 0; i < h->address_count; i++) {
        if ((h->addresses[i].family == 4 ? LAB_TYPE_A : LAB_TYPE_AAAA) == type) {
            zone_add_address(out, &h->addresses[i]);
        }
    }
}

static bool answer_host(const struct world *w, const struct domain_facts *d, uint16_t type,
                        struct zone_answer *out)
{
    struct policy_host h;
    if (!population_policy(w, d, &h) || h.dns == LAB_POLICY_DNS_NXDOMAIN) {
        return false;
    }
    out->state = DNS_NODATA;
    if (h.dns == LAB_POLICY_DNS_SERVFAIL) {
        out->state = DNS_SERVFAIL;
        out->ede = 22; /* No Reachable Authority */
    } else if (h.alias[0] != '\0') {
        zone_add_name(out, LAB_TYPE_CNAME, 0, h.alias);
    } else if (h.dns == LAB_POLICY_DNS_OK) {
        put_addresses(&h, type, out);
    }
    return true;
}

bool zone_policy_domain(const struct world *w, const struct domain_facts *d, struct span rest,
                        uint16_t type, struct zone_answer *out)
{
    char text[RECORD_TEXT_MAX];
    bool sts = span_eq(rest, SPAN_LIT("_mta-sts"));
    bool rpt = span_eq(rest, SPAN_LIT("_smtp._tls"));
    if (span_eq(rest, SPAN_LIT("mta-sts"))) {
        return answer_host(w, d, type, out);
    }
    if ((sts && answer_sts(w, d, type, out)) || (rpt && answer_rpt(w, d, type, out))) {
        return true;
    }
    if ((sts || rpt) && population_wildcard_text(w, d)) {
        put_text("v=spf1 mx -all", type, out);
        return true;
    }
    if (span_eq(rest, SPAN_LIT("_tls")) && population_rpt_text(w, d, 0, text)) {
        out->state = DNS_NODATA; /* an empty non-terminal, RFC 8020 */
        return true;
    }
    return false;
}

void zone_policy_provider(const struct world *w, const struct found_name *found, uint16_t type,
                          struct zone_answer *out)
{
    struct domain_facts d;
    struct policy_host h;
    bool txt;
    char text[RECORD_TEXT_MAX];
    if (!population_policy_customer(w, found, &d, &h, &txt)) {
        return;
    }
    if (!txt) {
        put_addresses(&h, type, out);
    } else if (population_sts_text(w, &d, text)) {
        put_text(text, type, out);
    }
}
