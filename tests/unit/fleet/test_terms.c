#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/fleet/terms.h"

static struct fleet_terms make_terms(void)
{
    struct fleet_terms t;
    fleet_terms_init(&t);
    (void)snprintf(t.version, sizeof(t.version), "0.1.0");
    (void)snprintf(t.scan_id, sizeof(t.scan_id), "%s", UUID_NIL);
    t.parts = 16;
    t.members = 3;
    t.silent_after = 45;
    (void)fleet_terms_add_word(&t, span_of("--seed=7"));
    (void)fleet_terms_add_word(&t, span_of("--at=@1769860800"));
    buf_put_text(&t.inputs, "[{\"path\":\"a\"}]");
    buf_put_text(&t.files, "{}");
    return t;
}

static bool read(struct fleet_terms *t, const char *json, struct buf *why)
{
    buf_reset(why);
    return fleet_terms_read(t, span_of(json), why);
}

Test(terms, what_is_written_is_read)
{
    struct fleet_terms t = make_terms();
    struct fleet_terms back;
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    fleet_terms_put(&t, &json);
    cr_assert(fleet_terms_read(&back, buf_span(&json), &why));
    cr_expect_str_eq(back.version, "0.1.0");
    cr_expect_str_eq(back.scan_id, UUID_NIL);
    cr_expect_eq(back.parts, 16);
    cr_expect_eq(back.members, 3);
    cr_expect_eq(back.silent_after, 45);
    cr_expect_eq(back.word_count, 2);
    cr_expect_str_eq(back.words[0], "--seed=7");
    cr_expect(fleet_terms_agree(&back, &t, &why));
    buf_deinit(&json);
    buf_deinit(&why);
    fleet_terms_deinit(&t);
    fleet_terms_deinit(&back);
}

Test(terms, what_is_none_is_refused)
{
#define GOOD_ID "\"scan_id\":\"00000000-0000-0000-0000-000000000000\""
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"version\":\"1\",\"scan_id\":\"x\",\"partitions\":4,\"members\":1,\"silent_after\":45,"
        "\"words\":[],"
        "\"inputs\":[],\"files\":{}}",
        "{\"version\":\"1\"," GOOD_ID
        ",\"partitions\":0,\"members\":1,\"silent_after\":45,\"words\":[],\"inputs\":[],"
        "\"files\":{}}",
        "{\"version\":\"1\"," GOOD_ID
        ",\"partitions\":257,\"members\":1,\"silent_after\":45,\"words\":[],\"inputs\":[],"
        "\"files\":{}}",
        "{\"version\":\"1\"," GOOD_ID
        ",\"partitions\":4,\"members\":5,\"silent_after\":45,\"words\":[],\"inputs\":[],"
        "\"files\":{}}",
        "{\"version\":\"1\"," GOOD_ID
        ",\"partitions\":4,\"members\":1,\"silent_after\":45,\"words\":[\"seed\"],"
        "\"inputs\":[],\"files\":{}}",
        "{\"version\":\"1\"," GOOD_ID
        ",\"partitions\":4,\"members\":1,\"silent_after\":45,\"words\":[7],"
        "\"inputs\":[],\"files\":{}}",
        "{\"version\":\"1\"," GOOD_ID
        ",\"partitions\":4,\"members\":1,\"silent_after\":45,\"words\":[]}",
        "{\"version\":\"1\"," GOOD_ID
        ",\"partitions\":4,\"members\":1,\"silent_after\":9,\"words\":[],"
        "\"inputs\":[],\"files\":{}}",
        "{\"version\":\"1\"," GOOD_ID
        ",\"partitions\":4,\"members\":1,\"silent_after\":3601,\"words\":[],"
        "\"inputs\":[],\"files\":{}}",
    };
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct fleet_terms t;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_expect_not(read(&t, bad[i], &why), "%s", bad[i]);
        cr_expect(why.len > 0);
    }
    cr_expect(read(&t,
                   "{\"version\":\"1\"," GOOD_ID
                   ",\"partitions\":4,\"members\":1,\"silent_after\":45,"
                   "\"words\":[\"--seed=1\"],\"inputs\":[],\"files\":{}}",
                   &why));
    fleet_terms_deinit(&t);
    buf_deinit(&why);
}

static void expect_other(void (*change)(struct fleet_terms *t), const char *word)
{
    struct fleet_terms then = make_terms();
    struct fleet_terms now = make_terms();
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    change(&now);
    cr_expect_not(fleet_terms_agree(&then, &now, &why), "%s", word);
    buf_put_char(&why, '\0');
    cr_expect(strstr((const char *)why.at, word) != NULL, "%s", (const char *)why.at);
    fleet_terms_deinit(&then);
    fleet_terms_deinit(&now);
    buf_deinit(&why);
}

static void other_version(struct fleet_terms *t)
{
    t->version[0] = '9';
}

static void other_word(struct fleet_terms *t)
{
    (void)fleet_terms_add_word(t, span_of("--ports=26"));
}

static void other_parts(struct fleet_terms *t)
{
    t->parts = 8;
}

static void other_members(struct fleet_terms *t)
{
    t->members = 2;
}

static void other_silence(struct fleet_terms *t)
{
    t->silent_after = 10;
}

static void other_list(struct fleet_terms *t)
{
    buf_put_text(&t->inputs, " ");
}

static void other_file(struct fleet_terms *t)
{
    buf_put_text(&t->files, " ");
}

Test(terms, others_are_told_by_what_differs)
{
    expect_other(other_version, "version");
    expect_other(other_word, "--ports=26");
    expect_other(other_parts, "--partitions 16");
    expect_other(other_members, "--members 3");
    expect_other(other_silence, "--silent-after 45");
    expect_other(other_list, "list");
    expect_other(other_file, "files");
}

/* Feed adds the time of its first start. */
static void other_time(struct fleet_terms *t)
{
    free(t->words[1]);
    t->word_count = 1;
}

Test(terms, the_time_that_feed_adds_is_no_other_term)
{
    struct fleet_terms then = make_terms();
    struct fleet_terms now = make_terms();
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    other_time(&now);
    cr_expect(fleet_terms_agree(&then, &now, &why));
    fleet_terms_deinit(&then);
    fleet_terms_deinit(&now);
    buf_deinit(&why);
}

Test(terms, a_word_that_is_no_text_is_refused)
{
    struct fleet_terms t;
    fleet_terms_init(&t);
    cr_expect(fleet_terms_add_word(&t, span_of("--contact=Zo\xc3\xab")));
    cr_expect_not(fleet_terms_add_word(&t, span_of("--contact=Zo\xeb")), "Latin-1");
    cr_expect_eq(t.word_count, 1);
    fleet_terms_deinit(&t);
}
