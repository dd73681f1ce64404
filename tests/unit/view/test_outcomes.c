#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/view/report.h"
#include "tests/unit/view/sample.h"

/* What the headline and the lines beneath say of mail is what the outcomes of the row are, and no more. */

#define ROW                                                                          \
    "{'type':'domains','input_line':1,'input':'a.test','domain':'a.test','account':" \
    "'tested','mx':[{'preference':10,'exchange':'m.test','host':'m.test','endpoints':[%s]}],"

#define MTA "m.test|192.0.2.1|25: "
/* Kinds of senders, each with what becomes of its mail. */
#define SENDER(name, best, worst, reason) \
    "{'profile':'" name "','best':'" best "','worst':'" worst "','decided_by':'" MTA reason "'},"
#define GOOD(name)            SENDER(name, "encrypted", "encrypted", "opportunistic")
#define PKIX(name)            SENDER(name, "authenticated", "authenticated", "pkix")
#define LOST(name, reason)    SENDER(name, "deferred", "deferred", reason)
#define CLEAR(name, reason)   SENDER(name, "plaintext", "plaintext", reason)
#define UNKNOWN(name, reason) SENDER(name, "unknown", "unknown", reason)

#define AT_1        "'address':'192.0.2.1','port':25,"
#define ESTABLISHED "{" AT_1 "'outcome':'established','acceptable':true}"
#define UNTRUSTED   "{" AT_1 "'outcome':'established','acceptable':false}"
#define PLAIN       "{" AT_1 "'outcome':'starttls_not_offered'}"
#define SILENT      "{" AT_1 "'outcome':'connect_timeout'}"
#define REFUSED     "{" AT_1 "'outcome':'refused'}"
#define ALERT       "{" AT_1 "'outcome':'tls_alert','starttls':'offered'}"
#define NOT_DIALLED "{" AT_1 "'outcome':'not_tested','not_tested':'special_purpose'}"

static const struct {
    const char *endpoint;
    const char *outcomes;
    const char *headline; /* behind the name and the counts */
    const char *effect;   /* the beginning of what is said first of who fails */
} cases[] = {
    {ESTABLISHED, GOOD("a") PKIX("b"), "mail is encrypted, the certificate passes verification",
     "Nothing: every address encrypts with a certificate that passes verification."},
    {ESTABLISHED, GOOD("a") UNKNOWN("old", "tls_suite"),
     "mail is encrypted, the certificate passes verification",
     "Nothing: every address encrypts with a certificate that passes verification. It is not known "
     "of old."},
    {ESTABLISHED, GOOD("a") LOST("gmx", "dane_mismatch") LOST("exchange-online", "dane_mismatch"),
     "senders with DANE cannot deliver: exchange-online, gmx; others encrypt, the certificate "
     "passes verification",
     "Senders with DANE (exchange-online, gmx): no delivery: no TLSA record matches."},
    {ESTABLISHED, GOOD("a") SENDER("gmail", "authenticated", "deferred", "sts_mx_not_covered"),
     "senders with MTA-STS cannot always deliver: gmail; others encrypt, the certificate passes "
     "verification",
     "Senders with MTA-STS (gmail): no delivery at some of the servers: no pattern"},
    {ESTABLISHED, GOOD("a") LOST("c", "certificate") PKIX("b"),
     "mail is encrypted, the certificate passes verification; some senders that verify "
     "certificates cannot deliver: c",
     "Senders that verify certificates (c): no delivery: the certificate chain fails "
     "verification."},
    {UNTRUSTED, GOOD("a") LOST("c", "certificate"),
     "mail is encrypted, the certificate fails verification; senders that verify certificates "
     "cannot deliver: c",
     "Senders that verify certificates (MTA-STS in mode enforce, RFC 8461; without DANE): no "
     "delivery. Others encrypt without verification. At the only address."},
    {UNTRUSTED, GOOD("a") UNKNOWN("c", "certificate") PKIX("b"),
     "mail is encrypted, certificates pass verification with some senders only",
     "Senders that verify certificates as MTA-STS in mode enforce requires (RFC 8461; without "
     "DANE): no delivery, if they verify as strictly as this program does."},
    {ESTABLISHED ",{'address':'192.0.2.2','port':25,'outcome':'refused'}", GOOD("a") GOOD("b"),
     "mail is encrypted at 1 of 2 addresses, the certificate passes verification; at the rest no "
     "session came about",
     "Every sender that comes to 192.0.2.2: no connection."},
    {ESTABLISHED, LOST("a", "null_mx") UNKNOWN("b", "null_mx") GOOD("c"),
     "some senders cannot deliver: a; others encrypt, the certificate passes verification; not "
     "known of 1 of 3 kinds of senders",
     "Some senders (a): no delivery: there is a null MX among other MX records; some senders then "
     "bounce the mail, others ignore it."},
    {PLAIN, CLEAR("a", "no_starttls") CLEAR("b", "no_starttls") LOST("c", "no_starttls"),
     "mail is sent in cleartext; senders that require TLS cannot deliver: c",
     "Every sender: no encryption."},
    {PLAIN, CLEAR("a", "no_starttls") CLEAR("b", "no_starttls") UNKNOWN("c", "starttls_keyword"),
     "mail is sent in cleartext", "Every sender that is treated like this client: no encryption."},
    {ESTABLISHED ",{'address':'192.0.2.2','port':25,'outcome':'starttls_not_offered'}",
     GOOD("a") GOOD("b"),
     "mail is encrypted at 1 of 2 addresses, the certificate passes verification",
     "Every sender that comes to 192.0.2.2: no encryption."},
    {ESTABLISHED ",{'address':'192.0.2.2','port':25,'outcome':'tls_alert','starttls':'offered'}",
     GOOD("a") GOOD("b"),
     "mail is encrypted at 1 of 2 addresses, the certificate passes verification",
     "Every sender that uses TLS and comes to 192.0.2.2: TLS fails."},
    {PLAIN "," PLAIN, CLEAR("a", "no_starttls"), "mail is sent in cleartext",
     "Every sender: no encryption. Mail is sent in cleartext; senders that require TLS (MTA-STS in "
     "mode enforce, RFC 8461; DANE, RFC 7672) do not deliver. At the only address."},
    {PLAIN, UNKNOWN("a", "unstable"),
     "it is not known what senders do: the server behaves differently from session to session",
     "Every sender that is treated like this client: no encryption."},
    {SILENT, UNKNOWN("a", "not_tested") UNKNOWN("b", "not_tested"),
     "no server could be tested (1 address), so it is not known whether mail arrives",
     "Every sender that is treated like this client: no connection."},
    {REFUSED, LOST("a", "not_reachable") LOST("b", "not_reachable"),
     "no sender can deliver: no connection", "Every sender: no connection."},
    {ALERT, CLEAR("a", "tls_failed") LOST("b", "tls_failed") LOST("c", "tls_failed"),
     "senders that do not fall back to cleartext cannot deliver: b, c; mail is sent in cleartext "
     "from a",
     "Every sender that uses TLS: TLS fails."},
    {ALERT, CLEAR("a", "tls_failed") UNKNOWN("b", "tls_failed") UNKNOWN("c", "tls_failed"),
     "mail is sent in cleartext from a; not known of 2 of 3 kinds of senders",
     "Every sender that is treated like this client: TLS fails."},
    {NOT_DIALLED, LOST("a", "not_reachable") LOST("b", "no_mail"),
     "no sender can deliver: no connection", "Some senders (a): no delivery: no connection."},
    {NOT_DIALLED, UNKNOWN("a", "mx_name"),
     "no server could be tested (1 address), so it is not known whether mail arrives",
     "Not known: an unusual MX host or address"},
    {ESTABLISHED, GOOD("a") LOST("e", "smtp_replies") CLEAR("f", "key_usage"),
     "some senders cannot deliver: e; mail is sent in cleartext from f; others encrypt, the "
     "certificate passes verification",
     "Some senders (e): no delivery: the replies have lines"},
    {ESTABLISHED,
     GOOD("a") LOST("g", "dane_lookup") LOST("f", "dane_lookup") LOST("e", "dane_lookup")
         LOST("d", "dane_lookup") LOST("c", "dane_lookup") LOST("b", "dane_lookup")
             LOST("h", "dane_lookup"),
     "senders with DANE cannot deliver: b, c, d, e, f and 2 more; others encrypt", "Senders with"},
    {ESTABLISHED, GOOD("a") LOST("n", "a_word_of_later"),
     "some senders cannot deliver: n; others encrypt", "Some senders (n): no delivery: a_word"},
};

/* One line of text: what stood on several. */
static void outcomes_flatten(const char *text, char *flat, size_t size)
{
    size_t len = 0;
    bool space = false;
    for (; *text != '\0' && len + 2 < size; text++) {
        if (*text == ' ' || *text == '\n') {
            space = len > 0;
            continue;
        }
        if (space) {
            flat[len++] = ' ';
        }
        space = false;
        flat[len++] = *text;
    }
    flat[len] = '\0';
}

Test(outcomes, the_headline_and_the_effects_are_those_of_the_outcomes)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char row[4096];
        char flat[8192];
        char want[512];
        int begin = snprintf(row, sizeof(row), ROW, cases[i].endpoint);
        (void)snprintf(row + begin, sizeof(row) - (size_t)begin, "'outcomes':[%.*s],'findings':[]}",
                       (int)strlen(cases[i].outcomes) - 1, cases[i].outcomes);
        const char *const rows[] = {row, NULL};
        struct buf out = sample_report(rows, false);
        outcomes_flatten(sample_text(&out), flat, sizeof(flat));
        (void)snprintf(want, sizeof(want), "a.test: nothing to fix: %s", cases[i].headline);
        cr_expect(strncmp(flat, want, strlen(want)) == 0, "case %zu: want %s, got %.200s", i, want,
                  flat);
        (void)snprintf(want, sizeof(want), "What fails for whom - %s", cases[i].effect);
        cr_expect_not_null(strstr(flat, want), "case %zu: want %s in %s", i, want, flat);
        buf_deinit(&out);
    }
}
