#include <ctype.h>

#include <criterion/criterion.h>

#include "scanner/base/buf.h"
#include "scanner/cert/cert_info.h"
#include "scanner/cert/cert_list.h"
#include "scanner/shipped/shipped_intermediates.h"
#include "scanner/trust/intermediate_pool.h"
#include "scanner/trust/trust_store.h"

#define NAME "mxcensus intermediates "
#define DATE "dddd-dd-dd"

static size_t count_of(struct span text, const char *word)
{
    struct span w = span_of(word);
    size_t count = 0;
    for (size_t i = 0; i + w.len <= text.len; i++) {
        count += memcmp(text.at + i, w.at, w.len) == 0;
    }
    return count;
}

/* Reading stops at the first fault, so the blocks are counted as well. */
Test(shipped_intermediates, every_certificate_is_a_ca_and_stands_once)
{
    struct trust_store_octets read = {0};
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct span pem = shipped_intermediates_pem();
    cr_assert(trust_store_parse(&read, "shipped", pem, &why), "%.*s", (int)why.len,
              (const char *)why.at);
    cr_expect_eq(read.anchor_count, count_of(pem, "-----BEGIN CERTIFICATE-----"));
    cr_expect_gt(read.anchor_count, 0);

    struct intermediate_pool *pool = intermediate_pool_new();
    struct span rest = buf_span(&read.anchors);
    struct span der;
    for (size_t n = 1; cert_list_next(&rest, &der); n++) {
        cr_expect(intermediate_pool_add(pool, der, INTERMEDIATE_BUNDLED), "certificate %zu", n);
    }
    cr_expect_eq(intermediate_pool_count(pool), read.anchor_count);
    intermediate_pool_free(pool);
    trust_store_deinit(&read);
    buf_deinit(&why);
}

Test(shipped_intermediates, the_name_ends_with_a_date)
{
    const char *name = shipped_intermediates_name();
    cr_assert_eq(strlen(name), strlen(NAME DATE), "%s", name);
    cr_expect_eq(strncmp(name, NAME, strlen(NAME)), 0, "%s", name);
    for (size_t i = 0; DATE[i] != '\0'; i++) {
        char c = name[strlen(NAME) + i];
        cr_expect(DATE[i] == 'd' ? isdigit((unsigned char)c) != 0 : c == DATE[i], "%s", name);
    }
}
