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

struct tally {
    size_t total;
    size_t encrypted;
    size_t clear;  /* no STARTTLS, and the mail could be handed over */
    size_t broken; /* STARTTLS, the handshake or what follows it fails */
    size_t judged; /* a certificate was seen */
    size_t acceptable;
};

static bool outcome_is_broken(enum session_outcome outcome)
{
    return outcome == OUTCOME_STARTTLS_TEMPFAIL || outcome == OUTCOME_STARTTLS_REJECTED ||
           (outcome >= OUTCOME_TLS_TIMEOUT && outcome < OUTCOME_ESTABLISHED);
}

static struct tally headline_tally(const struct domain_view *v)
{
    struct tally t = {0};
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
        t.broken += ends || outcome_is_broken(r->outcome);
        t.acceptable += acceptable == TRUTH_YES;
        t.judged += acceptable != TRUTH_UNKNOWN;
    }
    return t;
}

static const char *addresses(size_t n)
{
    return n == 1 ? "address" : "addresses";
}

static void put_encryption(struct buf *out, const struct tally *t)
{
    if (t->encrypted == t->total) {
        buf_put_text(out, "mail is encrypted");
    } else if (t->encrypted > 0) {
        buf_putf(out, "mail is encrypted at %zu of %zu addresses", t->encrypted, t->total);
    } else if (t->clear == t->total) {
        buf_put_text(out, "mail is not encrypted");
    } else if (t->clear + t->broken > 0) {
        buf_put_text(out, "mail is encrypted at no address");
    } else {
        buf_putf(out, "no server could be tested (%zu %s)", t->total, addresses(t->total));
    }
}

static void headline_put_certificates(struct buf *out, const struct tally *t)
{
    if (t->judged == 0) {
        return;
    }
    if (t->acceptable < t->judged) {
        if (t->acceptable == 0 && t->judged == 1) {
            buf_put_text(out, ", the certificate fails verification");
        } else if (t->acceptable == 0) {
            buf_putf(out, ", certificates pass verification at none of %zu addresses", t->judged);
        } else {
            buf_putf(out, ", certificates pass verification at %zu of %zu addresses", t->acceptable,
                     t->judged);
        }
    } else if (t->judged == 1) {
        buf_put_text(out, ", the certificate passes verification");
    } else {
        buf_putf(out, ", certificates pass verification at all %zu addresses", t->judged);
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

void headline_put(struct buf *out, const struct domain_view *v)
{
    const char *input = facts_string_or(&v->domain, DOMAINS_INPUT, "");
    const char *name = facts_string_or(&v->domain, DOMAINS_DOMAIN, input);
    enum account_class account = facts_enum(&v->domain, DOMAINS_ACCOUNT, &account_class_vocabulary);
    struct tally t = headline_tally(v);
    buf_putf(out, "%s: ", name[0] != '\0' ? name : "''");
    if (account != ACCOUNT_DUPLICATE) {
        put_counts(out, v);
        buf_put_text(out, ": ");
    }
    if (t.total == 0 || account == ACCOUNT_NOT_TESTED) {
        headline_put_account(out, v, account);
        return;
    }
    put_encryption(out, &t);
    headline_put_certificates(out, &t);
}

enum ink headline_ink(const struct domain_view *v)
{
    return v->codes[SEVERITY_ERROR] > 0     ? INK_ERROR
           : v->codes[SEVERITY_WARNING] > 0 ? INK_WARNING
                                            : INK_GOOD;
}
