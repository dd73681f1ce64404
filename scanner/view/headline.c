#include "scanner/view/report.h"

static bool is_word(const char *text, const char *word)
{
    return text != NULL && strcmp(text, word) == 0;
}

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

static struct tally count_routes(const struct domain_view *v)
{
    struct tally t = {0};
    for (size_t i = 0; i < v->route_count; i++) {
        const json_t *brief = v->route[i].brief;
        const char *outcome = value_text(brief, "outcome");
        if (!v->route[i].tells) {
            continue;
        }
        t.total++;
        bool ends = route_ends_with_tls(&v->route[i]);
        t.encrypted += is_word(outcome, "established") && !ends;
        t.clear += route_is_in_clear(&v->route[i]);
        t.broken += outcome != NULL && (ends || strncmp(outcome, "tls_", 4) == 0 ||
                                        is_word(outcome, "starttls_tempfail") ||
                                        is_word(outcome, "starttls_rejected"));
        t.acceptable += value_is_true(brief, "acceptable");
        t.judged += value_is_true(brief, "acceptable") || value_is_false(brief, "acceptable");
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

static void put_certificates(struct buf *out, const struct tally *t)
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

/** Where no server is spoken of, the account says why. */
static void put_account(struct buf *out, const struct domain_view *v, const char *account)
{
    const json_t *row = v->domain->value;
    const char *kind = value_text(row, "mx_kind");
    if (is_word(account, "invalid")) {
        const char *why = value_text(row, "invalid");
        buf_putf(out, "not a domain name (%s)", why != NULL ? why : "unreadable");
    } else if (is_word(account, "duplicate")) {
        buf_put_text(out, "repeated; see above");
    } else if (is_word(account, "blocklisted")) {
        buf_put_text(out, "on the blocklist, not scanned");
    } else if (is_word(kind, "null_mx")) {
        buf_put_text(out, "accepts no mail (null MX, RFC 7505)");
    } else if (is_word(kind, "nxdomain")) {
        buf_put_text(out, "the domain does not exist");
    } else if (is_word(kind, "none")) {
        buf_put_text(out, "no mail server: neither MX nor address records");
    } else if (is_word(account, "dns_failed")) {
        const char *state = value_text(value_object(row, "mx_dns"), "state");
        if (is_word(state, "data")) {
            buf_put_text(out, "the addresses of the mail servers could not be resolved");
            return;
        }
        buf_putf(out, "the mail servers could not be resolved (DNS: %s)",
                 state != NULL ? state : "no answer");
    } else if (is_word(account, "not_tested")) {
        buf_put_text(out, "nothing could be tested");
    } else {
        buf_put_text(out, "no mail server has an address");
    }
}

void headline_put(struct buf *out, const struct domain_view *v)
{
    const char *name = value_text(v->domain->value, "domain");
    const char *account = value_text(v->domain->value, "account");
    struct tally t = count_routes(v);
    if (name == NULL) {
        name = value_text(v->domain->value, "input");
    }
    buf_putf(out, "%s: ", name != NULL && name[0] != '\0' ? name : "''");
    if (!is_word(account, "duplicate")) {
        put_counts(out, v);
        buf_put_text(out, ": ");
    }
    if (t.total == 0 || is_word(account, "not_tested")) {
        put_account(out, v, account);
        return;
    }
    put_encryption(out, &t);
    put_certificates(out, &t);
}

enum ink headline_ink(const struct domain_view *v)
{
    return v->codes[SEVERITY_ERROR] > 0     ? INK_ERROR
           : v->codes[SEVERITY_WARNING] > 0 ? INK_WARNING
                                            : INK_GOOD;
}
