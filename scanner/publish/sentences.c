#include <stdlib.h>

#include "scanner/publish/medium.h"
#include "scanner/publish/report_facts.h"

/* Plain sentences for people: made of numbers of the survey, and never of more than it knows. */

static void say_share(struct buf *b, const struct share *s)
{
    number_put(b, s->numerator);
    buf_put_text(b, " of ");
    number_put(b, s->denominator);
    buf_put_text(b, " (");
    percent_put(b, s->numerator, s->denominator);
    buf_put_char(b, ')');
}

static void say_count(struct buf *b, uint64_t n, const char *one, const char *several)
{
    number_put(b, n);
    buf_putf(b, " %s", n == 1 ? one : several);
}

/* What was looked at, and what was not found out. */
static void say_scope(struct buf *b, const struct report_facts *f)
{
    const struct survey *s = f->survey;
    uint64_t explicit_mx = s->mx_kind[MX_KIND_EXPLICIT];
    uint64_t tested = s->account[ACCOUNT_TESTED];
    uint64_t partly = s->account[ACCOUNT_PARTLY_TESTED];
    say_count(b, s->inputs, "line", "lines");
    buf_put_text(b, f->incomplete != NULL ? " with a row: "
                    : f->shard[0] != '\0' ? " of this shard of the list: "
                                          : " on the list: ");
    say_count(b, explicit_mx, "domain with MX records", "domains with MX records");
    buf_put_text(b, ", which all numbers below are about");
    if (s->mx_kind[MX_KIND_IMPLICIT] > 0) {
        buf_put_text(b, " (");
        number_put(b, s->mx_kind[MX_KIND_IMPLICIT]);
        buf_put_text(b, " with an address alone are counted apart)");
    }
    buf_put_text(b, ". Every server was tested for ");
    say_count(b, tested, "line", "lines");
    buf_put_text(b, ", a part of them for ");
    number_put(b, partly);
    buf_put_text(b, "; what is not known stands beside each share as untested.");
}

static void say_encryption(struct buf *b, const uint32_t *whole)
{
    struct share all = measures_share(whole, MEASURE_TLS_ALL);
    struct share none = measures_share(whole, MEASURE_STARTTLS_SOME);
    if (all.denominator == 0 && none.denominator == 0) {
        buf_put_text(b, "Encryption: not known, no server was tested.");
        return;
    }
    none.numerator = none.denominator - none.numerator;
    buf_put_text(b, "Encryption: TLS works at every server of ");
    say_share(b, &all);
    buf_put_text(b, "; for ");
    say_share(b, &none);
    buf_put_text(
        b,
        " no server offers STARTTLS, so mail crosses the network in cleartext, unless the sender "
        "requires TLS, as under an enforced policy, and defers it.");
}

/* The most frequent words of domains that are a fault. */
static void say_faults(struct buf *b, const struct spread *spread, const char *const *good,
                       size_t good_count, const char *what)
{
    uint32_t most = 0;
    const char *word = NULL;
    for (uint32_t i = 0; i < groups_count(&spread->words); i++) {
        const char *name = groups_name(&spread->words, i);
        uint32_t domains = groups_at(&spread->words, i)[WEIGHTING_DOMAIN];
        bool is_good = false;
        for (size_t k = 0; k < good_count; k++) {
            is_good |= strcmp(name, good[k]) == 0;
        }
        if (!is_good && domains > most) {
            most = domains;
            word = name;
        }
    }
    if (word != NULL) {
        buf_putf(b, "; most frequent fault of the %s: ", what);
        for (const char *c = word; *c != '\0'; c++) {
            buf_put_char(b, *c == '_' ? ' ' : *c);
        }
        buf_put_text(b, ", at ");
        say_count(b, most, "domain", "domains");
    }
}

static uint64_t leaves_until(const struct survey *s, unsigned first, unsigned last, unsigned column)
{
    uint64_t sum = 0;
    for (unsigned b = first; b <= last; b++) {
        sum += s->days_left[b][column];
    }
    return sum;
}

static uint64_t breaks_until(const struct survey *s, unsigned first, unsigned last, enum effect e)
{
    uint64_t sum = 0;
    for (unsigned b = first; b <= last; b++) {
        sum += s->break_effect[b][e];
    }
    return sum;
}

static void say_breaks(struct buf *b, const struct survey *s)
{
    buf_put_text(b, " If nobody does anything, within 30 days mail of senders that keep to MTA-STS "
                    "or DANE suffers for ");
    say_count(b, breaks_until(s, 1, 3, EFFECT_POLICY_RISK), "more domain", "more domains");
    buf_put_text(b, ", and mail of senders that verify certificates for ");
    say_count(b, breaks_until(s, 1, 3, EFFECT_STRICT_RISK), "more domain", "more domains");
    buf_put_char(b, '.');
}

static void say_certificates(struct buf *b, const struct survey *s)
{
    static const char *const chains[] = {"none", "trusted"};
    static const char *const names[] = {"none", "match", "match_wildcard"};
    struct share all = measures_share(s->whole[MAIL_EXPLICIT], MEASURE_ACCEPTABLE_ALL);
    if (all.denominator == 0) {
        buf_put_text(b, "Certificates: not known, no server was tested.");
        return;
    }
    buf_put_text(b, "Certificates: at every server of ");
    say_share(b, &all);
    buf_put_text(b, " a sender that checks strictly would accept the certificate");
    say_faults(b, &s->spread[SPREAD_CHAIN], chains, 2, "chain");
    say_faults(b, &s->spread[SPREAD_NAME], names, 3, "name");
    buf_put_text(b, ". ");
    say_count(b, leaves_until(s, 0, 0, 0), "leaf certificate has expired",
              "leaf certificates have expired");
    buf_put_text(b, ", ");
    number_put(b, leaves_until(s, 1, 2, 0));
    buf_put_text(b, " more expire within 14 days.");
    if (s->break_known > 0) {
        say_breaks(b, s);
    }
}

static void say_policies(struct buf *b, const uint32_t *whole)
{
    struct share sts = measures_share(whole, MEASURE_STS_IN_USE);
    struct share enforce = measures_share(whole, MEASURE_STS_ENFORCE);
    struct share dane = measures_share(whole, MEASURE_DANE_SOME);
    struct share rpt = measures_share(whole, MEASURE_TLS_RPT);
    buf_put_text(b, "Protection against an attacker on the way: MTA-STS in use by ");
    say_share(b, &sts);
    buf_put_text(b, ", of these ");
    number_put(b, enforce.numerator);
    buf_put_text(b, " in mode enforce; DANE by ");
    say_share(b, &dane);
    buf_put_text(b, "; reports of failures (TLS-RPT) are asked for by ");
    say_share(b, &rpt);
    buf_put_char(b, '.');
}

static const uint32_t *worst_of_profile(const struct survey *s, const char *profile)
{
    const uint32_t *c = groups_find(&s->profile, span_of(profile));
    return c != NULL ? c + DELIVERY_COUNT : NULL;
}

static uint64_t fails(const uint32_t *worst)
{
    return (uint64_t)worst[DELIVERY_DEFERRED] + worst[DELIVERY_UNDELIVERABLE];
}

/* The sender to which most domains are lost. */
static const char *strictest_profile(const struct survey *s)
{
    const char *strictest = NULL;
    uint64_t most = 0;
    for (uint32_t i = 0; i < groups_count(&s->profile); i++) {
        uint64_t lost = fails(groups_at(&s->profile, i) + DELIVERY_COUNT);
        if (lost > most) {
            most = lost;
            strictest = groups_name(&s->profile, i);
        }
    }
    return strictest;
}

static void say_one_sender(struct buf *b, const char *profile, const uint32_t *worst)
{
    buf_putf(b, "%s may send in cleartext to ", profile);
    number_put(b, worst[DELIVERY_PLAINTEXT]);
    buf_put_text(b, " and may not deliver to ");
    number_put(b, fails(worst));
}

static void say_senders(struct buf *b, const struct survey *s)
{
    static const char *const known[] = {"gmail", "exchange-online"};
    const char *strictest = strictest_profile(s);
    bool said = false;
    buf_put_text(b, "Senders, as predicted in the worst case: ");
    for (size_t i = 0; i < 2; i++) {
        const uint32_t *worst = worst_of_profile(s, known[i]);
        if (worst != NULL) {
            buf_put_text(b, said ? "; " : "");
            say_one_sender(b, known[i], worst);
            said = true;
        }
    }
    const uint32_t *lost = strictest != NULL ? worst_of_profile(s, strictest) : NULL;
    if (lost != NULL) {
        buf_put_text(b, said ? "; the strictest, " : "the strictest, ");
        buf_putf(b, "%s, may not deliver to ", strictest);
        number_put(b, fails(lost));
    } else if (!said) {
        buf_put_text(b, "not known");
    }
    buf_put_text(b, " domains.");
}

struct span cause_name(const struct cause_entry *c)
{
    struct span name = c->name.len > 0 ? c->name : c->thing;
    return name.len == SHA256_DIGITS ? span_take(name, SHORT_DIGITS) : name;
}

/* Of those by which mail is lost, or goes or could go in cleartext: the cause with most domains. */
static const struct cause_entry *largest_cause(const struct problem_survey *p)
{
    const struct cause_entry *largest = NULL;
    static const enum effect harmful[] = {EFFECT_MAIL_LOST, EFFECT_CLEARTEXT, EFFECT_POLICY_RISK};
    for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
        const struct cause_list *list = &p->list[harmful[i]];
        const struct cause_entry *first = list->count > 0 ? &list->entry[0] : NULL;
        if (first != NULL && (largest == NULL || first->domains > largest->domains)) {
            largest = first;
        }
    }
    return largest;
}

static void say_mending(struct buf *b, const struct report_facts *f)
{
    const uint64_t *effect = f->survey->effect[MAIL_EXPLICIT];
    const struct cause_entry *cause = largest_cause(f->problems);
    const struct survey *s = f->survey;
    uint64_t others =
        s->effect[MAIL_IMPLICIT][EFFECT_MAIL_LOST] + s->effect_others[EFFECT_MAIL_LOST];
    buf_put_text(b, "To mend first: mail is lost for ");
    say_count(b, effect[EFFECT_MAIL_LOST], "domain", "domains");
    buf_put_text(b, " with MX records");
    if (others > 0) {
        buf_put_text(b, " (and ");
        number_put(b, others);
        buf_put_text(b, " without)");
    }
    buf_put_text(b, ", sent in cleartext for ");
    number_put(b, effect[EFFECT_CLEARTEXT]);
    buf_put_text(b, ", not known, as no server could be tested, for ");
    number_put(b, effect[EFFECT_UNKNOWN]);
    buf_put_text(b, ", at risk under its own policies for ");
    number_put(b, effect[EFFECT_POLICY_RISK]);
    buf_put_text(b, ", and with strict senders for ");
    number_put(b, effect[EFFECT_STRICT_RISK]);
    buf_put_text(b, " more.");
    if (cause != NULL) {
        buf_put_text(b, " Of what loses mail, sends it in cleartext or fails the domain's own "
                        "policies, the cause "
                        "with most domains, ");
        number_put(b, cause->domains);
        buf_put_text(b, ", is at ");
        buf_put(b, cause_name(cause));
        buf_put_text(b, ": ");
        buf_put(b, cause->symptom);
    }
}

size_t report_sentences(const struct report_facts *f, struct buf sentences[SENTENCES_MAX])
{
    const struct survey *s = f->survey;
    size_t count = 0;
    for (size_t i = 0; i < SENTENCES_MAX; i++) {
        sentences[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    say_scope(&sentences[count++], f);
    if (s->whole[MAIL_EXPLICIT][MEASURES_TOTAL] == 0) {
        return count; /* nothing else can be said */
    }
    say_encryption(&sentences[count++], s->whole[MAIL_EXPLICIT]);
    say_certificates(&sentences[count++], s);
    say_policies(&sentences[count++], s->whole[MAIL_EXPLICIT]);
    if (f->problems->present) {
        say_mending(&sentences[count++], f);
    } else if (groups_count(&s->profile) > 0) {
        say_senders(&sentences[count++], s);
    }
    return count;
}
