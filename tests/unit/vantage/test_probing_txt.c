#include <criterion/criterion.h>

#include "scanner/vantage/probing_txt.h"

static struct net_addr source_of(const char *text)
{
    struct net_addr a = {0};
    cr_assert(net_addr_parse(span_of(text), &a), "%s", text);
    return a;
}

/* RFC 9511 section 2.2, RFC 9116 sections 2.5 and 4. */
Test(probing_txt, has_the_fields_of_the_rfcs)
{
    static const struct {
        const char *source[3];
        const char *from; /* what the description says of them */
    } rows[] = {
        {{"11.0.0.7"}, " From 11.0.0.7."},
        {{"11.0.0.7", "2a0e:b100::7"}, " From 11.0.0.7, 2a0e:b100::7."},
        {{"192.168.1.7", "2a0e:b100::7"}, " From 2a0e:b100::7."}, /* behind NAT */
        {{"192.168.1.7"}, ""},
        {{NULL}, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct net_addr source[3];
        size_t count = 0;
        struct buf got = BUF_INIT(BUF_NO_LIMIT);
        struct buf want = BUF_INIT(BUF_NO_LIMIT);
        for (; rows[i].source[count] != NULL; count++) {
            source[count] = source_of(rows[i].source[count]);
        }
        probing_put_text(&got, &(struct probing_text){.program = "mxcensus/1.2.3",
                                                      .ehlo_domain = "scanner.example.org",
                                                      .contact = "mailto:scan@example.org",
                                                      .source = source,
                                                      .source_count = count,
                                                      .now_s = 1767225600}); /* 2026-01-01 */
        buf_putf(&want,
                 "# Probe Description File, RFC 9511\n"
                 "Canonical: https://scanner.example.org/.well-known/probing.txt\n"
                 "Contact: mailto:scan@example.org\n"
                 "Expires: 2026-06-30T00:00:00Z\n"
                 "Preferred-Languages: en\n"
                 "Description: mxcensus/1.2.3 measures the transport security of mail servers: "
                 "SMTP sessions "
                 "that say EHLO scanner.example.org, STARTTLS, EHLO, QUIT and send no mail, and "
                 "one HTTPS "
                 "request for each MTA-STS policy.%s Write to the contact to be left out.\n",
                 rows[i].from);
        cr_assert(span_eq(buf_span(&got), buf_span(&want)), "%zu: %.*s", i, (int)got.len,
                  (const char *)got.at);
        buf_deinit(&got);
        buf_deinit(&want);
    }
}
