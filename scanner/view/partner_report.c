#include "scanner/analysis/dane_domain.h"
#include "scanner/view/report.h"

/*
 * What a partner needs who demands TLS for mail to the domain: hosts and ports, what their certificates hold, and what
 * to set so that mail goes over verified TLS or not at all.
 */

#define NAMES_SHOWN 8
#define SMTPS_PORT  465

static void partner_begin_field(struct paper *p, const char *label)
{
    paper_begin(p, "    ", "               ");
    paper_put(p, INK_FAINT, label);
    paper_tab(p, 15);
}

static void put_accepted_versions(struct paper *p, const struct route_view *r)
{
    static const struct {
        unsigned column;
        const char *word;
    } versions[] = {{VERSION_FACTS_TLSV1_2, "TLSv1.2"}, {VERSION_FACTS_TLSV1_3, "TLSv1.3"}};
    struct facts accepted;
    const char *before = "";
    partner_begin_field(p, "versions");
    if (facts_object(&r->service, SERVICES_VERSIONS, &accepted)) {
        for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
            if (facts_bool(&accepted, versions[i].column)) {
                paper_putf(p, INK_PLAIN, "%s%s", before, versions[i].word);
                before = ", ";
            }
        }
        paper_put(p, before[0] == '\0' ? INK_ERROR : INK_PLAIN,
                  before[0] == '\0' ? "neither TLSv1.2 nor TLSv1.3" : "");
    } else {
        paper_putf(p, INK_PLAIN, "%s; others were not asked for",
                   facts_string_or(&r->brief, BRIEF_TLS_VERSION, "not known"));
    }
    paper_end(p);
}

static void put_certificate_of(struct paper *p, const struct domain_view *v,
                               const struct route_view *r)
{
    const struct facts *chain = &v->chain[r->chain].facts;
    const char *first = facts_list_len(chain, CHAINS_CERTIFICATES) > 0
                            ? facts_list_string(chain, CHAINS_CERTIFICATES, 0)
                            : NULL;
    struct facts leaf = result_rows_facts(v->rows, TABLE_CERTIFICATES, first);
    struct facts validity = facts_member(&leaf, CERTIFICATES_VALIDITY);
    size_t count = facts_list_len(&leaf, CERTIFICATES_NAMES);
    partner_begin_field(p, "names");
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
        paper_put(p, INK_PLAIN, i > 0 ? ", " : "");
        paper_put(p, INK_PLAIN, facts_list_string(&leaf, CERTIFICATES_NAMES, i));
    }
    if (count > NAMES_SHOWN) {
        paper_putf(p, INK_PLAIN, " and %zu more", count - NAMES_SHOWN);
    }
    paper_put(p, INK_WARNING, count == 0 ? "none" : "");
    paper_end(p);
    partner_begin_field(p, "issuer");
    paper_put(p, INK_PLAIN, facts_string_or(&leaf, CERTIFICATES_ISSUER_DN, "not known"));
    paper_putf(p, INK_PLAIN, ", valid until %.10s",
               facts_string_or(&validity, VALIDITY_END, "unknown"));
    paper_end(p);
}

static void put_check_of(struct paper *p, const struct route_view *r)
{
    enum truth acceptable = facts_truth(&r->brief, BRIEF_ACCEPTABLE);
    partner_begin_field(p, "verification");
    paper_put(p,
              acceptable == TRUTH_YES  ? INK_GOOD
              : acceptable == TRUTH_NO ? INK_ERROR
                                       : INK_FAINT,
              acceptable == TRUTH_YES  ? "passes with the name of the host"
              : acceptable == TRUTH_NO ? "fails"
                                       : "not known");
    if (acceptable == TRUTH_NO) {
        paper_putf(p, INK_PLAIN, ": chain %s, name %s",
                   facts_string_or(&r->brief, BRIEF_CHAIN_STATUS, "unknown"),
                   facts_string_or(&r->brief, BRIEF_NAME_MATCH, "unknown"));
    }
    paper_end(p);
}

static void put_way(struct paper *p, const struct domain_view *v, const struct route_view *r)
{
    uint16_t port = facts_u16(&r->brief, BRIEF_PORT);
    paper_begin(p, "  ", "    ");
    paper_put(p, INK_STRONG, r->host);
    paper_putf(p, INK_PLAIN, " port %u, %s", port, port == SMTPS_PORT ? "TLS at once" : "STARTTLS");
    paper_putf(p, INK_FAINT, " (%s)", facts_string_or(&r->brief, BRIEF_ADDRESS, "?"));
    if (r->outcome != OUTCOME_ESTABLISHED || route_ends_with_tls(r)) {
        bool known = outcome_info(r->outcome)->conclusive;
        paper_put(p, known ? INK_ERROR : INK_FAINT, known ? ": no TLS, " : ": not known, ");
        paper_put(p, INK_PLAIN,
                  r->outcome != OUTCOME_ESTABLISHED ? outcome_word(r->outcome)
                                                    : "the session ends after it");
    }
    paper_end(p);
    if (r->outcome == OUTCOME_ESTABLISHED && r->chain >= 0) {
        put_accepted_versions(p, r);
        put_certificate_of(p, v, r);
        put_check_of(p, r);
    }
}

/* --- what to set ------------------------------------------------------------------------------ */

enum partner_level {
    PARTNER_UNKNOWN,
    PARTNER_NOTHING, /* some way is without TLS */
    PARTNER_ENCRYPT,
    PARTNER_VERIFY,
};

/* By the servers that could be tested: of the others nothing is known. */
static enum partner_level level_of(const struct domain_view *v)
{
    enum partner_level level = PARTNER_UNKNOWN;
    for (size_t i = 0; i < v->route_count; i++) {
        const struct route_view *r = &v->route[i];
        if (!r->tells || !outcome_info(r->outcome)->conclusive) {
            continue;
        }
        if (r->outcome != OUTCOME_ESTABLISHED || route_ends_with_tls(r)) {
            return PARTNER_NOTHING;
        }
        bool passes = facts_bool(&r->brief, BRIEF_ACCEPTABLE);
        level = !passes || level == PARTNER_ENCRYPT ? PARTNER_ENCRYPT : PARTNER_VERIFY;
    }
    return level;
}

/* Each host once, in a list as it is written in a setting. */
static void put_host_list(struct buf *out, const struct domain_view *v, const char *between)
{
    const char *before = "";
    for (size_t i = 0; i < v->route_count; i++) {
        bool first = v->route[i].tells;
        for (size_t k = 0; k < i && first; k++) {
            first = strcmp(v->route[k].host, v->route[i].host) != 0;
        }
        if (first) {
            buf_putf(out, "%s%s", before, v->route[i].host);
            before = between;
        }
    }
}

static void put_setting_line(struct paper *p, const char *label, const char *format,
                             const char *domain, const char *hosts)
{
    size_t width = p->width;
    p->width = SIZE_MAX; /* it is copied */
    partner_begin_field(p, label);
    for (const char *c = format; *c != '\0'; c++) {
        char one[2] = {*c, '\0'};
        paper_put(p, INK_PLAIN, *c == '@' ? domain : *c == '#' ? hosts : one);
    }
    paper_end(p);
    p->width = width;
}

static void put_settings(struct paper *p, const struct domain_view *v)
{
    const char *domain = facts_string_or(&v->domain, DOMAINS_DOMAIN, "");
    struct facts dane = facts_member(&v->domain, DOMAINS_DANE);
    bool has_dane =
        facts_enum(&dane, DANE_FACTS_STATE, &dane_domain_vocabulary) == DANE_DOMAIN_FULL &&
        facts_u32(&dane, DANE_FACTS_MISMATCH) == 0 && facts_u32(&dane, DANE_FACTS_UNKNOWN) == 0;
    static const char *const what[] = {
        [PARTNER_UNKNOWN] = "It is not known whether TLS can be demanded",
        [PARTNER_NOTHING] = "TLS cannot be demanded as things are",
        [PARTNER_ENCRYPT] = "TLS can be demanded, without verification",
        [PARTNER_VERIFY] = "TLS can be demanded, with verification",
    };
    enum partner_level level = level_of(v);
    struct buf hosts = BUF_INIT(BUF_NO_LIMIT);
    put_host_list(&hosts, v, ":");
    buf_put_char(&hosts, '\0');
    const char *list = (const char *)hosts.at;
    paper_begin(p, "  ", "    ");
    paper_put(p, INK_STRONG, what[level]);
    paper_end(p);
    if (level == PARTNER_VERIFY) {
        put_setting_line(p, "Postfix", "smtp_tls_policy_maps: @ secure match=#", domain, list);
        put_setting_line(p, "Exchange",
                         "a send connector for @: RequireTLS, TlsAuthLevel DomainValidation, "
                         "TlsDomain one of #",
                         domain, list);
    } else if (level == PARTNER_ENCRYPT) {
        put_setting_line(p, "Postfix", "smtp_tls_policy_maps: @ encrypt", domain, list);
        put_setting_line(p, "Exchange",
                         "a send connector for @: RequireTLS, TlsAuthLevel EncryptionOnly", domain,
                         list);
    }
    if (has_dane) {
        put_setting_line(p, "with DANE", "smtp_tls_policy_maps: @ dane-only", domain, list);
    }
    buf_deinit(&hosts);
}

void partner_put(struct paper *p, const struct domain_view *v)
{
    bool any = false;
    for (size_t i = 0; i < v->route_count; i++) {
        if (!v->route[i].tells) {
            continue;
        }
        if (!any) {
            paper_blank(p);
            paper_say(p, INK_STRONG, "For a partner who demands TLS");
        }
        any = true;
        put_way(p, v, &v->route[i]);
    }
    if (any && v->row != NULL && !v->setting.host_only) {
        put_settings(p, v);
    }
}
