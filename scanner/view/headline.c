#include "scanner/analysis/sts_verdict.h"
#include "scanner/observation/seen_target.h"
#include "scanner/view/report.h"

/** "2 errors, 1 warning"; "nothing found" when there is neither these nor a notice. */
static void put_counts(struct buf *out, const struct domain_view *v)
{
    const char *before = "";
    for (int s = SEVERITY_ERROR; s >= SEVERITY_NOTICE; s--) {
        size_t n = v->codes[s];
        if (n > 0) {
            buf_putf(out, "%s%zu %s%s", before, n, severity_word((enum severity)s),
                     n == 1 ? "" : "s");
            before = ", ";
        }
    }
    buf_put_text(out, before[0] == '\0' ? "nothing to fix" : "");
}

struct route_tally {
    size_t total;     /* ways: MX hosts with their addresses */
    size_t addresses; /* that these are to, each once */
    size_t encrypted;
    size_t clear;  /* no STARTTLS, and the mail could be handed over */
    size_t broken; /* STARTTLS, the handshake or what follows it fails */
    size_t conclusive;
    size_t judged; /* a certificate was seen */
    size_t acceptable;
    size_t misnamed; /* of those that are not: but for the name it would pass */
};

static bool outcome_is_broken(enum session_outcome outcome)
{
    return outcome == OUTCOME_STARTTLS_TEMPFAIL || outcome == OUTCOME_STARTTLS_REJECTED ||
           (outcome >= OUTCOME_TLS_TIMEOUT && outcome < OUTCOME_ESTABLISHED);
}

static struct route_tally headline_tally(const struct domain_view *v)
{
    struct route_tally t = {0};
    for (size_t i = 0; i < v->route_count; i++) {
        const struct route_view *r = &v->route[i];
        enum truth acceptable = facts_truth(&r->brief, BRIEF_ACCEPTABLE);
        bool ends = route_ends_with_tls(r);
        if (!r->tells) {
            continue;
        }
        t.total++;
        t.encrypted += r->outcome == OUTCOME_ESTABLISHED && !ends;
        t.clear += route_is_in_clear(r);
        t.conclusive += outcome_info(r->outcome)->conclusive;
        t.broken += ends || outcome_is_broken(r->outcome);
        t.acceptable += acceptable == TRUTH_YES;
        t.misnamed += route_is_misnamed(r);
        t.judged += acceptable != TRUTH_UNKNOWN;
    }
    t.addresses = routes_count_addresses(v, NULL);
    return t;
}

static const char *addresses(size_t n)
{
    return n == 1 ? "address" : "addresses";
}

/* Of some. One address may be that of several hosts, and fare in another way with each. */
static void put_some(struct buf *out, size_t n, size_t of, const struct route_tally *t)
{
    buf_putf(out, " at %zu of %zu %s", n, of,
             t->addresses == t->total ? "addresses" : "places (MX host and address)");
}

static void put_encryption(struct buf *out, const char *what, const struct route_tally *t)
{
    buf_put_text(out, what);
    if (t->encrypted < t->total) {
        put_some(out, t->encrypted, t->total, t);
    }
}

static bool has_certificate(const struct route_view *r)
{
    return facts_truth(&r->brief, BRIEF_ACCEPTABLE) != TRUTH_UNKNOWN;
}

static void headline_put_certificates(struct buf *out, const struct domain_view *v,
                                      const struct route_tally *t)
{
    size_t addresses = routes_count_addresses(v, has_certificate);
    bool misnamed = t->misnamed == t->judged;
    if (t->judged == 0) {
        return;
    }
    if (t->acceptable == 0 && sender_outcomes_accept_certificate(&v->outcomes)) {
        buf_put_text(out, ", certificates pass verification with some senders only");
    } else if (t->acceptable == 0 && addresses == 1) {
        buf_put_text(out, misnamed ? ", the certificate is not for the MX host"
                                   : ", the certificate fails verification");
    } else if (t->acceptable == 0) {
        buf_putf(out,
                 misnamed ? ", certificates are for the MX host at none of %zu addresses"
                          : ", certificates pass verification at none of %zu addresses",
                 addresses);
    } else if (t->acceptable < t->judged) {
        buf_put_text(out, ", certificates pass verification");
        put_some(out, t->acceptable, t->judged, t);
    } else if (addresses == 1) {
        buf_put_text(out, ", the certificate passes verification");
    } else {
        buf_putf(out, ", certificates pass verification at all %zu addresses", addresses);
    }
}

static void put_dns_failed(struct buf *out, const struct domain_view *v)
{
    struct facts dns = facts_member(&v->domain, DOMAINS_MX_DNS);
    if (facts_enum(&dns, DNS_FACTS_STATE, &dns_state_vocabulary) == DNS_DATA) {
        buf_put_text(out, "the addresses of the mail servers could not be resolved");
    } else {
        buf_putf(out, "the mail servers could not be resolved (DNS: %s)",
                 facts_string_or(&dns, DNS_FACTS_STATE, "no answer"));
    }
}

/** Where no server is spoken of, the account says why. */
static void headline_put_account(struct buf *out, const struct domain_view *v,
                                 enum account_class account)
{
    enum mx_kind kind = facts_enum(&v->domain, DOMAINS_MX_KIND, &mx_kind_vocabulary);
    if (account == ACCOUNT_INVALID) {
        buf_putf(out, "not a domain name (%s)",
                 facts_string_or(&v->domain, DOMAINS_INVALID, "unreadable"));
    } else if (account == ACCOUNT_DUPLICATE) {
        buf_put_text(out, "repeated; see above");
    } else if (account == ACCOUNT_BLOCKLISTED) {
        buf_put_text(out, "on the blocklist, not scanned");
    } else if (kind == MX_KIND_NULL_MX) {
        buf_put_text(out, "accepts no mail (null MX, RFC 7505)");
    } else if (kind == MX_KIND_NXDOMAIN) {
        buf_put_text(out, "the domain does not exist");
    } else if (kind == MX_KIND_NONE) {
        buf_put_text(out, "no mail server: neither MX nor address records");
    } else if (account == ACCOUNT_DNS_FAILED) {
        put_dns_failed(out, v);
    } else if (account == ACCOUNT_NOT_TESTED) {
        buf_put_text(out, "nothing could be tested");
    } else {
        buf_put_text(out, "no mail server has an address");
    }
}

/* --- what becomes of mail ---------------------------------------------------------------------- */

/** "; senders with DANE cannot deliver: gmx, postfix-dane" */
static void put_failing(struct buf *out, const char **before, const struct sender_outcomes *s,
                        enum sender_fate fate, enum sender_group group)
{
    if (sender_outcomes_in(s, fate, group) > 0) {
        bool all = group != SENDERS_VERIFY || !sender_outcomes_accept_certificate(s);
        buf_putf(out, "%s%s%s %s: ", *before, all ? "" : "some ", sender_group_words(group),
                 fate == FATE_LOST ? "cannot deliver" : "cannot always deliver");
        sender_outcomes_put_names(out, s, fate, group);
        *before = "; ";
    }
}

/* Groups in the order of what it means: the domain's own policies, mail of everyday senders, strict senders. */
static void put_all_failing(struct buf *out, const char **before, const struct sender_outcomes *s,
                            enum sender_group first, enum sender_group last)
{
    for (enum sender_group g = first; g <= last; g++) {
        put_failing(out, before, s, FATE_LOST, g);
        put_failing(out, before, s, FATE_AT_RISK, g);
    }
}

static bool is_mostly_unknown(const struct sender_outcomes *s)
{
    return s->unknown * 2 > s->count;
}

/* Cleartext is what most senders are known to send. */
static bool is_in_clear(const struct sender_outcomes *s)
{
    return s->good == 0 && s->clear > s->lost + s->at_risk && !is_mostly_unknown(s);
}

static void put_cleartext(struct buf *out, const char **before, const struct sender_outcomes *s)
{
    if (s->clear == 0) {
        return;
    }
    if (is_in_clear(s)) {
        buf_putf(out, "%smail is sent in cleartext", *before);
    } else {
        buf_putf(out, "%smail is sent in cleartext from ", *before);
        sender_outcomes_put_names(out, s, FATE_CLEAR, SENDER_GROUP_COUNT);
    }
    *before = "; ";
}

/* Few of many are named: "others" would be most. */
static bool are_named(const struct sender_outcomes *s)
{
    return s->good * 2 < s->unknown;
}

static void put_encrypted(struct buf *out, const char **before, const struct domain_view *v,
                          const struct route_tally *t)
{
    if (v->outcomes.good > 0) {
        bool alone = (*before)[0] == '\0';
        buf_put_text(out, *before);
        if (!alone && are_named(&v->outcomes)) {
            buf_put_text(out, "mail is encrypted from ");
            sender_outcomes_put_names(out, &v->outcomes, FATE_GOOD, SENDER_GROUP_COUNT);
            put_encryption(out, "", t);
        } else {
            put_encryption(out, alone ? "mail is encrypted" : "others encrypt", t);
        }
        headline_put_certificates(out, v, t);
        if (t->encrypted < t->total && t->clear + t->broken == 0) { /* dead, or not tested */
            buf_put_text(out, "; at the rest no session came about");
        }
        *before = "; ";
    }
}

static void put_reason_of(struct buf *out, const struct sender_outcome *o)
{
    if (o != NULL && o->reason != DELIVERY_REASON_COUNT && o->reason != DELIVERY_REASON_NONE) {
        struct span meaning = meaning_of(&delivery_reason_vocabulary, o->reason);
        buf_put_text(out, ": ");
        buf_put(out, meaning);
    }
}

/* Nobody's mail is known to fare in any way. */
static void put_not_known(struct buf *out, const struct domain_view *v, const struct route_tally *t)
{
    if (t->conclusive == 0) {
        buf_putf(out, "no server could be tested (%zu %s), so it is not known whether mail arrives",
                 t->addresses, addresses(t->addresses));
    } else {
        buf_put_text(out, "it is not known what senders do");
        put_reason_of(out, sender_outcomes_typical(&v->outcomes, FATE_UNKNOWN, SENDER_GROUP_COUNT));
    }
}

/* What keeps its policy from being known, where there is a record. */
static const char *unknown_sts(const struct domain_view *v)
{
    enum policy_fetch fetch =
        v->policy != NULL ? facts_enum(&v->policy_facts, POLICIES_FETCH, &policy_fetch_vocabulary)
                          : POLICY_FETCH_NOT_ASKED;
    return fetch == POLICY_FETCH_LOCAL_FAULT
               ? "the MTA-STS policy was not fetched, for a fault of our own"
           : fetch == POLICY_FETCH_INTERRUPTED
               ? "the MTA-STS policy was not fetched, as the scan ended before"
           : fetch == POLICY_FETCH_NOT_DIALLED ? "the MTA-STS policy was not fetched"
                                               : NULL;
}

/* What is wrong with a policy that is published, where no sender is known to fail by it. */
static const char *sts_trouble(const struct domain_view *v)
{
    enum sts_state state = facts_enum(&v->mta_sts, MTA_STS_FACTS_STATE, &sts_state_vocabulary);
    enum rollup passes = facts_enum(&v->mta_sts, MTA_STS_FACTS_PASSES, &rollup_vocabulary);
    bool some_fail = facts_has(&v->mta_sts, MTA_STS_FACTS_PASSES) &&
                     (passes == ROLLUP_SOME || passes == ROLLUP_NONE);
    switch (state) {
    case STS_STATE_RECORD_INVALID:
        return "the MTA-STS record is not valid";
    case STS_STATE_FETCH_FAILED:
        return "the MTA-STS policy could not be fetched";
    case STS_STATE_CERTIFICATE_INVALID:
        return "the certificate of the MTA-STS policy host fails verification";
    case STS_STATE_POLICY_INVALID:
        return "the MTA-STS policy is not valid";
    case STS_STATE_ENFORCE:
        return some_fail && sender_outcomes_in(&v->outcomes, FATE_LOST, SENDERS_WITH_STS) == 0 &&
                       sender_outcomes_in(&v->outcomes, FATE_AT_RISK, SENDERS_WITH_STS) == 0
                   ? "not every mail server passes MTA-STS"
                   : NULL;
    case STS_STATE_TESTING:
        return some_fail ? "mail servers fail MTA-STS, whose mode is testing" : NULL;
    case STS_STATE_UNKNOWN:
        return unknown_sts(v);
    case STS_STATE_NONE:
    case STS_STATE_MODE_NONE:
    case STS_STATE_COUNT:
        break;
    }
    return NULL;
}

static void put_fates(struct buf *out, const struct domain_view *v, const struct route_tally *t)
{
    const struct sender_outcomes *s = &v->outcomes;
    const char *before = "";
    if (s->unknown == s->count) {
        put_not_known(out, v, t);
        return;
    }
    if (s->lost == s->count) {
        buf_put_text(out, "no sender can deliver");
        put_reason_of(out, sender_outcomes_typical(s, FATE_LOST, SENDER_GROUP_COUNT));
        return;
    }
    if (is_in_clear(s)) {
        put_cleartext(out, &before, s);
        put_all_failing(out, &before, s, 0, SENDER_GROUP_COUNT - 1);
    } else {
        put_all_failing(out, &before, s, 0, SENDERS_WITHOUT_FALLBACK);
        put_cleartext(out, &before, s);
        put_encrypted(out, &before, v, t);
        put_all_failing(out, &before, s, SENDERS_WITHOUT_FALLBACK + 1, SENDER_GROUP_COUNT - 1);
    }
    const char *sts = sts_trouble(v);
    buf_putf(out, "%s%s", sts != NULL ? "; " : "", sts != NULL ? sts : "");
    bool of_others = s->unknown > 0 && s->good > 0 && s->good + s->unknown < s->count;
    if (is_mostly_unknown(s) || of_others) { /* "others" are not all that are left */
        buf_putf(out, "; not known of %zu of %zu kinds of senders", s->unknown, s->count);
    }
}

/* Of rows without senders; and of other ports, where no mail comes. */
static void put_sessions(struct buf *out, const struct domain_view *v, const struct route_tally *t)
{
    const char *what = v->has_smtp_port ? "mail is" : "sessions are";
    if (t->encrypted > 0) {
        buf_putf(out, "%s encrypted", what);
        put_encryption(out, "", t);
    } else if (t->clear == t->total) {
        buf_putf(out, "%s not encrypted", what);
    } else if (t->clear + t->broken > 0) {
        buf_putf(out, "%s encrypted at no address", what);
    } else {
        buf_putf(out, "no server could be tested (%zu %s)", t->addresses, addresses(t->addresses));
        return;
    }
    headline_put_certificates(out, v, t);
}

static void put_dane_of_sessions(struct buf *out, const struct domain_view *v,
                                 const struct route_tally *t)
{
    size_t fails = 0;
    for (size_t i = 0; i < v->route_count; i++) {
        fails += v->route[i].tells && route_fails_dane(&v->route[i]);
    }
    if (fails > 0) {
        buf_put_text(out, "; senders with DANE cannot deliver");
    }
    if (fails > 0 && fails < t->total) {
        put_some(out, fails, t->total, t);
    }
}

/* "mail_lost: "; of repeated and unreadable lines nothing was asked. */
static void put_effect_word(struct buf *out, const struct domain_view *v)
{
    if (v->row != NULL && facts_has(&v->domain, DOMAINS_PROBLEM_COUNT)) {
        buf_putf(out, "%s: ", facts_string_or(&v->domain, DOMAINS_EFFECT, "no problem"));
    }
}

/* The domain has an address and no MX record, and was not asked there. */
static bool is_not_dialled(const struct domain_view *v)
{
    return strcmp(facts_string_or(&v->domain, DOMAINS_ACCOUNT_REASON, ""),
                  "implicit_not_dialled") == 0;
}

static void headline_put_with(struct buf *out, const struct domain_view *v, bool effect)
{
    const char *input = facts_string_or(&v->domain, DOMAINS_INPUT, "");
    const char *name = facts_string_or(&v->domain, DOMAINS_DOMAIN, input);
    enum account_class account = facts_enum(&v->domain, DOMAINS_ACCOUNT, &account_class_vocabulary);
    struct route_tally t = headline_tally(v);
    name = v->row == NULL ? v->setting.subject : name;
    buf_putf(out, "%s: ", name[0] != '\0' ? name : "''");
    if (v->row != NULL && is_not_dialled(v)) {
        buf_put_text(out, "not tested: no MX record; mail goes to the domain's own address "
                          "(--implicit-mx dial tests it)");
        return;
    }
    if (effect) {
        put_effect_word(out, v);
    }
    if (v->row == NULL) {
        put_counts(out, v);
        buf_put_text(out, ": ");
        put_sessions(out, v, &t);
        put_dane_of_sessions(out, v, &t);
        return;
    }
    if (account != ACCOUNT_DUPLICATE) {
        put_counts(out, v);
        buf_put_text(out, ": ");
    }
    if (t.total == 0 ||
        (account == ACCOUNT_NOT_TESTED && v->outcomes.unknown == v->outcomes.count)) {
        headline_put_account(out, v, account);
    } else if (v->outcomes.count == 0 || !v->has_smtp_port) {
        put_sessions(out, v, &t);
    } else {
        put_fates(out, v, &t);
    }
}

void headline_put(struct buf *out, const struct domain_view *v)
{
    headline_put_with(out, v, false);
}

void headline_put_brief(struct buf *out, const struct domain_view *v)
{
    const struct view_setting *s = &v->setting;
    headline_put_with(out, v, true);
    if (s->as_if != NULL) {
        buf_put_text(out, s->host_only ? "; the server alone, without a domain: "
                                       : "; not as in DNS, but as if the MX were ");
        for (const char *const *host = s->as_if; *host != NULL; host++) {
            buf_putf(out, "%s%s", host == s->as_if ? "" : ", ", *host);
        }
    }
    if (s->certificate != NULL) {
        buf_putf(out, "; as if the mail servers presented %s", s->certificate);
    }
    buf_put_text(out, s->incomplete ? "; from incomplete results" : "");
}

enum ink headline_ink(const struct domain_view *v)
{
    return v->codes[SEVERITY_ERROR] > 0     ? INK_ERROR
           : v->codes[SEVERITY_WARNING] > 0 ? INK_WARNING
                                            : INK_GOOD;
}
