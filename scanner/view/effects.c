#include "scanner/view/report.h"

/*
 * What fails for whom. One line for each kind of trouble, with the addresses it is met at. Sender
 * behaviour as the RFCs have it; what one product does differently is not told here.
 */

static bool is_word(const char *text, const char *word)
{
    return text != NULL && strcmp(text, word) == 0;
}

typedef bool (*route_test_fn)(const struct route_view *r);

static const char *outcome_of(const struct route_view *r)
{
    const char *outcome = value_text(r->brief, "outcome");
    return outcome != NULL ? outcome : "";
}

static const json_t *sni_of(const struct route_view *r)
{
    return r->endpoint != NULL ? value_object(r->endpoint->value, "sni") : NULL;
}

/* Both kinds of outcome are behind an offer of STARTTLS, whatever came with it, or a port of TLS. */
static bool is_broken(const struct route_view *r)
{
    const char *outcome = outcome_of(r);
    return !route_is_in_clear(r) &&
           (strncmp(outcome, "tls_", 4) == 0 || strncmp(outcome, "starttls_", 9) == 0);
}

static bool is_unreachable(const struct route_view *r)
{
    const char *outcome = outcome_of(r);
    return is_word(outcome, "refused") || is_word(outcome, "unreachable") ||
           is_word(outcome, "connect_timeout");
}

static bool is_silent(const struct route_view *r)
{
    const char *outcome = outcome_of(r);
    bool silent = strncmp(outcome, "greeting_", 9) == 0 || strncmp(outcome, "ehlo_", 5) == 0 ||
                  is_word(outcome, "not_smtp") || is_word(outcome, "tarpit");
    return silent && !route_is_in_clear(r);
}

static bool is_lost(const struct route_view *r)
{
    return route_has_quirk(r, "lost_after_tls");
}

static bool is_refused_inside(const struct route_view *r)
{
    return route_ends_with_tls(r) && !is_lost(r);
}

/* Before TLS, where senders differ in what they bear; this program bears most. */
static bool is_odd_dialogue(const struct route_view *r)
{
    static const char *const quirks[] = {
        "keyword_case",     "cr_cr_lf",     "nul",     "empty_line_greeting",
        "empty_line_reply", "garbage_line", "injected"};
    const json_t *reply = value_object(value_object(r->session, "transcript"), "starttls");
    json_int_t code = json_integer_value(json_object_get(reply, "code"));
    bool odd = (code / 100 == 2 && code != 220) || route_has_form(r);
    for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++) {
        odd = odd || route_has_quirk(r, quirks[i]);
    }
    return odd && is_word(outcome_of(r), "established") && !route_ends_with_tls(r);
}

static bool is_not_acceptable(const struct route_view *r)
{
    return value_is_false(r->brief, "acceptable") && is_word(outcome_of(r), "established");
}

static bool is_old_version(const struct route_view *r)
{
    const char *version = value_text(r->brief, "tls_version");
    return is_word(version, "TLSv1") || is_word(version, "TLSv1.0") || is_word(version, "TLSv1.1");
}

static bool fails_without_sni(const struct route_view *r)
{
    return is_word(value_text(sni_of(r), "class"), "fatal_without");
}

static bool needs_sni(const struct route_view *r)
{
    return is_word(value_text(sni_of(r), "acceptable"), "only_sni") && !fails_without_sni(r);
}

static bool fails_with_sni(const struct route_view *r)
{
    return is_word(value_text(sni_of(r), "class"), "fatal_with");
}

static bool is_worse_with_sni(const struct route_view *r)
{
    return is_word(value_text(sni_of(r), "acceptable"), "only_default");
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
    {is_broken, INK_ERROR, "Every sender that uses TLS:",
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
                route_put_address(&text, r->brief);
                before = ", ";
            }
        }
        buf_put_char(&text, '.');
    }
    buf_put_char(&text, '\0');
    paper_put(p, INK_FAINT, (const char *)text.at);
    buf_deinit(&text);
}

static size_t count_routes(const struct domain_view *v, route_test_fn test)
{
    size_t n = 0;
    for (size_t i = 0; i < v->route_count; i++) {
        n += v->route[i].tells && (test == NULL || test(&v->route[i]));
    }
    return n;
}

static bool passes(const struct route_view *r)
{
    return is_word(outcome_of(r), "established") && value_is_true(r->brief, "acceptable") &&
           !route_ends_with_tls(r);
}

/* A policy keeps senders from what a certificate alone would let pass. */
static bool policy_refuses(const struct domain_view *v)
{
    const json_t *sts = value_object(v->domain->value, "mta_sts");
    const char *passes = value_text(sts, "passes");
    bool enforced = is_word(value_text(sts, "state"), "enforce");
    return (enforced && (is_word(passes, "some") || is_word(passes, "none"))) ||
           is_word(value_text(value_object(v->domain->value, "dane"), "state"), "failed");
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
    size_t total = count_routes(v, NULL);
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
        size_t hits = count_routes(v, effects[i].test);
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
                 nothing_fails(v, count_routes(v, passes) == total));
    }
}
