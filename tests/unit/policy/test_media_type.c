#include <criterion/criterion.h>

#include "scanner/policy/media_type.h"

Test(media_type, cases_of_rfc_9110_section_8_3_1)
{
    static const struct {
        const char *name;
        const char *value;
        enum policy_media_type want;
    } rows[] = {
        {"RFC 8461 3.3: as it has to be", "text/plain", MEDIA_TYPE_TEXT_PLAIN},
        {"RFC 8461 3.2: charset", "text/plain; charset=utf-8", MEDIA_TYPE_TEXT_PLAIN},
        {"RFC 8461 3.2: other parameters do not count", "text/plain;charset=\"us-ascii\" ; a=b",
         MEDIA_TYPE_TEXT_PLAIN},
        {"RFC 9110 8.3.1: no case", "Text/PLAIN", MEDIA_TYPE_TEXT_PLAIN},
        {"RFC 9110 5.6.6: white space before the semicolon", "text/plain \t;a=b",
         MEDIA_TYPE_TEXT_PLAIN},
        {"RFC 9110 5.6.6: a semicolon and nothing", "text/plain;", MEDIA_TYPE_TEXT_PLAIN},
        {"RFC 9110 5.5: white space around", " text/plain ", MEDIA_TYPE_TEXT_PLAIN},
        {"RFC 9110 8.3: none", "", MEDIA_TYPE_ABSENT},
        {"RFC 9110 5.5: white space only", " \t ", MEDIA_TYPE_ABSENT},
        {"RFC 9110 8.3.1: another", "text/html; charset=utf-8", MEDIA_TYPE_OTHER},
        {"RFC 9110 8.3.1: a longer one", "text/plainer", MEDIA_TYPE_OTHER},
        {"RFC 9110 8.3.1: another suffix", "text/plain+x", MEDIA_TYPE_OTHER},
        {"RFC 9110 8.3.1: octets", "application/octet-stream", MEDIA_TYPE_OTHER},
        {"RFC 9110 8.3.1: no subtype", "text", MEDIA_TYPE_MALFORMED},
        {"RFC 9110 8.3.1: an empty subtype", "text/", MEDIA_TYPE_MALFORMED},
        {"RFC 9110 8.3.1: an empty type", "/plain", MEDIA_TYPE_MALFORMED},
        {"RFC 9110 8.3.1: two slashes", "text/plain/x", MEDIA_TYPE_MALFORMED},
        {"RFC 9110 8.3.1: white space at the slash", "text / plain", MEDIA_TYPE_MALFORMED},
        {"RFC 9110 5.6.2: no semicolon", "text/plain charset=utf-8", MEDIA_TYPE_MALFORMED},
        {"RFC 9110 5.3: a list", "text/plain, text/html", MEDIA_TYPE_MALFORMED},
        {"RFC 9110 5.6.2: in quotes", "\"text/plain\"", MEDIA_TYPE_MALFORMED},
        {"RFC 9110 5.6.2: outside ASCII", "text/pl\xe4in", MEDIA_TYPE_MALFORMED},
        {"RFC 9110 8.3.1: a parameter only", "; charset=utf-8", MEDIA_TYPE_MALFORMED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum policy_media_type got = media_type_read(span_of(rows[i].value));
        cr_expect_eq(got, rows[i].want, "%s: %s", rows[i].name, media_type_word(got));
    }
    cr_expect_eq(media_type_read((struct span){0}), MEDIA_TYPE_ABSENT);
    cr_expect_eq(media_type_read(SPAN_LIT("text/plain\0")), MEDIA_TYPE_MALFORMED);
}
