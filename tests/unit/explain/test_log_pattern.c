#include <criterion/criterion.h>

#include "scanner/base/memory.h"
#include "scanner/explain/log_pattern.h"

static bool is(struct span s, const char *text)
{
    return span_eq(s, span_of(text));
}

Test(log_pattern, fits_text_places_and_anything)
{
    static const struct {
        const char *pattern;
        const char *line;
        bool fits;
        const char *host, *address, *domain, *port;
    } cases[] = {
        {"to {host}[{address}]:{port}: lost", "x to mx.example.org[192.0.2.1]:25: lost it", true,
         "mx.example.org", "192.0.2.1", "", "25"},
        {"to {host}[{address}]:{port}: lost", "x to mx.example.org[2001:db8::1]:25: lost", true,
         "mx.example.org", "2001:db8::1", "", "25"},
        {"to {host}[{address}]:{port}: lost", "to a[zz]:25: lost, to b.example[192.0.2.2]:26: lost",
         true, "b.example", "192.0.2.2", "", "26"}, /* the first does not fit */
        {"to {host}[{address}]:{port}: lost", "to mx.example.org[]:25: lost", false, "", "", "",
         ""},
        {"a*b*c", "xxaxxbxxc", true, "", "", "", ""},
        {"a*b*c", "xxaxxcxxb", false, "", "", "", ""},
        {"to=<*@{domain}>", "to=<a@b@example.org>, relay", true, "", "", "example.org", ""},
        {"SSL routines:*:no shared cipher", "error:0A0000C1:SSL routines::no shared cipher:s.c",
         true, "", "", "", ""},
        {"SSL routines:*:no shared cipher", "SSL routines:GET:no shared cipher:s.c", true, "", "",
         "", ""},
        {"{host} unsupported TLSA", "warning: mx.example.org unsupported TLSA usage", true,
         "mx.example.org", "", "", ""},
        {"whole", "whole", true, "", "", "", ""},
        {"whole", "whol", false, "", "", "", ""},
        {"*", "", false, "", "", "", ""}, /* no pattern: it would fit everything */
        {"a", "", false, "", "", "", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct log_pattern p;
        struct log_places places = {0};
        bool fits = log_pattern_read(&p, span_of(cases[i].pattern)) &&
                    log_pattern_fits(&p, span_of(cases[i].line), &places);
        struct log_pairs pairs;
        log_pairs_of(span_of(cases[i].line), &pairs);
        cr_expect_eq(fits, cases[i].fits, "%s: %s", cases[i].pattern, cases[i].line);
        cr_expect(!fits || log_pattern_may_fit(&p, &pairs), "%s: %s", cases[i].pattern,
                  cases[i].line);
        cr_expect(!fits ||
                      (is(places.host, cases[i].host) && is(places.address, cases[i].address) &&
                       is(places.domain, cases[i].domain) && is(places.port, cases[i].port)),
                  "%s: %s", cases[i].pattern, cases[i].line);
    }
}

/* What does not fit leaves the places as they were. */
Test(log_pattern, places_come_from_what_fits)
{
    struct log_pattern p;
    struct log_places places = {.host = span_of("kept")};
    cr_assert(log_pattern_read(&p, SPAN_LIT("to {host}[{address}] end")));
    cr_expect(!log_pattern_fits(&p, SPAN_LIT("to a.example[192.0.2.1] other end"), &places));
    cr_expect(is(places.host, "kept"));
}

Test(log_pattern, a_pattern_has_a_text_and_at_most_16_pieces)
{
    struct log_pattern p;
    cr_expect(!log_pattern_read(&p, SPAN_LIT("")));
    cr_expect(!log_pattern_read(&p, SPAN_LIT("{host}*{port}")));
    cr_expect(log_pattern_read(&p, SPAN_LIT("a*a*a*a*a*a*a*a*")));
    cr_expect(!log_pattern_read(&p, SPAN_LIT("a*a*a*a*a*a*a*a*a")));
    cr_expect(log_pattern_read(&p, SPAN_LIT("{hosts}"))); /* no place: text */
}

/* A line is cut anywhere: whatever is read lies in it (under ASan an octet beyond it is told). */
Test(log_pattern, every_cut_of_a_line_keeps_to_its_bounds)
{
    static const char line[] = "to mx.example.org[2001:db8::1]:25: lost connection";
    struct log_pattern p;
    cr_assert(log_pattern_read(&p, SPAN_LIT("to {host}[{address}]:{port}: lost connection")));
    for (size_t from = 0; from <= strlen(line); from++) {
        for (size_t len = 0; from + len <= strlen(line); len++) {
            uint8_t *exact = memory_new(len, 1);
            struct log_places places = {0};
            memcpy(exact, line + from, len);
            bool fits = log_pattern_fits(&p, (struct span){exact, len}, &places);
            cr_expect_eq(fits, from == 0 && len == strlen(line));
            free(exact);
        }
    }
}

/* Long runs of what a place takes, again and again: the time is that of the length. */
Test(log_pattern, hostile_lines_take_no_long_time, .timeout = 20)
{
    enum {
        LEN = 1 << 20
    };
    static const char *const patterns[] = {"{host}[{address}] x", "to {host}[x", "a*a*a*a*a*a*a*b",
                                           "{address}:{port}z"};
    uint8_t *line = memory_new(LEN, 1);
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct log_pattern p;
        struct log_places places = {0};
        cr_assert(log_pattern_read(&p, span_of(patterns[i])));
        memset(line, 'a', LEN);
        memcpy(line + LEN - 8, "] xb[xz", 7); /* the longest text is there */
        cr_expect(i == 2 || !log_pattern_fits(&p, (struct span){line, LEN}, &places));
        for (size_t k = 0; k + 3 < LEN - 8; k += 3) {
            memcpy(line + k, "to ", 3);
        }
        (void)log_pattern_fits(&p, (struct span){line, LEN}, &places);
    }
    free(line);
}
