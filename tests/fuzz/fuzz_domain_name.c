#include "scanner/base/check.h"
#include "scanner/base/hash.h"
#include "scanner/base/net_addr.h"
#include "scanner/domain/blocklist.h"
#include "scanner/domain/domain_name.h"

static void check_form(struct span name, bool host)
{
    CHECK(name.len > 0 && name.len <= NAME_TEXT_MAX);
    size_t label = 0;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        CHECK(letter || c == '.' || (host && c == '_'));
        label = c == '.' ? 0 : label + 1;
        CHECK(label <= NAME_LABEL_MAX && (c != '.' || (i > 0 && name.at[i - 1] != '.')));
    }
    CHECK(label > 0 && domain_name_tld(name).len == label);
}

/* An exchange is a host, an address, or nothing to try; what comes out is its own normal form. */
static void check_exchange(struct span in)
{
    struct buf once = BUF_INIT(NAME_TEXT_MAX);
    struct buf twice = BUF_INIT(NAME_TEXT_MAX);
    struct net_addr address;
    enum mx_name_kind kind;
    enum mx_name_kind again;
    if (mx_name_normalise(in, &once, &kind) == NULL) {
        bool literal = kind == MX_NAME_ADDRESS_LITERAL;
        CHECK(net_addr_parse(buf_span(&once), &address) == literal);
        if (!literal) {
            CHECK(kind == MX_NAME_HOST || kind == MX_NAME_NOT_A_HOST);
            check_form(buf_span(&once), true);
        }
        CHECK(mx_name_normalise(buf_span(&once), &twice, &again) == NULL && again == kind);
        CHECK(span_eq(buf_span(&once), buf_span(&twice)));
    } else {
        CHECK(once.len == 0 && kind != MX_NAME_ADDRESS_LITERAL);
    }
    buf_deinit(&once);
    buf_deinit(&twice);
}

/* A normal form looks like one and is its own normal form; a list holds every name it is given. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {data, size};
    struct buf once = BUF_INIT(NAME_TEXT_MAX);
    struct buf twice = BUF_INIT(NAME_TEXT_MAX);
    const char *why = NULL;
    if (domain_name_normalise(in, &once) == NULL) {
        check_form(buf_span(&once), false);
        CHECK(domain_name_normalise(buf_span(&once), &twice) == NULL);
        CHECK(span_eq(buf_span(&once), buf_span(&twice)));
    } else {
        CHECK(once.len == 0);
    }
    buf_reset(&once);
    buf_reset(&twice);
    if (host_name_normalise(in, &once, &why)) {
        check_form(buf_span(&once), true);
        CHECK(host_name_normalise(buf_span(&once), &twice, &why) && why == NULL);
        CHECK(span_eq(buf_span(&once), buf_span(&twice)));
        struct blocklist *b = blocklist_new();
        CHECK(blocklist_add_line(b, buf_span(&once)) == NULL);
        CHECK(blocklist_has_name(b, buf_span(&once)));
        blocklist_free(b);
    } else {
        CHECK(once.len == 0 && why != NULL);
    }
    check_exchange(in);
    struct blocklist *b = blocklist_new();
    (void)blocklist_add_line(b, in);
    blocklist_free(b);
    buf_deinit(&once);
    buf_deinit(&twice);
    return 0;
}
