#include "scanner/vantage/probing_txt.h"

#include "scanner/base/text.h"

/* RFC 9116 section 2.5.5: less than a year, so that nobody relies on what was forgotten. */
#define VALID_S (180 * INT64_C(86400))

static void put_sources(struct buf *b, const struct probing_text *p)
{
    const char *before = " From ";
    for (size_t i = 0; i < p->source_count; i++) {
        char text[NET_ADDR_TEXT_MAX];
        if (net_addr_special_purpose(&p->source[i]) == NULL) {
            (void)net_addr_format(&p->source[i], text);
            buf_putf(b, "%s%s", before, text);
            before = ", ";
        }
    }
    buf_put_text(b, before[0] == ',' ? "." : "");
}

void probing_put_text(struct buf *b, const struct probing_text *p)
{
    buf_put_text(b, "# Probe Description File, RFC 9511\n");
    buf_putf(b, "Canonical: https://%s/.well-known/probing.txt\n", p->ehlo_domain);
    buf_putf(b, "Contact: %s\n", p->contact);
    buf_put_text(b, "Expires: ");
    text_put_time_s(b, p->now_s + VALID_S);
    buf_put_text(b, "\nPreferred-Languages: en\n");
    buf_putf(
        b,
        "Description: %s measures the transport security of mail servers: SMTP sessions that say "
        "EHLO %s, "
        "STARTTLS, EHLO, QUIT and send no mail, and one HTTPS request for each MTA-STS policy.",
        p->program, p->ehlo_domain);
    put_sources(b, p);
    buf_put_text(b, " Write to the contact to be left out.\n");
}
