#include "scanner/analysis/dane_domain.h"
#include "scanner/analysis/sts_verdict.h"
#include "scanner/view/report.h"

#define TLS1_0 0x0301
#define TLS1_1 0x0302

/*
 * What fails for whom. One line for each kind of trouble, with the addresses it is met at. Sender
 * behaviour as the RFCs have it; what one product does differently is not told here.
 */

typedef bool (*route_test_fn)(const struct route_view *r);

static enum sni_class route_sni_class(const struct route_view *r)
{
    struct facts sni = facts_member(&r->endpoint, ENDPOINTS_SNI);
    return facts_enum(&sni, SNI_FACTS_CLASS, &sni_class_vocabulary);
}

static enum sni_acceptable sni_acceptable_of(const struct route_view *r)
{
    struct facts sni = facts_member(&r->endpoint, ENDPOINTS_SNI);
    return facts_enum(&sni, SNI_FACTS_ACCEPTABLE, &sni_acceptable_vocabulary);
}

static bool is_established(const struct route_view *r)
{
    return r->outcome == OUTCOME_ESTABLISHED;
}

/* Outcomes are in the order of the stages. Behind an offer of STARTTLS, whatever came with it, or a port of
 * TLS. */
static bool fails_in_tls(const struct route_view *r)
{
    return !route_is_in_clear(r) && r->outcome >= OUTCOME_STARTTLS_NOT_OFFERED &&
           r->outcome < OUTCOME_ESTABLISHED;
}

static bool is_unreachable(const struct route_view *r)
{
    return r->outcome == OUTCOME_REFUSED || r->outcome == OUTCOME_UNREACHABLE ||
           r->outcome == OUTCOME_CONNECT_TIMEOUT;
}

static bool is_silent(const struct route_view *r)
{
    return !route_is_in_clear(r) && r->outcome >= OUTCOME_GREETING_TIMEOUT &&
           r->outcome <= OUTCOME_TARPIT;
}

static bool is_lost(const struct route_view *r)
{
    return smtp_has_quirk(r->quirks, SMTP_QUIRK_LOST_AFTER_TLS);
}

static bool is_refused_inside(const struct route_view *r)
{
    return route_ends_with_tls(r) && !is_lost(r);
}

/* Before TLS, where senders differ in what they bear; this program bears most. */
static bool is_odd_dialogue(const struct route_view *r)
{
    struct facts reply = facts_member(&r->transcript, TRANSCRIPT_STARTTLS);
    uint16_t code = facts_u16(&reply, REPLY_FACTS_CODE);
    uint16_t before_tls = SMTP_LINE_QUIRKS | smtp_quirk_bit(SMTP_QUIRK_KEYWORD_CASE) |
                          smtp_quirk_bit(SMTP_QUIRK_INJECTED);
    bool odd = (code / 100 == 2 && code != 220) || r->forms != 0 || (r->quirks & before_tls) != 0;
    return odd && is_established(r) && !route_ends_with_tls(r);
}

static bool is_not_acceptable(const struct route_view *r)
{
    return facts_truth(&r->brief, BRIEF_ACCEPTABLE) == TRUTH_NO && is_established(r);
}

static bool is_old_version(const struct route_view *r)
{
    uint16_t version = facts_tls_version(&r->brief, BRIEF_TLS_VERSION);
    return version == TLS1_0 || version == TLS1_1;
}

static bool fails_without_sni(const struct route_view *r)
{
    return route_sni_class(r) == SNI_FATAL_WITHOUT;
}

static bool needs_sni(const struct route_view *r)
{
    return sni_acceptable_of(r) == SNI_ACCEPTABLE_ONLY_SNI && !fails_without_sni(r);
}

static bool fails_with_sni(const struct route_view *r)
{
    return route_sni_class(r) == SNI_FATAL_WITH;
}

static bool is_worse_with_sni(const struct route_view *r)
{
    return sni_acceptable_of(r) == SNI_ACCEPTABLE_ONLY_DEFAULT;
}

static const struct {
    route_test_fn test;
    enum ink ink;
    const char *who;
    const char *what;
    bool goes_on; /* to the other addresses and hosts, where it fares better */
} effects[] = {
    {is_unreachable, INK_WARNING, "Every sender:", "no connection.", true},
    {is_silent, INK_WARNING, "Every sender that is treated like this client:", "no SMTP dialogue.",
     true},
    {route_is_in_clear, INK_ERROR, "Every sender:",
     "no encryption. Mail is sent in cleartext; senders that require TLS (MTA-STS in mode enforce, "
     "RFC 8461; DANE, RFC 7672) do not deliver.",
     false},
    {fails_in_tls, INK_ERROR, "Every sender that uses TLS:",
     "TLS fails. Some fall back to cleartext, others defer the mail.", false},
    {is_lost, INK_ERROR, "Every sender that uses TLS:",
     "the session ends right after the TLS handshake (RFC 3207 section 4.2). Some fall back to "
     "cleartext, others defer the mail.",
     false},
    {is_refused_inside, INK_WARNING, "Every sender that is treated like this client:",
     "EHLO inside TLS is rejected or not answered (RFC 3207 section 4.2). Most defer the mail.",
     false},
    {is_odd_dialogue, INK_WARNING, "Some senders:",
     "the dialogue before TLS deviates from the RFCs; they send in cleartext or defer the mail, "
     "while others go on and encrypt.",
     false},
    {fails_with_sni, INK_ERROR, "Senders with SNI (most senders):",
     "TLS fails; it works without SNI (RFC 6066 section 3).", false},
    {is_old_version, INK_ERROR, "Senders that require TLS 1.2 or newer:",
     "no encryption (RFC 8996; RFC 8461 section 7.2 requires it).", false},
    {is_not_acceptable, INK_ERROR,
     "Senders that verify certificates (MTA-STS in mode enforce, RFC 8461; without DANE):",
     "no delivery. Others are not affected: they encrypt without verification.", true},
    {is_worse_with_sni, INK_ERROR, "Senders with SNI that verify certificates:",
     "the certificate presented with SNI fails verification; the one without SNI would pass.",
     false},
    {fails_without_sni, INK_ERROR, "Senders without SNI:", "no encryption; the handshake fails.",
     false},
    {needs_sni, INK_WARNING, "Senders without SNI:",
     "another certificate, which fails verification; this affects only senders that verify "
     "certificates.",
     false},
};

static void put_where(struct paper *p, const struct domain_view *v, size_t hits, size_t total,
                      route_test_fn test)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    if (hits == total) {
        buf_putf(&text, total == 1 ? " At the only address." : " At all %zu addresses.", total);
    } else {
        const char *before = " At ";
        for (size_t i = 0; i < v->route_count; i++) {
            const struct route_view *r = &v->route[i];
            if (r->tells && test(r)) {
                buf_put_text(&text, before);
                route_put_address(&text, &r->brief);
                before = ", ";
            }
        }
        buf_put_char(&text, '.');
    }
    buf_put_char(&text, '\0');
    paper_put(p, INK_FAINT, (const char *)text.at);
    buf_deinit(&text);
}

static size_t effects_count(const struct domain_view *v, route_test_fn test)
{
    size_t n = 0;
    for (size_t i = 0; i < v->route_count; i++) {
        n += v->route[i].tells && (test == NULL || test(&v->route[i]));
    }
    return n;
}

static bool passes(const struct route_view *r)
{
    return is_established(r) && facts_bool(&r->brief, BRIEF_ACCEPTABLE) && !route_ends_with_tls(r);
}

/* A policy keeps senders from what a certificate alone would let pass. */
static bool policy_refuses(const struct domain_view *v)
{
    struct facts dane = facts_member(&v->domain, DOMAINS_DANE);
    enum sts_state sts = facts_enum(&v->mta_sts, MTA_STS_FACTS_STATE, &sts_state_vocabulary);
    enum rollup passing = facts_enum(&v->mta_sts, MTA_STS_FACTS_PASSES, &rollup_vocabulary);
    return (sts == STS_STATE_ENFORCE && (passing == ROLLUP_SOME || passing == ROLLUP_NONE)) ||
           facts_enum(&dane, DANE_FACTS_STATE, &dane_domain_vocabulary) == DANE_DOMAIN_FAILED;
}

static const char *nothing_fails(const struct domain_view *v, bool all_pass)
{
    if (policy_refuses(v)) {
        return all_pass ? "Nothing for senders without policies: every address encrypts with a "
                          "certificate that passes verification. For what the policies of the "
                          "domain reject, see below."
                        : "No failure was seen for senders without policies. For what the policies "
                          "of the domain reject, see below.";
    }
    return all_pass ? "Nothing: every address encrypts with a certificate that passes verification."
                    : "No failure was seen.";
}

static void put_line(struct paper *p, enum ink ink, const char *text)
{
    paper_begin(p, "  - ", "    ");
    paper_put(p, ink, text);
    paper_end(p);
}

void effects_put(struct paper *p, const struct domain_view *v)
{
    size_t total = effects_count(v, NULL);
    bool any = false;
    if (total == 0) {
        return;
    }
    paper_blank(p);
    paper_say(p, INK_STRONG, "What fails for whom");
    if (!v->has_smtp_port) {
        put_line(p, INK_PLAIN, "Not known: mail comes to port 25, which was not asked for.");
        return;
    }
    for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        size_t hits = effects_count(v, effects[i].test);
        if (hits > 0) {
            any = true;
            paper_begin(p, "  - ", "    ");
            paper_put(p, effects[i].ink, effects[i].who);
            paper_put(p, INK_PLAIN, " ");
            paper_put(p, INK_PLAIN, effects[i].what);
            put_where(p, v, hits, total, effects[i].test);
            if (effects[i].goes_on) {
                paper_put(p, INK_PLAIN,
                          hits < total ? " They try the other addresses and hosts."
                                       : " They defer the mail; in the end it bounces.");
            }
            paper_end(p);
        }
    }
    if (!any) {
        put_line(p, policy_refuses(v) ? INK_PLAIN : INK_GOOD,
                 nothing_fails(v, effects_count(v, passes) == total));
    }
}
