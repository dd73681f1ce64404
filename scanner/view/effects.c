#include "scanner/view/report.h"

#define TLS1_0 0x0301
#define TLS1_1 0x0302

/*
 * What fails for whom. One line for each kind of trouble, with the addresses it is met at, and one for each kind of
 * senders whose mail fails for what no such line says. No line says more than the outcomes of the row: what is not
 * known of some senders is said of none without a condition.
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
    return !route_is_in_clear(r) && !route_is_unstable(r) &&
           r->outcome >= OUTCOME_STARTTLS_NOT_OFFERED && r->outcome < OUTCOME_ESTABLISHED;
}

static bool is_unreachable(const struct route_view *r)
{
    return r->outcome == OUTCOME_REFUSED || r->outcome == OUTCOME_UNREACHABLE ||
           r->outcome == OUTCOME_CONNECT_TIMEOUT;
}

/* By the machine itself: no network on the way says so. */
static bool is_refused(const struct route_view *r)
{
    return r->outcome == OUTCOME_REFUSED;
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

#define EVERY_SENDER     "Every sender:"
#define LIKE_THIS_CLIENT "Every sender that is treated like this client:"

#define REASONS_MAX 6

static const struct {
    route_test_fn test;
    enum ink ink;
    const char *who;
    const char
        *unless_certain; /* instead, where not all senders are known to fail; NULL: the same */
    const char *what;
    bool goes_on; /* to the other addresses and hosts, where it fares better */
    enum delivery_reason reasons[REASONS_MAX]; /* of outcomes that this explains; NONE ends them */
} effects[] = {
    {is_unreachable,
     INK_WARNING,
     EVERY_SENDER,
     LIKE_THIS_CLIENT,
     "no connection.",
     true,
     {DELIVERY_REASON_NOT_REACHABLE}},
    {is_silent,
     INK_WARNING,
     LIKE_THIS_CLIENT,
     NULL,
     "no SMTP dialogue.",
     true,
     {DELIVERY_REASON_NOT_REACHABLE}},
    {route_is_in_clear,
     INK_ERROR,
     EVERY_SENDER,
     LIKE_THIS_CLIENT,
     "no encryption. Mail is sent in cleartext; senders that require TLS (MTA-STS in mode enforce, "
     "RFC 8461; DANE, RFC 7672) do not deliver.",
     false,
     {DELIVERY_REASON_NO_STARTTLS, DELIVERY_REASON_STS_NO_TLS, DELIVERY_REASON_DANE_NO_TLS,
      DELIVERY_REASON_STARTTLS_KEYWORD}},
    {fails_in_tls,
     INK_ERROR,
     "Every sender that uses TLS:",
     LIKE_THIS_CLIENT,
     "TLS fails. Some fall back to cleartext, others defer the mail.",
     false,
     {DELIVERY_REASON_TLS_FAILED, DELIVERY_REASON_STARTTLS_REFUSED,
      DELIVERY_REASON_STARTTLS_REJECTED}},
    {is_lost,
     INK_ERROR,
     "Every sender that uses TLS:",
     LIKE_THIS_CLIENT,
     "the session ends right after the TLS handshake (RFC 3207 section 4.2). Some fall back to "
     "cleartext, others defer the mail.",
     false,
     {DELIVERY_REASON_SESSION_LOST}},
    {is_refused_inside,
     INK_WARNING,
     LIKE_THIS_CLIENT,
     NULL,
     "EHLO inside TLS is rejected or not answered (RFC 3207 section 4.2). Most defer the mail.",
     false,
     {DELIVERY_REASON_SESSION_LOST}},
    {is_odd_dialogue,
     INK_WARNING,
     "Some senders:",
     NULL,
     "the dialogue before TLS deviates from the RFCs; they send in cleartext or defer the mail, "
     "while others go on and encrypt.",
     false,
     {DELIVERY_REASON_SMTP_REPLIES, DELIVERY_REASON_STARTTLS_KEYWORD,
      DELIVERY_REASON_HIDDEN_GREETING, DELIVERY_REASON_OWN_NAME, DELIVERY_REASON_STARTTLS_REPLY,
      DELIVERY_REASON_AFTER_220}},
    {fails_with_sni,
     INK_ERROR,
     "Senders with SNI (most senders):",
     NULL,
     "TLS fails; it works without SNI (RFC 6066 section 3).",
     false,
     {DELIVERY_REASON_TLS_FAILED}},
    {is_old_version,
     INK_ERROR,
     "Senders that require TLS 1.2 or newer:",
     NULL,
     "no encryption (RFC 8996; RFC 8461 section 7.2 requires it).",
     false,
     {DELIVERY_REASON_TLS_VERSION}},
    {is_not_acceptable,
     INK_ERROR,
     "Senders that verify certificates (MTA-STS in mode enforce, RFC 8461; without DANE):",
     "Senders that verify certificates as MTA-STS in mode enforce requires (RFC 8461; without "
     "DANE):",
     "no delivery.",
     true,
     {DELIVERY_REASON_CERTIFICATE, DELIVERY_REASON_NAME}},
    {is_worse_with_sni,
     INK_ERROR,
     "Senders with SNI that verify certificates:",
     NULL,
     "the certificate presented with SNI fails verification; the one without SNI would pass.",
     false,
     {DELIVERY_REASON_NONE}},
    {fails_without_sni,
     INK_ERROR,
     "Senders without SNI:",
     NULL,
     "no encryption; the handshake fails.",
     false,
     {DELIVERY_REASON_TLS_FAILED}},
    {needs_sni,
     INK_WARNING,
     "Senders without SNI:",
     NULL,
     "another certificate, which fails verification; this affects only senders that verify "
     "certificates.",
     false,
     {DELIVERY_REASON_CERTIFICATE, DELIVERY_REASON_NAME}},
};

#define EFFECT_COUNT (sizeof(effects) / sizeof(effects[0]))

static size_t effects_count(const struct domain_view *v, route_test_fn test)
{
    size_t n = 0;
    for (size_t i = 0; i < v->route_count; i++) {
        n += v->route[i].tells && (test == NULL || test(&v->route[i]));
    }
    return n;
}

/* With the host, where one address is that of several. */
static void put_some_places(struct paper *p, enum ink ink, const struct domain_view *v,
                            route_test_fn test)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    bool shared = routes_count_addresses(v, NULL) < effects_count(v, NULL);
    const char *before = "";
    for (size_t i = 0; i < v->route_count; i++) {
        const struct route_view *r = &v->route[i];
        if (r->tells && test(r)) {
            buf_put_text(&text, before);
            route_put_address(&text, &r->brief);
            buf_putf(&text, shared ? " (%s)" : "%s", shared ? r->host : "");
            before = ", ";
        }
    }
    buf_put_char(&text, '\0');
    paper_put(p, ink, (const char *)text.at);
    buf_deinit(&text);
}

static void put_where(struct paper *p, const struct domain_view *v, size_t hits, size_t total,
                      route_test_fn test)
{
    size_t addresses = routes_count_addresses(v, NULL);
    if (hits < total) {
        paper_put(p, INK_FAINT, " At ");
        put_some_places(p, INK_FAINT, v, test);
        paper_put(p, INK_FAINT, ".");
    } else if (addresses == 1) {
        paper_put(p, INK_FAINT, " At the only address.");
    } else {
        paper_putf(p, INK_FAINT, " At all %zu addresses.", addresses);
    }
}

static bool passes(const struct route_view *r)
{
    return is_established(r) && facts_bool(&r->brief, BRIEF_ACCEPTABLE) && !route_ends_with_tls(r);
}

/* What is said of all senders holds for all that are modelled. Of those that verify certificates it is enough that
 * none of them is known to accept this one. */
static bool is_certain(const struct domain_view *v, size_t effect)
{
    const struct sender_outcomes *s = &v->outcomes;
    if (effects[effect].test == is_unreachable && s->count == 0) {
        return effects_count(v, is_refused) == effects_count(v, is_unreachable);
    }
    return effects[effect].test == is_not_acceptable ? !sender_outcomes_accept_certificate(s)
                                                     : s->unknown == 0;
}

/* The certificate is all that fails. */
static bool others_encrypt(const struct sender_outcomes *s)
{
    return s->good > 0 && s->clear == 0 &&
           sender_outcomes_in(s, FATE_LOST, SENDERS_VERIFY) + s->good + s->unknown == s->count;
}

/* Said of all, where it holds for all addresses. */
static bool is_of_every_sender(const char *who)
{
    static const char every[] = "Every sender";
    return strncmp(who, every, strlen(every)) == 0;
}

/* Where it holds for some addresses, it is said of those that come there: others may not. */
static void put_who_comes(struct paper *p, const struct domain_view *v, size_t effect)
{
    const char *who = effects[effect].who;
    enum ink ink = effects[effect].ink;
    paper_putf(p, ink, "%.*s %s comes to ", (int)(strlen(who) - 1), who,
               strcmp(who, EVERY_SENDER) == 0 ? "that" : "and");
    put_some_places(p, ink, v, effects[effect].test);
    paper_put(p, ink, ":");
}

/* No sender is known to refuse the certificate, and some may not: this program does. */
static const char *effect_words(const struct domain_view *v, size_t effect)
{
    const struct sender_outcomes *s = &v->outcomes;
    size_t refuse = sender_outcomes_in(s, FATE_LOST, SENDERS_VERIFY) +
                    sender_outcomes_in(s, FATE_AT_RISK, SENDERS_VERIFY) +
                    sender_outcomes_in(s, FATE_LOST, SENDERS_WITH_STS) +
                    sender_outcomes_in(s, FATE_AT_RISK, SENDERS_WITH_STS);
    bool open = effects[effect].test == is_not_acceptable && s->unknown > 0 && refuse == 0;
    return open ? "no delivery, if they verify as strictly as this program does."
                : effects[effect].what;
}

static void put_effect(struct paper *p, const struct domain_view *v, size_t effect, size_t hits,
                       size_t total)
{
    const char *unless_certain = effects[effect].unless_certain;
    bool certain = unless_certain == NULL || hits < total || is_certain(v, effect);
    bool of_places = hits < total && is_of_every_sender(effects[effect].who);
    paper_begin(p, "  - ", "    ");
    if (of_places) {
        put_who_comes(p, v, effect);
    } else {
        paper_put(p, effects[effect].ink, certain ? effects[effect].who : unless_certain);
    }
    paper_put(p, INK_PLAIN, " ");
    paper_put(p, INK_PLAIN, effect_words(v, effect));
    if (effects[effect].test == is_not_acceptable && effects_count(v, route_is_misnamed) == hits) {
        paper_put(p, INK_PLAIN, " The certificate is not for the MX host.");
    }
    if (effects[effect].test == is_not_acceptable && others_encrypt(&v->outcomes)) {
        paper_put(p, INK_PLAIN,
                  v->outcomes.unknown == 0
                      ? " Others encrypt without verification."
                      : " Others encrypt without verification, as far as is known.");
    }
    if (!of_places) {
        put_where(p, v, hits, total, effects[effect].test);
    }
    if (effects[effect].goes_on) {
        paper_put(p, INK_PLAIN,
                  hits < total ? " They try the other addresses and hosts."
                               : " They defer the mail; in the end it bounces.");
    }
    paper_end(p);
}

/* --- what senders of a kind do ---------------------------------------------------------------- */

static bool explains(size_t effect, enum delivery_reason reason)
{
    for (size_t i = 0; i < REASONS_MAX && effects[effect].reasons[i] != DELIVERY_REASON_NONE; i++) {
        if (effects[effect].reasons[i] == reason) {
            return true;
        }
    }
    return false;
}

static bool is_explained(const bool put[EFFECT_COUNT], enum delivery_reason reason)
{
    for (size_t i = 0; i < EFFECT_COUNT; i++) {
        if (put[i] && explains(i, reason)) {
            return true;
        }
    }
    return false;
}

static bool is_same_trouble(const struct sender_outcome *a, const struct sender_outcome *b)
{
    return sender_fate_of(a) == sender_fate_of(b) && a->reason == b->reason;
}

static void put_names_of(struct paper *p, const struct sender_outcomes *s, size_t first)
{
    for (size_t i = first; i < s->count; i++) {
        if (is_same_trouble(&s->of[first], &s->of[i])) {
            paper_putf(p, INK_PLAIN, "%s%s", i > first ? ", " : "", s->of[i].profile);
        }
    }
}

static const char *words_of_fate(enum sender_fate fate)
{
    switch (fate) {
    case FATE_LOST:
        return "no delivery";
    case FATE_AT_RISK:
        return "no delivery at some of the servers";
    case FATE_CLEAR:
        return "delivery in cleartext";
    case FATE_UNKNOWN:
    case FATE_GOOD:
        break;
    }
    return "";
}

/* Senders whose mail fails for the same reason. The first letter of their word is a capital. */
static void put_senders_of(struct paper *p, const struct sender_outcomes *s, size_t first)
{
    const struct sender_outcome *o = &s->of[first];
    const char *words = sender_group_words(sender_group_of(o));
    paper_begin(p, "  - ", "    ");
    paper_putf(p, INK_ERROR, "S%s (", words + 1);
    put_names_of(p, s, first);
    paper_put(p, INK_ERROR, "): ");
    paper_putf(p, INK_PLAIN, "%s: ", words_of_fate(sender_fate_of(o)));
    if (o->reason != DELIVERY_REASON_COUNT) {
        meaning_put(p, INK_PLAIN, &delivery_reason_vocabulary, o->reason);
    } else {
        paper_put(p, INK_PLAIN, o->reason_word);
    }
    paper_put(p, INK_PLAIN, ".");
    paper_end(p);
}

/* @return whether any was */
static bool put_unexplained(struct paper *p, const struct sender_outcomes *s,
                            const bool put[EFFECT_COUNT])
{
    bool any = false;
    for (size_t i = 0; i < s->count; i++) {
        enum sender_fate fate = sender_fate_of(&s->of[i]);
        bool told = fate == FATE_GOOD || fate == FATE_UNKNOWN || is_explained(put, s->of[i].reason);
        for (size_t k = 0; k < i && !told; k++) {
            told = is_same_trouble(&s->of[k], &s->of[i]);
        }
        if (!told) {
            put_senders_of(p, s, i);
            any = true;
        }
    }
    return any;
}

/* --- nothing fails ---------------------------------------------------------------------------- */

static void put_not_known_of(struct paper *p, const struct sender_outcomes *s)
{
    struct buf names = BUF_INIT(BUF_NO_LIMIT);
    if (s->unknown > 0) {
        sender_outcomes_put_names(&names, s, FATE_UNKNOWN, SENDER_GROUP_COUNT);
        buf_put_char(&names, '\0');
        paper_putf(p, INK_FAINT, " It is not known of %s.", (const char *)names.at);
    }
    buf_deinit(&names);
}

static void put_nothing(struct paper *p, const struct domain_view *v, bool all_pass)
{
    const struct sender_outcomes *s = &v->outcomes;
    bool known = s->good > 0 || s->count == 0;
    paper_begin(p, "  - ", "    ");
    if (v->setting.no_outcomes && v->row != NULL) {
        paper_put(p, INK_PLAIN, "Not known: it is written when the scan ends.");
    } else if (!known) {
        const struct sender_outcome *o =
            sender_outcomes_typical(s, FATE_UNKNOWN, SENDER_GROUP_COUNT);
        paper_put(p, INK_PLAIN, "Not known: ");
        meaning_put(p, INK_PLAIN, &delivery_reason_vocabulary,
                    o->reason != DELIVERY_REASON_COUNT ? o->reason : DELIVERY_REASON_NOT_TESTED);
        paper_put(p, INK_PLAIN, ".");
    } else {
        paper_put(
            p, INK_GOOD,
            all_pass && s->good > 0
                ? "Nothing: every address encrypts with a certificate that passes verification."
                : "No failure was seen.");
        put_not_known_of(p, s);
    }
    paper_end(p);
}

static void put_line(struct paper *p, enum ink ink, const char *text)
{
    paper_begin(p, "  - ", "    ");
    paper_put(p, ink, text);
    paper_end(p);
}

/* Of hosts by themselves, which have no outcomes. */
static bool put_dane_of_hosts(struct paper *p, const struct domain_view *v, size_t total)
{
    size_t hits = effects_count(v, route_fails_dane);
    if (v->row != NULL || hits == 0) {
        return false;
    }
    paper_begin(p, "  - ", "    ");
    paper_put(p, INK_ERROR, "Senders with DANE (RFC 7672):");
    paper_put(p, INK_PLAIN, " no delivery.");
    put_where(p, v, hits, total, route_fails_dane);
    paper_end(p);
    return true;
}

void effects_put(struct paper *p, const struct domain_view *v)
{
    size_t total = effects_count(v, NULL);
    bool put[EFFECT_COUNT] = {false};
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
    for (size_t i = 0; i < EFFECT_COUNT; i++) {
        size_t hits = effects_count(v, effects[i].test);
        put[i] = hits > 0;
        any = any || put[i];
        if (put[i]) {
            put_effect(p, v, i, hits, total);
        }
    }
    any = put_dane_of_hosts(p, v, total) || any;
    any = put_unexplained(p, &v->outcomes, put) || any;
    if (!any) {
        put_nothing(p, v, effects_count(v, passes) == total);
    }
}
