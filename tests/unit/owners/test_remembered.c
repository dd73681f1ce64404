/**
 * What is remembered over nights: the text, the limits that follow from it, and what a night changes.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/owners/night.h"
#include "tests/unit/owners/stage.h"

#define HEAD "mxcensus-memory 1\n"
#define NOTE "# what key slower nights turned_away met why\n"

/* --- limits --------------------------------------------------------------------------------- */

static const struct pace_case {
    double rate;
    uint8_t halvings;
    uint64_t want_ms;
} pace_cases[] = {
    {2, 0, 500},
    {2, 1, 1000},
    {2, 2, 2000},
    {2, 4, 8000},
    {2, 6, 32000},
    {2, 7, 60000},
    /* the floor */ {0, 0, 0},
    {0, 1, 1000},
    {0, 7, 60000},
    {1.0 / 60, 3, 60000},
    {10.0 / 3600, 0, 360000},
    {10.0 / 3600, 7, 360000}, /* the user's own is below the floor */
    {1000, 7, 128},
    {0.3, 0, 3334} /* rounded up */,
};

Test(remembered, pace_of_an_address)
{
    for (size_t i = 0; i < sizeof(pace_cases) / sizeof(pace_cases[0]); i++) {
        const struct pace_case *c = &pace_cases[i];
        uint64_t got = pace_interval_ms(c->rate, c->halvings);
        cr_expect_eq(got, c->want_ms, "%g/s halved %u times: %llu ms", c->rate, c->halvings,
                     (unsigned long long)got);
    }
    cr_expect_eq(pace_address_limit(4, 0), 4);
    cr_expect_eq(pace_address_limit(0, 0), 0);
    cr_expect_eq(pace_address_limit(4, 1), 1);
    cr_expect_eq(pace_address_limit(0, 1), 1);
    cr_expect_eq(pace_operator_limit(64, 0), 64);
    cr_expect_eq(pace_operator_limit(64, 2), 16);
    cr_expect_eq(pace_operator_limit(64, 7), 1);
    cr_expect_eq(pace_operator_limit(1, 1), 1);
}

/* --- text ----------------------------------------------------------------------------------- */

#define TIMES "2026-11-28T22:00:00Z 2026-11-29T22:00:00Z"

static const char whole_text[] = HEAD NOTE "address 192.0.2.7 4 1 " TIMES " tempfail\n"
                                           "address 2001:db8::7 128 65535 " TIMES " silent\n"
                                           "operator a.test 2 0 " TIMES " -\n"
                                           "operator xn--bcher-kva.example 64 3 " TIMES " -\n";

static const char *parse(struct remembered *r, const char *text, struct buf *why)
{
    size_t dropped = 0;
    buf_reset(why);
    bool ok = remembered_parse(r, span_of(text), "FILE", &dropped, why);
    cr_expect_eq(ok, why->len == 0);
    cr_expect(ok || (r->count == 0 && memchr(why->at, '\n', why->len) == NULL));
    buf_put_char(why, '\0');
    return (const char *)why->at;
}

static void check_text(const struct remembered *r, const char *want)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    remembered_put_text(r, &text);
    cr_expect(span_eq(buf_span(&text), span_of(want)), "got\n%.*s\nwant\n%s", (int)text.len,
              (const char *)text.at, want);
    buf_deinit(&text);
}

Test(remembered, text_is_read_as_it_is_written)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct remembered r;
    hash_secret_init();
    cr_assert_str_eq(parse(&r, whole_text, &why), "");
    check_text(&r, whole_text);
    const struct net_addr known = stage_address("192.0.2.7");
    const struct net_addr other = stage_address("192.0.2.8");
    cr_expect_eq(halvings_of(remembered_address(&r, &known)), 2);
    cr_expect_eq(halvings_of(remembered_address(&r, &other)), 0);
    cr_expect_eq(halvings_of(remembered_operator(&r, SPAN_LIT("a.test"))), 1);
    cr_expect_eq(halvings_of(remembered_operator(&r, SPAN_LIT("b.test"))), 0);
    cr_expect_eq(halvings_of(remembered_address(NULL, &known)), 0);
    cr_expect_eq(remembered_count(&r, REMEMBERED_ADDRESS), 2);
    cr_expect_eq(remembered_count(&r, REMEMBERED_OPERATOR), 2);
    remembered_deinit(&r);

    cr_assert_str_eq(parse(&r, "", &why), ""); /* as a file that was just made */
    check_text(&r, HEAD NOTE);
    remembered_deinit(&r);
    /* a person may put lines in another order, and comments between them */
    cr_assert_str_eq(parse(&r,
                           HEAD "operator b.test 2 0 " TIMES
                                " -\n\n# mine\noperator a.test 2 0 " TIMES " -\n",
                           &why),
                     "");
    check_text(&r, HEAD NOTE "operator a.test 2 0 " TIMES " -\noperator b.test 2 0 " TIMES " -\n");
    remembered_deinit(&r);
    buf_deinit(&why);
}

#define FORM   "must be: address|operator KEY SLOWER NIGHTS TURNED_AWAY MET WHY"
#define NUMBER "SLOWER must be 2, 4, 8, 16, 32, 64 or 128, and NIGHTS a number up to 65535"
#define TIME   "TURNED_AWAY and MET must be times such as 2026-11-29T22:00:00Z"
#define TITLE_ "not a file of --memory: its first line must be 'mxcensus-memory 1'"

static const struct refused_case {
    const char *text;
    const char *why;
} refused_cases[] = {
    {"\n", "FILE: line 1: " TITLE_},
    {"example.org\nexample.net\n", "FILE: line 1: " TITLE_}, /* somebody's list */
    {"mxcensus-memory\n", "FILE: line 1: " TITLE_},
    {"mxcensus-memory 1\r\n", "FILE: line 1: " TITLE_},
    {"mxcensus-memory 2\n", "FILE: line 1: a file of --memory in the form of another version"},
    {HEAD "address 192.0.2.7 4 1 " TIMES " tempfail", "FILE: line 2: cut off: it has no end"},
    {HEAD "address 192.0.2.7 4 1 " TIMES "\n",
     "FILE: line 2: WHY is not one of the words of this version"},
    {HEAD "address 192.0.2.7 4 1 " TIMES " tempfail more\n", "FILE: line 2: " FORM},
    {HEAD "network 192.0.2.0/24 4 1 " TIMES " tempfail\n", "FILE: line 2: " FORM},
    {HEAD " address 192.0.2.7 4 1 " TIMES " tempfail\n", "FILE: line 2: " FORM},
    {HEAD "address\t192.0.2.7 4 1 " TIMES " tempfail\n", "FILE: line 2: " FORM},
    {HEAD "address 192.0.2.256 4 1 " TIMES " tempfail\n", "FILE: line 2: not an address"},
    {HEAD "address  4 1 " TIMES " tempfail\n", "FILE: line 2: not an address"},
    {HEAD "operator  4 1 " TIMES " -\n", "FILE: line 2: not a domain"},
    {HEAD "operator \x1b[2J 4 1 " TIMES " -\n", "FILE: line 2: not a domain"},
    {HEAD "operator \xc3\xbc.test 4 1 " TIMES " -\n", "FILE: line 2: not a domain"},
    {HEAD "address 192.0.2.7 1 1 " TIMES " tempfail\n", "FILE: line 2: " NUMBER},
    {HEAD "address 192.0.2.7 3 1 " TIMES " tempfail\n", "FILE: line 2: " NUMBER},
    {HEAD "address 192.0.2.7 256 1 " TIMES " tempfail\n", "FILE: line 2: " NUMBER},
    {HEAD "address 192.0.2.7 -4 1 " TIMES " tempfail\n", "FILE: line 2: " NUMBER},
    {HEAD "address 192.0.2.7 4 65536 " TIMES " tempfail\n", "FILE: line 2: " NUMBER},
    {HEAD "address 192.0.2.7 18446744073709551620 1 " TIMES " tempfail\n", "FILE: line 2: " NUMBER},
    {HEAD "address 192.0.2.7 4 1 2026-11-28 2026-11-29T22:00:00Z tempfail\n",
     "FILE: line 2: " TIME},
    {HEAD "address 192.0.2.7 4 1 2026-11-28T22:00:00.001Z 2026-11-29T22:00:00Z tempfail\n",
     "FILE: line 2: " TIME},
    {HEAD "address 192.0.2.7 4 1 " TIMES " busy\n",
     "FILE: line 2: WHY is not one of the words of this version"},
    {HEAD "operator a.test 4 1 " TIMES " tempfail\n",
     "FILE: line 2: WHY is not one of the words of this version"},
    {HEAD NOTE "operator a.test 4 1 " TIMES " -\noperator a.test 2 1 " TIMES " -\n",
     "FILE: line 4: a second line for the same key"},
    {HEAD "address 2001:db8::7 4 1 " TIMES " cut\naddress 2001:DB8:0::7 4 1 " TIMES " cut\n",
     "FILE: line 3: a second line for the same key"},
};

Test(remembered, another_file_is_refused_with_one_line)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct remembered r;
    hash_secret_init();
    for (size_t i = 0; i < sizeof(refused_cases) / sizeof(refused_cases[0]); i++) {
        const char *got = parse(&r, refused_cases[i].text, &why);
        cr_expect_str_eq(got, refused_cases[i].why, "case %zu: '%s'", i, got);
    }
    buf_deinit(&why);
}

Test(remembered, a_cut_at_any_octet_is_refused_or_lacks_whole_lines)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct remembered r;
    hash_secret_init();
    for (size_t len = 1; len < sizeof(whole_text) - 1; len++) {
        size_t dropped = 0;
        char *text = strndup(whole_text, len);
        buf_reset(&why);
        bool ok = remembered_parse(&r, span_of(text), "FILE", &dropped, &why);
        cr_expect_eq(ok, text[len - 1] == '\n' || strcmp(text, "mxcensus-memory 1") == 0, "%zu",
                     len);
        remembered_deinit(&r);
        free(text);
    }
    buf_deinit(&why);
}

/* --- nights --------------------------------------------------------------------------------- */

#define DAY 86400

/* A night in words, such as "192.0.2.1|a.test:busy,ok 192.0.2.2|a.test:ok": of each service its sessions. */
static void spend(struct night *n, const char *sessions)
{
    char text[500];
    (void)snprintf(text, sizeof(text), "%s", sessions);
    char *next_service = text;
    for (char *one; (one = strsep(&next_service, " ")) != NULL;) {
        char *name = one;
        const char *address_text = strsep(&name, "|");
        char *ends = name;
        if (ends == NULL) {
            continue;
        }
        name = strsep(&ends, ":");
        const struct net_addr address = stage_address(address_text);
        uint32_t service = n->place_count;
        night_add_service(n, &address);
        for (char *end; (end = strsep(&ends, ",")) != NULL;) {
            const struct seen_session seen = {
                .outcome = stage_outcome(strcmp(end, "ok") == 0     ? "established"
                                         : strcmp(end, "busy") == 0 ? "greeting_tempfail"
                                                                    : end)};
            night_note(n, service, &address, span_of(name), &seen);
        }
    }
}

struct memory {
    struct buf text;
    struct remembered_news news;
};

/* One scan, whose workers saw `one` and `other`. */
static void pass_night(struct memory *m, int64_t began_s, const char *one, const char *other)
{
    struct remembered before;
    struct remembered after;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    size_t dropped = 0;
    cr_assert(remembered_parse(&before, buf_span(&m->text), "FILE", &dropped, &why));
    struct night *nights[] = {night_new(&before), night_new(&before)};
    spend(nights[0], one);
    spend(nights[1], other);
    night_learn(&before, (const struct night *const *)nights, 2, began_s, &after, &m->news);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    remembered_put_text(&after, &text);
    buf_deinit(&m->text);
    m->text = text;
    night_free(nights[0]);
    night_free(nights[1]);
    remembered_deinit(&after);
    remembered_deinit(&before);
}

/* Its lines without the head and the times. */
static void expect_lines(const struct memory *m, const char *what, const char *want)
{
    char got[1000] = "";
    struct span rest = buf_span(&m->text);
    for (size_t line = 0; rest.len > 0; line++) {
        const uint8_t *end = memchr(rest.at, '\n', rest.len);
        char kind[20];
        char key[100];
        char why[20];
        unsigned slower;
        unsigned nights;
        char text[300];
        (void)snprintf(text, sizeof(text), "%.*s", (int)(end - rest.at), (const char *)rest.at);
        if (line >= 2) {
            cr_assert_eq(
                sscanf(text, "%19s %99s %u %u %*s %*s %19s", kind, key, &slower, &nights, why), 5);
            size_t len = strlen(got);
            (void)snprintf(got + len, sizeof(got) - len, "%s%s %u %u %s", len > 0 ? ", " : "", key,
                           slower, nights, why);
        }
        rest = span_drop(rest, (size_t)(end - rest.at) + 1);
    }
    cr_expect_str_eq(got, want, "%s: '%s'", what, got);
}

static const struct night_case {
    const char *what;
    int64_t day; /* of the beginning */
    const char *sessions;
    const char *want;
} nights_of_one_address[] = {
    {"all answer", 1, "192.0.2.1|a.test:ok,ok", ""},
    {"turned away", 2, "192.0.2.1|a.test:busy,ok", "192.0.2.1 4 1 tempfail"},
    {"again", 3, "192.0.2.1|a.test:greeting_rejected,ok", "192.0.2.1 16 2 rejected"},
    {"nobody asks", 4, "", "192.0.2.1 16 2 rejected"},
    {"dead", 5, "192.0.2.1|a.test:refused,connect_timeout", "192.0.2.1 16 2 rejected"},
    {"our own fault", 6, "192.0.2.1|a.test:local_fault,unreachable", "192.0.2.1 16 2 rejected"},
    {"clean", 7, "192.0.2.1|a.test:ok", "192.0.2.1 8 0 rejected"},
    {"and again", 8, "192.0.2.1|a.test:ok", "192.0.2.1 4 0 rejected"},
    {"too fast again", 9, "192.0.2.1|a.test:busy", "192.0.2.1 16 1 tempfail"},
    {"and again", 10, "192.0.2.1|a.test:busy", "192.0.2.1 64 2 tempfail"},
    {"to the floor", 11, "192.0.2.1|a.test:busy", "192.0.2.1 128 3 tempfail"},
    {"no further", 12, "192.0.2.1|a.test:busy", "192.0.2.1 128 4 tempfail"},
    {"clean", 13, "192.0.2.1|a.test:ok", "192.0.2.1 64 0 tempfail"},
    {"two nights later", 14, "192.0.2.1|a.test:ok", "192.0.2.1 32 0 tempfail"},
    {"a port that is closed is not the address", 15, "192.0.2.1|a.test:ok 192.0.2.1|a.test:refused",
     "192.0.2.1 16 0 tempfail"},
    {"one that turns us away is", 16, "192.0.2.1|a.test:ok 192.0.2.1|a.test:busy",
     "192.0.2.1 64 1 tempfail"},
    {"met within 90 days", 16 + 90, "", "192.0.2.1 64 1 tempfail"},
    {"and not any more", 16 + 91, "", ""},
};

Test(remembered, nights_of_an_address)
{
    struct memory m = {.text = BUF_INIT(BUF_NO_LIMIT)};
    hash_secret_init();
    for (size_t i = 0; i < sizeof(nights_of_one_address) / sizeof(nights_of_one_address[0]); i++) {
        const struct night_case *c = &nights_of_one_address[i];
        pass_night(&m, c->day * DAY, c->sessions, "");
        expect_lines(&m, c->what, c->want);
    }
    buf_deinit(&m.text);
}

/* The last step: the entry is gone. */
Test(remembered, clean_nights_end_an_entry)
{
    struct memory m = {.text = BUF_INIT(BUF_NO_LIMIT)};
    hash_secret_init();
    pass_night(&m, 1 * DAY, "192.0.2.1|a.test:busy", "");
    cr_expect_eq(m.news.added, 1);
    cr_expect_eq(m.news.turned_away[REMEMBERED_ADDRESS], 1);
    pass_night(&m, 2 * DAY, "192.0.2.1|a.test:ok", "");
    expect_lines(&m, "half of it", "192.0.2.1 2 0 tempfail");
    cr_expect_eq(m.news.added + m.news.left + m.news.turned_away[REMEMBERED_ADDRESS], 0);
    pass_night(&m, 3 * DAY, "192.0.2.1|a.test:ok", "");
    expect_lines(&m, "as anybody", "");
    cr_expect_eq(m.news.left, 1);
    buf_deinit(&m.text);
}

/* Two addresses make an operator, whichever workers saw them; what one address of it does later changes nothing. */
static const struct night_case nights_of_one_operator[] = {
    {"one address", 1, "192.0.2.1|a.test:busy 198.51.100.9|a.test:ok", "192.0.2.1 4 1 tempfail"},
    {"two", 2, "192.0.2.1|a.test:busy 198.51.100.9|a.test:busy",
     "192.0.2.1 16 2 tempfail, 198.51.100.9 4 1 tempfail, a.test 4 1 -"},
    {"two of different operators", 3, "192.0.2.1|b.test:busy 198.51.100.9|c.test:busy",
     "192.0.2.1 64 3 tempfail, 198.51.100.9 16 2 tempfail, a.test 4 1 -"},
    {"one of them answers", 4, "192.0.2.1|a.test:ok 198.51.100.9|a.test:busy",
     "192.0.2.1 32 0 tempfail, 198.51.100.9 64 3 tempfail, a.test 4 1 -"},
    {"all do", 5, "192.0.2.1|a.test:ok 198.51.100.9|a.test:ok",
     "192.0.2.1 16 0 tempfail, 198.51.100.9 32 0 tempfail, a.test 2 0 -"},
    {"and others of it", 6, "192.0.2.3|a.test:ok",
     "192.0.2.1 16 0 tempfail, 198.51.100.9 32 0 tempfail"},
};

Test(remembered, nights_of_an_operator)
{
    struct memory m = {.text = BUF_INIT(BUF_NO_LIMIT)};
    hash_secret_init();
    for (size_t i = 0; i < sizeof(nights_of_one_operator) / sizeof(nights_of_one_operator[0]);
         i++) {
        const struct night_case *c = &nights_of_one_operator[i];
        const char *second = strchr(c->sessions, ' ');
        char first[100];
        (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(c->sessions, " "), c->sessions);
        pass_night(&m, c->day * DAY, first, second != NULL ? second + 1 : "");
        expect_lines(&m, c->what, c->want);
    }
    buf_deinit(&m.text);
}

/* A scan that was interrupted, and goes on: the night is the same. */
Test(remembered, a_scan_that_goes_on_is_one_night)
{
    struct memory m = {.text = BUF_INIT(BUF_NO_LIMIT)};
    hash_secret_init();
    pass_night(&m, 1 * DAY, "192.0.2.1|a.test:busy 192.0.2.2|b.test:busy", "");
    pass_night(&m, 1 * DAY, "192.0.2.1|a.test:busy 192.0.2.2|b.test:ok", "");
    expect_lines(&m, "the first night", "192.0.2.1 4 1 tempfail, 192.0.2.2 4 1 tempfail");
    pass_night(&m, 2 * DAY, "192.0.2.1|a.test:ok 192.0.2.2|b.test:ok", "");
    pass_night(&m, 2 * DAY, "192.0.2.1|a.test:busy 192.0.2.2|b.test:ok", "");
    expect_lines(&m, "clean before, turned away behind",
                 "192.0.2.1 16 1 tempfail, 192.0.2.2 2 0 tempfail");
    buf_deinit(&m.text);
}

Test(remembered, beyond_the_bound_those_met_longest_ago_leave)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct remembered r;
    size_t dropped = 0;
    hash_secret_init();
    buf_put_text(&text, HEAD);
    for (uint32_t i = 0; i < REMEMBERED_MAX + 3; i++) {
        buf_putf(&text, "address 10.%u.%u.%u 4 1 2026-11-28T22:00:00Z %s tempfail\n", i >> 16,
                 i >> 8 & 255, i & 255,
                 i == 5 || i == 6 || i == 70000 ? "2026-11-28T22:00:00Z" : "2026-11-29T22:00:00Z");
    }
    cr_assert(remembered_parse(&r, buf_span(&text), "FILE", &dropped, &why));
    cr_expect_eq(dropped, 3);
    cr_expect_eq(r.count, REMEMBERED_MAX);
    const struct net_addr gone = stage_address("10.0.0.5");
    const struct net_addr here = stage_address("10.0.0.4");
    cr_expect_null(remembered_address(&r, &gone));
    cr_expect_not_null(remembered_address(&r, &here));
    remembered_deinit(&r);
    buf_deinit(&text);
}
