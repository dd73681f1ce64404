#include <criterion/criterion.h>

#include "scanner/base/text.h"
#include "scanner/replay/outages.h"

Test(outages, a_manifest_takes_them_and_gives_them_back)
{
    static const struct manifest_outage list[] = {
        {.what = "ipv4", .from_unix_ms = 1000, .to_unix_ms = 9500, .asked_again = 12},
        {.what = "dns", .from_unix_ms = 20000},
    };
    const char *before = "{\"schema\": 1, \"outages\": [], \"share\": 0.5, \"text\": \"\\u00e4\"}";
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    struct buf after = BUF_INIT(BUF_NO_LIMIT);
    report_outages(&json, list, 2);
    cr_assert(outages_replace(span_of(before), buf_span(&json), &after));
    struct results r = {.manifest = json_loadb((const char *)after.at, after.len, 0, NULL)};
    cr_assert_not_null(r.manifest);
    struct manifest_outage o;
    size_t index = 0;
    for (size_t i = 0; i < 2; i++) {
        cr_assert(outages_next(&r, &index, &o));
        cr_expect_str_eq(o.what, list[i].what);
        cr_expect_eq(o.from_unix_ms, list[i].from_unix_ms);
        cr_expect_eq(o.to_unix_ms, list[i].to_unix_ms);
        cr_expect_eq(o.asked_again, list[i].asked_again);
    }
    cr_expect_not(outages_next(&r, &index, &o));
    json_t *whole = json_loads(before, 0, NULL);
    (void)json_object_del(whole, "outages");
    (void)json_object_del(r.manifest, "outages");
    cr_expect(json_equal(whole, r.manifest), "all else is as it was");
    json_decref(whole);
    json_decref(r.manifest);
    buf_deinit(&json);
    buf_deinit(&after);
}

Test(outages, what_is_no_manifest_is_left_alone)
{
    static const char *const bad[] = {"", "[]", "{\"schema\": 1", "7"};
    struct buf after = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_expect_not(outages_replace(span_of(bad[i]), span_of("[]"), &after), "%zu", i);
    }
    cr_expect_not(outages_replace(span_of("{}"), span_of("{}"), &after));
    cr_expect_eq(after.len, 0);
    buf_deinit(&after);
}

/* Somebody may have written into it. */
Test(outages, what_is_no_outage_is_passed_over)
{
    struct results r = {.manifest = json_loads(
                            "{\"outages\": [7, {}, {\"what\": \"ipv4\", \"from\": \"x\", \"to\": "
                            "null}, {\"what\": \"ipv6\", \"from\": \"2026-01-01T00:00:00.000Z\"},"
                            "{\"what\": \"dns\", \"from\": \"2026-01-01T00:00:00.000Z\", "
                            "\"to\": null}]}",
                            0, NULL)};
    struct manifest_outage o;
    size_t index = 0;
    cr_assert_not_null(r.manifest);
    cr_assert(outages_next(&r, &index, &o));
    cr_expect_str_eq(o.what, "dns");
    cr_expect_eq(o.to_unix_ms, 0);
    cr_expect_not(outages_next(&r, &index, &o));
    json_decref(r.manifest);
    r.manifest = json_object();
    index = 0;
    cr_expect_not(outages_next(&r, &index, &o), "of an older version");
    json_decref(r.manifest);
}
